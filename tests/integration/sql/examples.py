"""Values for the store tests: plausible ones to start from, and hypothesis strategies for the exact round trips."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from mtf_core.market import COLUMNS, Candles, Contract, ContractStatus, LeverageBracket, Timeframe
from mtf_core.reasons import Reason
from mtf_core.records import (
    AuditEvent,
    CandleRange,
    DecisionInputs,
    DecisionRecord,
    JsonObject,
    RunRecord,
    RunStatus,
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
        brackets=tuple(draw(st.lists(st.builds(LeverageBracket, _ANY, _ANY, _ANY, _ANY, _ANY), max_size=3))),
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


# JSON without the one thing that PostgreSQL cannot keep in any document (U+0000 and halves of surrogate pairs aside,
# every text goes); floats are all finite ones, whole numbers those of 64 bits.
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_JSON = st.recursive(
    st.none() | st.booleans() | _WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.text(max_size=8), _JSON, max_size=4)


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


def trace(symbol: str, value: float = 0.1 + 0.2) -> TraceRecord:
    """One timeframe with one tree, whose operand has this value and whose other operand is missing."""
    tree = TreeRecord(np.array([1, 0, -1], np.int8), np.array([value, np.nan]))
    verdict = TimeframeRecord(60_000, Outcome.NEUTRAL, None, (), tree, None)
    reason = Reason.NO_TIMEFRAME_SELECTED
    return TraceRecord("shapes", symbol, 120_000, reason, None, None, None, {Timeframe.M1: verdict}, ())


def decision(run_id: str, symbol: str, result: JsonObject | None = None, value: float = 0.1 + 0.2) -> DecisionRecord:
    candles = {Timeframe.M1: CandleRange(0, 60_000, 0, 2, "ab" * 16)}
    return DecisionRecord(
        run_id=run_id,
        symbol=symbol,
        status="INVALID",
        reason="no_timeframe_selected",
        side=None,
        execution_timeframe=None,
        decision_key=None,
        result=result or {"status": "INVALID", "price": "43000.10"},
        inputs=DecisionInputs(120_000, candles, None, None),
        trace=trace(symbol, value),
    )


def event(time_ms: int, action: str = "switch_off", subject: str = "BTCUSDT") -> AuditEvent:
    return AuditEvent(time_ms=time_ms, actor="operator", action=action, subject=subject, details={"until": None})
