"""Minutes by hand for tests of the replay's exchange, and READY minutes where a test wants them.

One contract is 0.01 of the coin, the tick 0.1, fees 0.02 % (maker) and 0.06 % (taker). The book has no width of its own
(bid at the price, ask one tick above) and nothing slips, unless a test says otherwise. What is decided at a price of
100 is an order for 333 contracts, which is 3.33 coins:

    long   entry 100.1   stop 98.6    target 103.1
    short  entry 100.0   stop 101.5   target 97.0

It rests where the minute in which it is live opens at 100.5 (long) or 99.6 (short), and takes where that opens at 100.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from attrs import evolve

import mtf_core as mtf
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.market import MINUTE_MS, Candles, Contract, Side, Timeframe, parse_instant, to_ms
from mtf_core.planning import FactRole
from mtf_core.planning.facts import decision_key
from mtf_core.replay.ledger import Ledger, ReadyMinute, ReplayedTrade, ReplayMarket
from mtf_core.replay.opportunities import Opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings, SpreadStep
from mtf_core.settings.trade_entry import SupervisionSettings, TradeEntrySettings
from tests.unit.planning.examples import CONTRACT, SETTINGS, VALUES

D = Decimal
SYMBOL = "AUSDT"
DECIDED_MS = to_ms(parse_instant("2026-01-06T01:00Z"))
"""A Tuesday, far from midnight and from any funding time."""

Row = float | tuple[float, float, float, float] | None
"""Open, high, low and close of a minute; one price for all four; None: the minute is missing."""


def candles_of(rows: Sequence[Row], start_ms: int) -> Candles:
    """Minutes in a row, the first of which opens at `start_ms`."""
    there = [(start_ms + n * MINUTE_MS, row) for n, row in enumerate(rows) if row is not None]
    prices = np.array([row if isinstance(row, tuple) else (row,) * 4 for _, row in there], dtype=np.float64)
    times = np.array([time_ms for time_ms, _ in there], dtype=np.int64)
    return Candles.checked(Timeframe.M1, times, *prices.T, np.ones(len(times)))


def market_of(rows: Sequence[Row], start_ms: int, symbol: str = SYMBOL, **contract: object) -> ReplayMarket:
    return ReplayMarket(symbol, candles_of(rows, start_ms), contract_of(symbol, **contract), False, "", "a test")


def contract_of(symbol: str = SYMBOL, **changes: object) -> Contract:
    return evolve(CONTRACT, symbol=symbol, **changes)


def ready_at(
    times_ms: Sequence[int],
    *,
    symbol: str = SYMBOL,
    side: Side = Side.LONG,
    timeframe: Timeframe = Timeframe.M1,
    values: Mapping[FactRole, float] = VALUES,
) -> Opportunities:
    """These minutes are READY."""
    count = len(times_ms)
    at_ms = np.array(times_ms, dtype=np.int64)
    facts = {role: (np.full(count, value), at_ms) for role, value in values.items()}
    sides, timeframes = (side,) * count, (timeframe,) * count
    valid = np.full(count, 3, dtype=np.int64)
    return Opportunities(symbol, count, {}, (), at_ms, sides, timeframes, valid, {timeframe: facts})


def key_of(time_ms: int, side: Side = Side.LONG, symbol: str = SYMBOL) -> str:
    return decision_key(symbol, Timeframe.M1, time_ms, side)


def model(**changes: Any) -> ReplaySettings:
    """An exchange without a spread, without slippage and without funding."""
    plain: dict[str, Any] = {
        "slippage_bps": D(0),
        "spreads": (SpreadStep(D(0), D(0)),),
        "funding_hours": 0,
        "afterwards_minutes": 0,
    }
    return ReplaySettings(**(plain | changes))


def a_profile(entry: TradeEntrySettings = SETTINGS, **sections: Any) -> Profile:
    """A shipped profile's rules with the settings of the examples; `sections` replace whole sections of them."""
    limits = evolve(entry.risk, daily_max_loss_usdt=D(0), daily_max_loss_percent=D(0), max_concurrent_positions=0)
    quiet = evolve(entry, risk=limits)
    return evolve(mtf.load_profile("scalper_micro"), trade_entry=evolve(quiet, **sections))


def supervision(**changes: Any) -> SupervisionSettings:
    return evolve(SETTINGS.supervision, **changes)


def replayed(
    *rows: Row,
    side: Side = Side.LONG,
    at: Sequence[int] = (0,),
    profile: Profile | None = None,
    decided_ms: int = DECIDED_MS,
    contract: Mapping[str, object] | None = None,
    capabilities: Any = CAPABILITIES,
    each_minute: bool = False,
    **settings: Any,
) -> Ledger:
    """Decided at a price of 100; `rows` are the minutes from then on, `at` the READY ones of them by their number."""
    market = market_of((100, *rows), decided_ms - MINUTE_MS, **(contract or {}))
    times = [decided_ms + n * MINUTE_MS for n in at]
    return replay(
        ReplayRequest(
            profile=a_profile() if profile is None else profile,
            markets=(market,),
            first_ms=decided_ms,
            last_ms=times[-1],
            settings=model(**settings),
            capabilities=capabilities,
            version="test",
            each_minute=each_minute,
        ),
        [ready_at(times, side=side)],
    )


def the_trade(ledger: Ledger) -> ReplayedTrade:
    """The only one."""
    assert len(ledger.trades) == 1, [row.fate for row in ledger.ready]
    return ledger.trades[0]


def the_row(ledger: Ledger) -> ReadyMinute:
    assert len(ledger.ready) == 1
    return ledger.ready[0]


def minute_of(time_ms: int) -> float:
    """How many minutes after the decision."""
    return (time_ms - DECIDED_MS) / MINUTE_MS
