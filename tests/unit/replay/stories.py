"""Whole replays drawn at random: markets that walk, jump and miss minutes, READY minutes, profiles and assumptions.

Prices lie on the contract's grid. A READY minute's features follow from the close of the minute that ended there, so
that a story which is cut has the same ones up to the cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from attrs import define, evolve, field, frozen
from hypothesis import strategies as st

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.market import (
    MINUTE_MS,
    Amendment,
    Candles,
    Capabilities,
    CashFlow,
    EntryOrder,
    ExitOrder,
    OrderType,
    ProtectiveOrder,
    Side,
    Timeframe,
    TimeInForce,
    WriteOutcome,
    parse_instant,
    to_ms,
)
from mtf_core.orders import Cancellation
from mtf_core.planning import FactRole
from mtf_core.replay import replaying
from mtf_core.replay.exchange import Desk, ModelExchange, Seen
from mtf_core.replay.ledger import Ledger, ReplayMarket
from mtf_core.replay.opportunities import Opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings, SpreadStep
from mtf_core.settings.trade_entry import SecondTargetPolicy
from tests.unit.planning.examples import SETTINGS, VALUES
from tests.unit.replay.recorded import a_profile, contract_of, supervision

D = Decimal
ZERO = D(0)
BEGINS_MS = to_ms(parse_instant("2026-01-11T22:30Z"))
"""A Sunday evening: a day and a week begin after 90 minutes, and it is a funding time."""
LEAD = 3
"""Minutes before the first that can be READY."""
_DEFAULTS, _RISK = SETTINGS.defaults, a_profile().trade_entry.risk
_TWO = {"targets": 2, "tp2_policy": SecondTargetPolicy.R_MULTIPLE}

PROFILES: Mapping[str, Profile] = {
    "one target": a_profile(),
    "two targets": a_profile(defaults=evolve(_DEFAULTS, **_TWO)),
    "break-even": a_profile(defaults=evolve(_DEFAULTS, **_TWO, break_even_after_tp1=True)),
    "break-even, targets that rest": a_profile(
        defaults=evolve(_DEFAULTS, **_TWO, break_even_after_tp1=True),
        supervision=supervision(target_order=OrderType.LIMIT),
    ),
    "targets that rest": a_profile(
        defaults=evolve(_DEFAULTS, **_TWO),
        supervision=supervision(target_order=OrderType.LIMIT),
    ),
    "hard time stop": a_profile(
        risk=evolve(_RISK, crash_mode=evolve(_RISK.crash_mode, enabled=True, hard_time_stop_minutes=D(7)))
    ),
    "odd times": a_profile(
        defaults=evolve(_DEFAULTS, **_TWO, break_even_after_tp1=True),
        risk=evolve(_RISK, crash_mode=evolve(_RISK.crash_mode, enabled=True, hard_time_stop_minutes=D("12.3"))),
        supervision=supervision(order_timeout_sec=205, out_of_zone_after_sec=75),
    ),
    "taken before its zone ends": a_profile(
        fallback_end_of_zone=evolve(SETTINGS.fallback_end_of_zone, enabled=True, max_spread_bps=D(40))
    ),
    "maker only": a_profile(defaults=evolve(_DEFAULTS, post_only=True)),
    "at once": a_profile(defaults=evolve(_DEFAULTS, time_in_force=TimeInForce.IOC)),
    "limits": a_profile(
        risk=evolve(
            _RISK,
            daily_max_loss_usdt=D(20),
            daily_max_loss_percent=D("0.15"),
            weekly_max_loss_usdt=D(30),
            max_consecutive_losses=3,
            max_concurrent_positions=2,
            max_same_side=1,
            max_notional_usdt=D(600),
        )
    ),
    "limits on what is booked": a_profile(
        defaults=evolve(_DEFAULTS, **_TWO),
        risk=evolve(
            _RISK,
            daily_max_loss_usdt=D(12),
            weekly_max_loss_percent=D("0.2"),
            daily_loss_count_unrealized=False,
            max_concurrent_positions=1,
        ),
    ),
}


@frozen(eq=False, repr=False)
class Story:
    """Everything that a replay is made from."""

    drawn: str
    """What it follows from, for whoever has to look at it again."""

    profile: Profile
    markets: tuple[ReplayMarket, ...]
    ready: tuple[Opportunities, ...]
    settings: ReplaySettings
    last_ms: int
    capabilities: Capabilities = CAPABILITIES

    def __repr__(self) -> str:
        return f"Story({self.drawn}, {self.settings})"

    def until(self, cut_ms: int) -> Story:
        """The same without any candle that closes after the cut, and without what is decided after it."""
        markets = tuple(
            evolve(one, candles=one.candles[: int(np.searchsorted(one.candles.open_ms, cut_ms - MINUTE_MS, "right"))])
            for one in self.markets
        )
        return evolve(self, markets=markets, ready=tuple(_until(one, cut_ms) for one in self.ready), last_ms=cut_ms)

    def alone(self) -> Story:
        """With its first READY minute alone."""
        first = min(self.ready, key=lambda one: int(one.at_ms[0]) if len(one) else self.last_ms)
        return evolve(self, ready=tuple(_until(one, int(first.at_ms[0]) if one is first else 0) for one in self.ready))

    def replayed(self, each_minute: bool = False) -> Ledger:
        request = ReplayRequest(
            profile=self.profile,
            markets=self.markets,
            first_ms=BEGINS_MS,
            last_ms=self.last_ms,
            settings=self.settings,
            capabilities=self.capabilities,
            version="test",
            each_minute=each_minute,
        )
        return replay(request, self.ready)


def _until(one: Opportunities, cut_ms: int) -> Opportunities:
    count = int(np.searchsorted(one.at_ms, cut_ms, "right"))
    facts = {
        timeframe: {role: (values[:count], closes[:count]) for role, (values, closes) in roles.items()}
        for timeframe, roles in one.facts.items()
    }
    return evolve(
        one,
        at_ms=one.at_ms[:count],
        sides=one.sides[:count],
        timeframes=one.timeframes[:count],
        valid_timeframes=one.valid_timeframes[:count],
        facts=facts,
    )


@st.composite
def stories(
    draw: st.DrawFn,
    *,
    profiles: Sequence[str] = tuple(PROFILES),
    symbols: int = 3,
    minutes: int = 110,
    exchange: st.SearchStrategy[ReplaySettings] | None = None,
) -> Story:
    name = draw(st.sampled_from(profiles))
    drawn = [name]
    settings = draw(models() if exchange is None else exchange)
    markets, ready = [], []
    for number in range(draw(st.integers(1, symbols))):
        symbol = f"{'CAB'[number]}USDT"
        seed, gaps = draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.0, 0.1, 0.3]))
        random = np.random.default_rng(seed)
        price, tick = draw(st.sampled_from([("100", "0.1"), ("100", "0.1"), ("0.02", "0.0001"), ("40000", "1")]))
        candles = _walk(random, minutes, float(price), tick, gaps)
        contract = contract_of(symbol, tick_size=D(tick), contract_size=D(1) / D(price))
        markets.append(ReplayMarket(symbol, candles, contract, False, symbol, "a story"))
        timeframe = draw(st.sampled_from([Timeframe.M1, Timeframe.M1, Timeframe.M5]))
        ready.append(_ready(random, symbol, candles, timeframe))
        drawn.append(f"{symbol} seed {seed} gaps {gaps} price {price} {timeframe}")
    last_ms = BEGINS_MS + minutes * MINUTE_MS
    return Story(", ".join(drawn), PROFILES[name], tuple(markets), tuple(ready), settings, last_ms)


def models(**fixed: Any) -> st.SearchStrategy[ReplaySettings]:
    """Assumptions about the exchange; `fixed` ones as they are given."""
    drawn: dict[str, Any] = {
        "delay_minutes": st.sampled_from([1, 1, 0, 3]),
        "trade_through_ticks": st.sampled_from([1, 0, 2]),
        "slippage_bps": st.sampled_from([D(2), D(0), D(15)]),
        "spreads": st.sampled_from([(SpreadStep(D(0), D(width)),) for width in (0, 5, 20)]),
        "stop_before_target": st.sampled_from([True, True, False]),
        "funding_rate": st.sampled_from([D("0.0001"), D("0.002")]),
        "funding_hours": st.sampled_from([8, 1, 0]),
        "fee_factor": st.sampled_from([D(1), D(0), D(3)]),
        "afterwards_minutes": st.sampled_from([0, 0, 5, 60]),
    }
    return st.builds(ReplaySettings, **(drawn | {name: st.just(value) for name, value in fixed.items()}))


def _walk(random: np.random.Generator, minutes: int, price: float, tick: str, gaps: float) -> Candles:
    """On the grid; now and then a minute opens elsewhere, reaches far, or is missing, alone or with others."""
    count, step = minutes + LEAD, float(tick)
    close = price * np.exp(np.cumsum(random.normal(0, 0.0015, count)))
    open_ = np.concatenate([[price], close[:-1]]) * np.exp(np.where(random.random(count) < 0.05, 0.01, 0.0))
    reach = np.abs(random.normal(0, 0.001, (2, count))) + np.where(random.random((2, count)) < 0.04, 0.02, 0.0)
    high = np.maximum(open_, close) * (1 + reach[0])
    low = np.minimum(open_, close) * (1 - reach[1])
    digits = max(0, -int(D(tick).as_tuple().exponent))
    columns = [np.round(np.maximum(step, np.round(one / step) * step), digits) for one in (open_, high, low, close)]
    there = np.ones(count, dtype=np.bool_)
    for begin in np.flatnonzero(random.random(count) < gaps / 3):
        there[begin : begin + int(random.integers(1, 6))] = False
    there[:LEAD] = True
    times = BEGINS_MS - LEAD * MINUTE_MS + np.arange(count, dtype=np.int64) * MINUTE_MS
    return Candles.checked(Timeframe.M1, times[there], *(one[there] for one in columns), np.ones(int(there.sum())))


def _ready(random: np.random.Generator, symbol: str, candles: Candles, timeframe: Timeframe) -> Opportunities:
    ends = candles.open_ms + MINUTE_MS
    places = np.flatnonzero((ends >= BEGINS_MS) & (random.random(len(ends)) < 0.12))
    scale = candles.close[places] / 100 * random.choice([0.25, 0.5], len(places))
    facts = {role: (_value(role, value, candles.close[places], scale), ends[places]) for role, value in VALUES.items()}
    count = len(places)
    return Opportunities(
        symbol=symbol,
        minutes=len(ends),
        reasons={},
        contexts=(),
        at_ms=ends[places],
        sides=tuple(Side.LONG if up else Side.SHORT for up in random.random(count) < 0.5),
        timeframes=(timeframe,) * count,
        valid_timeframes=np.full(count, 3, dtype=np.int64),
        facts={timeframe: facts},
    )


def _value(role: FactRole, value: float, close: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """As in the examples of planning, where the price is 100: averages there, ranges a part of them."""
    if role is FactRole.ADX_1H:
        return np.full(len(close), value)
    return close / 100 * value if value > 50 else scale * value


# Watched


@define(eq=False)
class Watch:
    """What was seen of the exchange of one replay, after everything that it did."""

    flows: list[CashFlow] = field(factory=list)
    stops_travel: bool = True
    """A position has its stop with its first execution; else from the supervisor's look at the same instant."""
    most_open: int = 0
    most_same_side: int = 0
    most_notional: Decimal = ZERO


class WatchedExchange(ModelExchange):
    """Looks at itself after every change: a stop over every position, the wallet by its rows, nothing too much."""

    watch: Watch

    def enter(self, order: EntryOrder, at_ms: int) -> None:
        super().enter(order, at_ms)
        self._look()

    def write(self, write: ProtectiveOrder | ExitOrder | Amendment | Cancellation, at_ms: int) -> WriteOutcome:
        outcome = super().write(write, at_ms)
        self._look()
        return outcome

    def arrive(self, symbol: str, at_ms: int) -> WriteOutcome | bool:
        answer = super().arrive(symbol, at_ms)
        self._look()
        return answer

    def pass_minute(self, symbol: str, place: int) -> Seen:
        desk = self.desks[symbol]
        is_being_closed = any(isinstance(order, ExitOrder) for _, order in desk.travelling)
        # Where no exchange would take a stop any more, because the price is beyond it already, it is closed at market.
        if desk.holding is not None and not (is_being_closed and not self.watch.stops_travel):
            self._assert_protected(desk)
        seen = super().pass_minute(symbol, place)
        self._look()
        return seen

    def _book(self, desk: Desk, kind: Any, amount: Decimal, at_ms: int) -> None:
        super()._book(desk, kind, amount, at_ms)
        self.watch.flows.append(self.news[-1])

    def _look(self) -> None:
        begun = self._settings.balance_usdt + sum((flow.amount for flow in self.watch.flows), D(0))
        assert self.wallet == begun, "money moved without a row"
        sides: list[Side] = []
        notional = D(0)
        for desk in self.desks.values():
            entries = [order for order in desk.live.values() if not order.reduce_only]
            on_the_way = [order for _, order in desk.travelling if isinstance(order, EntryOrder)]
            if desk.holding is not None:
                if self.watch.stops_travel:
                    self._assert_protected(desk)
                assert not [*entries, *on_the_way], "an entry beside a position"
            assert len(entries) + len(on_the_way) <= 1, "two entries at once"
            for side, size, price in _at_stake(desk, entries, on_the_way):
                sides.append(side)
                notional += desk.minutes.contract.notional(size, price)
        self.watch.most_open = max(self.watch.most_open, len(sides))
        self.watch.most_same_side = max([self.watch.most_same_side, *(sides.count(side) for side in Side)])
        self.watch.most_notional = max(self.watch.most_notional, notional)

    @staticmethod
    def _assert_protected(desk: Desk) -> None:
        holding = desk.holding
        assert holding is not None
        stops = [
            order
            for order in desk.exits()
            if order.trigger is not None and order.purpose is not None and order.purpose.value == "stop"
        ]
        assert len(stops) == 1, "not exactly one stop"
        assert stops[0].side is holding.side
        assert stops[0].size is None or stops[0].size >= holding.size, "a stop over a part"


def _at_stake(
    desk: Desk, entries: Sequence[Any], on_the_way: Sequence[EntryOrder]
) -> Iterator[tuple[Side, Decimal, Decimal]]:
    if desk.holding is not None:
        yield desk.holding.side, desk.holding.size, desk.holding.entry_price
    for order in (*entries, *on_the_way):
        yield order.side, order.size, order.price


@contextmanager
def watched(stops_travel: bool = True) -> Iterator[Watch]:
    """Within it, replays are watched."""
    watch = Watch(stops_travel=stops_travel)

    class Its(WatchedExchange):
        pass

    Its.watch = watch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaying, "ModelExchange", Its)
        yield watch
