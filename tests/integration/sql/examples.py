"""Values for the store tests: plausible ones to start from, and hypothesis strategies for the exact round trips."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from attrs import evolve
from hypothesis import strategies as st

from mtf_core.market import COLUMNS, BracketUnit, Candles, Contract, ContractStatus, LeverageBracket, Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.records import (
    AuditEvent,
    CandleRange,
    DecisionInputs,
    DecisionRecord,
    OrderOutcome,
    OrderStatus,
    Performance,
    ReportRecord,
    ResultRecord,
    RunRecord,
    RunStatus,
    SymbolError,
    SymbolStatus,
    TimeframeResult,
    TraceRecord,
)
from mtf_core.records.traces import TimeframeRecord, TreeRecord
from mtf_core.validation.outcome import Outcome

MINUTE = 60_000
WORLD = "sandbox-seed-1-20"
"""The namespace of tests that need one only."""


def candles(timeframe: Timeframe, opens: Sequence[int], first_price: float = 100.0) -> Candles:
    """Candles at these multiples of the timeframe; every number of every candle is a different one."""
    rows = np.arange(len(opens), dtype=np.float64)
    middle = first_price + rows / 7
    columns = (middle - 0.1, middle + 0.3, middle - 0.2, middle + 0.1, rows / 3)
    return Candles.checked(timeframe, [step * timeframe.ms for step in opens], *columns)


def as_columns(found: Candles) -> dict[str, list[float]]:
    """The numbers of candles, to be compared exactly."""
    return {name: getattr(found, name).tolist() for name in ("open_ms", *COLUMNS)}


_SYMBOLS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12)
_POSITIVE = st.decimals(min_value=Decimal("1E-18"), max_value=Decimal("1E+18"), allow_nan=False, allow_infinity=False)
_ANY = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1E+30"), max_value=Decimal("1E+30"))
_TIMES = st.integers(0, 2**53)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    least_volume, most_volume = sorted((draw(_POSITIVE), draw(_POSITIVE)))
    least_leverage, most_leverage = sorted((draw(_POSITIVE), draw(_POSITIVE)))
    unit = draw(st.sampled_from(BracketUnit))
    amounts = _ANY if unit is BracketUnit.NOTIONAL else st.just(Decimal(0))
    return Contract(
        symbol=draw(_SYMBOLS),
        base_currency=draw(st.text("BTCETH", max_size=5)),
        quote_currency=draw(st.sampled_from(["USDT", "USDC"])),
        status=draw(st.sampled_from(list(ContractStatus))),
        tick_size=draw(_POSITIVE),
        size_step=draw(_POSITIVE),
        contract_size=draw(_POSITIVE),
        min_size=least_volume,
        max_size=most_volume,
        max_market_size=draw(_ANY),
        min_leverage=least_leverage,
        max_leverage=most_leverage,
        maker_fee=draw(_ANY),
        taker_fee=draw(_ANY),
        turnover_24h=draw(_ANY),
        opened_at_ms=draw(_TIMES),
        expires_at_ms=draw(_TIMES),
        brackets=tuple(draw(st.lists(st.builds(LeverageBracket, _ANY, _ANY, _ANY, _ANY, amounts), max_size=3))),
        brackets_in=unit,
    )


def contract(symbol: str, **changed: object) -> Contract:
    """A contract whose numbers all differ, with a contract size that is not 1."""
    values: dict[str, object] = {
        "symbol": symbol,
        "base_currency": symbol.removesuffix("USDT"),
        "quote_currency": "USDT",
        "status": ContractStatus.TRADING,
        "tick_size": Decimal("0.10"),
        "size_step": Decimal("1"),
        "contract_size": Decimal("0.001"),
        "min_size": Decimal("2"),
        "max_size": Decimal("1000000"),
        "max_market_size": Decimal("50000"),
        "min_leverage": Decimal("1"),
        "max_leverage": Decimal("100"),
        "maker_fee": Decimal("-0.0002"),
        "taker_fee": Decimal("0.0006"),
        "turnover_24h": Decimal("123456789.123456789"),
        "opened_at_ms": 1_600_000_000_000,
        "brackets": (LeverageBracket(*map(Decimal, ("0", "50000.5", "100", "0.004", "0.30"))),),
    }
    return Contract(**(values | changed))


_TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
_REASONS = st.none() | st.sampled_from(Reason)
_TIMEFRAME_RESULTS = st.dictionaries(
    st.sampled_from(Timeframe),
    st.builds(TimeframeResult, st.sampled_from(Outcome), _REASONS, st.lists(st.text(), max_size=2).map(tuple)),
    max_size=3,
)
results = st.builds(
    ResultRecord,
    status=st.sampled_from(SymbolStatus),
    reason=_REASONS,
    side=st.none() | st.sampled_from(Side),
    execution_timeframe=st.none() | st.sampled_from(Timeframe),
    last_timeframe=st.none() | st.sampled_from(Timeframe),
    decision_key=st.none() | st.text(),
    context=_TIMEFRAME_RESULTS,
    execution=_TIMEFRAME_RESULTS,
    context_skipped=st.booleans(),
    order=st.none() | st.builds(OrderOutcome, st.sampled_from(OrderStatus), _REASONS, _TEXTS),
    error=st.none() | st.builds(SymbolError, st.text(), st.text()),
)


def run(run_id: str, started_ms: int = 1_000, profile: str = "scalper", digest: str = "sha-1") -> RunRecord:
    return RunRecord(
        run_id=run_id,
        profile=profile,
        dry_run=True,
        instant_ms=started_ms - 1,
        started_ms=started_ms,
        finished_ms=None,
        status=RunStatus.RUNNING,
        request={"symbols": ["BTCUSDT"], "workers": 1},
        config_digest=digest,
        code_version="1.2.3",
        report=None,
    )


def result(reason: Reason = Reason.NO_TIMEFRAME_SELECTED, **changed: object) -> ResultRecord:
    """A symbol that was evaluated on one timeframe, and is not tradable."""
    values: dict[str, object] = {
        "status": SymbolStatus.INVALID,
        "reason": reason,
        "side": None,
        "execution_timeframe": None,
        "last_timeframe": Timeframe.M1,
        "decision_key": None,
        "context": {},
        "execution": {Timeframe.M1: TimeframeResult(Outcome.NEUTRAL, None, ("rsi",))},
    }
    return ResultRecord(**values | changed)  # type: ignore[arg-type]


def report(run: RunRecord, requested: int = 1) -> ReportRecord:
    """A report without results, as a list of runs gives it; `requested` tells two of them apart."""
    whole = ReportRecord.of(
        {},
        run_id=run.run_id,
        profile=run.profile,
        dry_run=run.dry_run,
        exchange="sandbox",
        instant_ms=run.instant_ms,
        started_ms=run.started_ms,
        finished_ms=run.started_ms + 5,
        requested=requested,
        performance=Performance(stages={}, exchange_calls={}, timeframes_evaluated=(), timeframes_reused=()),
        account_error=None,
        left_out={},
        carried={},
        candles_are_final=True,
    )
    return evolve(whole, results=None)


def trace(symbol: str, value: float = 0.1 + 0.2) -> TraceRecord:
    """One timeframe with one tree, whose operand has this value and whose other operand is missing."""
    tree = TreeRecord(np.array([1, 0, -1], np.int8), np.array([value, np.nan]))
    verdict = TimeframeRecord(60_000, Outcome.NEUTRAL, None, (), tree, None)
    reason = Reason.NO_TIMEFRAME_SELECTED
    return TraceRecord("shapes", symbol, 120_000, reason, None, None, None, {Timeframe.M1: verdict}, ())


def decision(run_id: str, symbol: str, became: ResultRecord | None = None, value: float = 0.1 + 0.2) -> DecisionRecord:
    candles = {Timeframe.M1: CandleRange(0, 60_000, 0, 2, "ab" * 16)}
    return DecisionRecord(
        run_id=run_id,
        symbol=symbol,
        status="INVALID",
        reason="no_timeframe_selected",
        side=None,
        execution_timeframe=None,
        decision_key=None,
        result=became or result(),
        inputs=DecisionInputs(120_000, candles, None, None),
        trace=trace(symbol, value),
    )


def event(time_ms: int, action: str = "switch_off", subject: str = "BTCUSDT") -> AuditEvent:
    return AuditEvent(time_ms=time_ms, actor="operator", action=action, subject=subject, details={"until": None})
