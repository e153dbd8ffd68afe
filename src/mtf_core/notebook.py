"""The core by hand: load a profile, decide, plan, decide over history. No database, no network, no event loop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from os import PathLike
from typing import Any, Literal, cast

import numpy as np

from mtf_core import planning
from mtf_core.door import source, venue_source
from mtf_core.market import (
    Candles,
    CandleStack,
    Contract,
    InvalidCandlesError,
    MarkPrice,
    Timeframe,
    TopOfBook,
    format_instant,
    parse_instant,
    to_ms,
)
from mtf_core.market.candles import Floats
from mtf_core.planning import MarketFacts, PlanOutcome
from mtf_core.settings.profile import Profile
from mtf_core.symbols import symbol_problem
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision, plan_facts
from mtf_core.validation.history import Signals, complete, resolve_history
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.window import window_at

CandlesByTimeframe = Mapping[str, Candles] | Mapping[Timeframe, Candles]
Instant = datetime | str | int


def load_profile(name: str | None = None, config_dir: str | PathLike[str] | None = None) -> Profile:
    """The checked profile of that name, or the first enabled one; raises `ConfigError` with everything wrong."""
    return cast("Profile", source("profiles")(name, config_dir))


def decide(
    profile: Profile,
    *,
    symbol: str,
    candles: CandlesByTimeframe,
    at: Instant | None = None,
    spread_bps: float | None = None,
    skip_context: bool = False,
    current_tf: Timeframe | str | None = None,
    history: Literal["needed", "all"] = "needed",
) -> Decision:
    """The decision for one symbol at an instant (default: when the finest candles end).

    Timeframes that the profile needs and that are not given are built from the finest one. `history` "needed" looks
    at exactly the candles that a live run would load at that instant, so the decision is a live run's, bit for bit;
    "all" uses every candle given, as `decide_over` does, and agrees with it on every candle.
    """
    _check_symbol(symbol)
    if history not in ("needed", "all"):
        raise ValueError(f"history is {history!r}; allowed: needed, all")
    given = _by_timeframe(candles)
    finest = min(given, key=lambda timeframe: timeframe.minutes)
    if not len(given[finest]):
        raise ValueError(f"{symbol}: there are no {finest} candles")
    at_ms = given[finest].end_ms if at is None else _ms(at)
    compiled = compile_profile(profile)
    needs = {**compiled.plan_needs, **compiled.needs}
    series = complete(given, frozenset(needs))
    absent = [str(timeframe) for timeframe in compiled.needs if timeframe not in series]
    if absent:
        raise ValueError(f"{symbol}: no {', '.join(absent)} candles, and none finer to build them from")
    stacks = {
        timeframe: _stack(compiled, timeframe, found, symbol, at_ms, history) for timeframe, found in series.items()
    }
    only = None if current_tf is None else _entered(profile, Timeframe.parse(current_tf))
    spreads = None if spread_bps is None else {symbol: spread_bps}
    return Decider(compiled).decide(stacks, at_ms, (symbol,), DecideOptions(skip_context, only), spreads).of(symbol)


def _entered(profile: Profile, timeframe: Timeframe) -> Timeframe:
    if timeframe not in profile.entry_timeframes:
        allowed = ", ".join(profile.entry_timeframes)
        raise ValueError(f"current_tf is {timeframe}; {profile.name} never enters there, allowed: {allowed}")
    return timeframe


def _stack(
    compiled: CompiledProfile, timeframe: Timeframe, candles: Candles, symbol: str, at_ms: int, history: str
) -> CandleStack:
    """The window that ends with the last candle closed at the instant: a live run's, or from the first candle on."""
    need = compiled.need(timeframe)
    window = window_at(timeframe, need, at_ms, compiled.timezone)
    if history == "needed" or not len(candles) or int(candles.open_ms[0]) > window.last_open_ms:
        return window.stack({symbol: candles})
    return CandleStack.of_window(timeframe, {symbol: candles}, int(candles.open_ms[0]), window.last_open_ms)


def decide_over(
    profile: Profile,
    candles: CandlesByTimeframe,
    *,
    symbol: str = "",
    spread_bps: Floats | None = None,
    skip_context: bool = False,
) -> Signals:
    """The decisions at every close of the finest timeframe given, as arrays; from all candles closed by then."""
    if symbol:
        _check_symbol(symbol)
    return resolve_history(
        compile_profile(profile), symbol, _by_timeframe(candles), DecideOptions(skip_context), spread_bps
    )


def plan_order(
    profile: Profile,
    decision: Decision,
    *,
    contract: Contract,
    book: TopOfBook,
    balance: Decimal | int | str,
    mark: MarkPrice | None = None,
    now: Instant | None = None,
) -> PlanOutcome:
    """The order plan of a READY decision, or a skip with its reason; ValueError for a decision that is not READY.

    `balance` is available USDT. `now` (default: the decision's instant) is what the facts' ages are measured against.
    """
    signal = decision.signal
    if signal is None:
        raise ValueError(f"{decision.symbol} is not READY at {format_instant(decision.at_ms)}: {decision.reason}")
    now_ms = decision.at_ms if now is None else _ms(now)
    facts = MarketFacts(
        book=book,
        mark=mark,
        available_balance=_money(balance),
        balance_time_ms=now_ms,
        features=plan_facts(decision, {}),
        valid_timeframes=decision.valid_timeframes,
    )
    return planning.plan_order(signal, contract, facts, profile.trade_entry, now_ms)


def venue_facts(symbol: str, candles: Candles, at: Instant, *, venue: str | None = None) -> Any:
    """What an exchange that serves these candles shows at an instant: `.contract`, `.book`, `.mark` and `.balance`.

    `venue` None: the only one that is registered. Raises `NoSourceError` for one that is not.
    """
    return venue_source("facts", venue)(symbol, candles, _ms(at))


def _check_symbol(symbol: str) -> None:
    """Settings name symbols, in capital letters: of `btcusdt` those for BTCUSDT would silently not hold."""
    problem = symbol_problem(symbol)
    if problem is not None:
        raise ValueError(f"symbol: {problem}")


def _money(amount: Decimal | int | str) -> Decimal:
    try:
        return Decimal(amount)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"balance: found {amount!r}; allowed is an amount of USDT, like 1000 or '1000.50'") from None


def _by_timeframe(candles: CandlesByTimeframe) -> dict[Timeframe, Candles]:
    if not isinstance(candles, Mapping):
        raise InvalidCandlesError(
            f"candles are given by timeframe, like candles={{'1m': minutes}}, not as {type(candles).__name__}"
        )
    by_timeframe = {Timeframe.parse(name): series for name, series in candles.items()}
    for timeframe, series in by_timeframe.items():
        if not isinstance(series, Candles):
            raise InvalidCandlesError(f"{timeframe}: need Candles, not {type(series).__name__}; see Candles.from_frame")
        if series.timeframe is not timeframe:
            raise InvalidCandlesError(f"the candles given as {timeframe} are {series.timeframe} candles")
    if not by_timeframe:
        raise InvalidCandlesError("no candles were given")
    return by_timeframe


def _ms(instant: Instant) -> int:
    if isinstance(instant, int | np.integer):
        return int(instant)
    if not isinstance(instant, str | datetime):
        raise TypeError(f"an instant is a text like 2022-01-31T14:00Z, an aware datetime or ms, not {instant!r}")
    return to_ms(parse_instant(instant) if isinstance(instant, str) else instant)
