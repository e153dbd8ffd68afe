"""A replay: the READY minutes of all symbols in the order of time, on one account, with the core that trades.

```
opportunities of each symbol ─► merged in time ─► filters, guards, plan, intent ─► the modelled exchange
                                                                supervisor, minute by minute ◄─┘ ─► ledger
```

Time goes from one instant at which something can happen to the next: a READY minute, a look that is due, a funding
time, midnight while something is open, a minute whose open loss reaches a limit. Between them nothing changes, so
nothing is computed, and a test holds that looking at every minute gives the same ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from itertools import groupby
from operator import attrgetter

import numpy as np
from attrs import define, evolve, field, frozen

from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS, Capabilities
from mtf_core.orders import EntryState, Intent, Trade
from mtf_core.planning import Skip
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.ports import Progress, no_progress
from mtf_core.replay.afterwards import afterwards_of
from mtf_core.replay.entering import EntryDesk, Ready, RecordedFacts
from mtf_core.replay.exchange import ModelExchange
from mtf_core.replay.following import NEVER_MS, Follower, Life
from mtf_core.replay.ledger import EquityPoint, Fate, Ledger, ReadyMinute, ReplayedTrade, ReplayMarket
from mtf_core.replay.losses import LossBook
from mtf_core.replay.minutes import Minutes
from mtf_core.replay.opportunities import Opportunities
from mtf_core.replay.regime import regime_at
from mtf_core.risk import Span, Standing, entries_must_end, limit_of
from mtf_core.risk.switches import ORDERED
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings

_ZERO = Decimal(0)
_SHOWN_MS = 7 * DAY_MS
"""How often progress is told, in the time of the replay."""


@frozen(kw_only=True)
class ReplayRequest:
    """What is to be replayed: decisions at minutes within [first, last]."""

    profile: Profile
    markets: tuple[ReplayMarket, ...]
    first_ms: int
    last_ms: int
    settings: ReplaySettings
    capabilities: Capabilities
    """Of the exchange that is modelled: how its stops travel, what it can amend."""
    version: str
    remarks: tuple[str, ...] = ()
    each_minute: bool = False
    """Looks at every minute: for tests."""
    recorded: RecordedFacts = field(factory=dict)
    """What real runs planned from: where it is there, the replay plans from it, too."""


def replay(request: ReplayRequest, opportunities: Sequence[Opportunities], progress: Progress = no_progress) -> Ledger:
    """The ledger. `opportunities` are those of the request's markets, in any order. Pure: the same gives the same."""
    with localcontext(PLAN_CONTEXT):
        return _Replay(request).run(opportunities, progress)


@define(eq=False)
class _Replay:
    request: ReplayRequest
    exchange: ModelExchange = field(init=False)
    losses: LossBook = field(init=False)
    desk: EntryDesk = field(init=False)
    follower: Follower = field(init=False)
    lives: dict[str, Life] = field(factory=dict)
    rows: list[ReadyMinute] = field(factory=list)
    row_of: dict[str, int] = field(factory=dict)
    """By decision key: the row of the minute whose order was sent."""
    trades: list[ReplayedTrade] = field(factory=list)
    equity: list[EquityPoint] = field(factory=list)
    now_ms: int = 0
    horizon_ms: int = field(init=False)
    """When the last candle of all closes, or decisions end, whichever is later: where minutes are missing at the end an
    entry still reaches its deadline, as it does where they are missing in between."""
    entries_end: str = ""
    """Why unfilled entries have to end, as it was last measured; empty: they may rest."""
    has_news: bool = False
    """Something was booked that no point of the equity shows yet."""

    def __attrs_post_init__(self) -> None:
        request = self.request
        settings, profile = request.settings, request.profile
        capabilities = evolve(request.capabilities, visibility_lag_ms=0)
        minutes = {market.symbol: Minutes.of(market, settings) for market in request.markets}
        self.horizon_ms = max((request.last_ms, *(market.candles.end_ms for market in request.markets)))
        self.exchange = ModelExchange(minutes, settings, profile.trading.orders.position_mode)
        self.losses = LossBook(profile.trade_entry.risk, profile.name)
        lives, recorded = lambda: tuple(self.lives.values()), request.recorded
        self.desk = EntryDesk(profile, self.exchange, self.losses, capabilities, lives, recorded)
        self.follower = Follower(self.exchange, profile.trading, capabilities, self._guard_again, request.each_minute)

    def run(self, opportunities: Sequence[Opportunities], progress: Progress) -> Ledger:
        request = self.request
        ready = _merged(opportunities)
        self.now_ms = request.first_ms
        self._open_day(Span.DAY.start_of(request.first_ms))
        self._note_equity(request.first_ms)
        upcoming = next(ready, None)
        shown_ms = request.first_ms
        while True:
            wanted_ms = min(upcoming[0] if upcoming else NEVER_MS, self._next_ms())
            if wanted_ms >= NEVER_MS:
                break
            at_ms = self._first_breach(wanted_ms)
            self._pass(at_ms)
            if upcoming and upcoming[0] == at_ms:
                self._enter(upcoming[1], at_ms)
                upcoming = next(ready, None)
            if at_ms - shown_ms >= _SHOWN_MS:
                shown_ms = at_ms
                whole = request.last_ms - request.first_ms
                progress("trading", min(at_ms - request.first_ms, whole) // DAY_MS, whole // DAY_MS)
        self._end()
        return self._ledger(opportunities)

    # Time

    def _next_ms(self) -> int:
        """The next instant at which something open asks for a look, pays funding, or a day begins; never after the last
        candle of all."""
        found = min((life.next_ms for life in self.lives.values()), default=NEVER_MS)
        if self._holds_anything():
            found = min(found, Span.DAY.start_of(self.now_ms) + DAY_MS, self._next_funding_ms())
        return found if found <= self.horizon_ms else NEVER_MS

    def _next_funding_ms(self) -> int:
        hours = self.request.settings.funding_hours
        return (self.now_ms // (hours * HOUR_MS) + 1) * hours * HOUR_MS if hours else NEVER_MS

    def _holds_anything(self) -> bool:
        return any(desk.holding is not None for desk in self.exchange.in_use.values())

    def _pass(self, at_ms: int) -> None:
        """Everything that happens until an instant, and the looks that are due then.

        Of all symbols first what the minute opened with, then how far it went, then what is due at its end: a day that
        begins there begins with what the minute has left.
        """
        due = sorted((life for life in self.lives.values() if life.next_ms <= at_ms), key=attrgetter("symbol"))
        self._note_hours(at_ms)
        for life in due:
            self.follower.arrive(life, at_ms - MINUTE_MS, self.entries_end)
        for life in due:
            self.follower.pass_minutes(life, at_ms)
        self.now_ms = at_ms
        self._begin_day(at_ms)
        self._fund(at_ms)
        self.entries_end = self._measure(at_ms)
        for life in due:
            self.follower.look(life, at_ms, self.entries_end)
            self._settle(life, at_ms)

    def _fund(self, at_ms: int) -> None:
        hours = self.request.settings.funding_hours
        if hours and at_ms % (hours * HOUR_MS) == 0:
            for symbol in self.exchange.in_use:
                self.exchange.fund(symbol, at_ms)

    def _measure(self, at_ms: int) -> str:
        """Books what has happened; why unfilled entries have to end now, empty: they may rest."""
        has_news = self._book()
        if self.lives and self.losses.counts_anything:
            self.losses.measure(self.exchange.account(at_ms))
        if has_news or (at_ms % HOUR_MS == 0 and self._holds_anything()):
            self._note_equity(at_ms)
        why = entries_must_end(self.desk.switchboard(at_ms), self.losses.locks, Standing(), at_ms)
        return "" if why is None else why.value

    def _book(self) -> bool:
        """Whether anything was booked since the equity was last noted; from now on the losses know of it."""
        self.losses.book(self.exchange.news)
        self.has_news = self.has_news or bool(self.exchange.news)
        self.exchange.news = []
        return self.has_news

    def _guard_again(self, intent: Intent, at_ms: int) -> Skip | None:
        self._book()
        return self.desk.guard_again(intent, at_ms)

    def _settle(self, life: Life, at_ms: int) -> None:
        """Where nothing of an intent lives any more, its row and its trade are written; else its next look is set."""
        for off in life.switches:
            self.desk.switch_off(off.symbol, off.minutes, off.reason, at_ms)
        life.switches.clear()
        if life.intent.is_live or self.exchange.desks[life.symbol].travelling:
            self.follower.plan_next_look(life, at_ms)
            return
        del self.lives[life.symbol]
        if life.intent.entry is EntryState.REJECTED:
            self.desk.forget_order(life.symbol)
        self.exchange.leave(life.symbol)
        place = self.row_of[life.intent.decision_key]
        if life.trade is None or not life.trade.size:
            self.rows[place] = self._unfilled(self.rows[place], life, at_ms)
            return
        self.rows[place] = evolve(self.rows[place], fate=Fate.TRADED, known_ms=at_ms)
        self.losses.ended(life.trade)
        self.trades.append(self._trade(life, life.trade, at_ms))

    def _unfilled(self, row: ReadyMinute, life: Life, at_ms: int) -> ReadyMinute:
        settings = self.request.settings
        from_ms = row.at_ms + settings.delay_minutes * MINUTE_MS
        span_ms = settings.afterwards_minutes * MINUTE_MS
        minutes = self.exchange.desks[row.symbol].minutes
        after = None if row.plan is None else afterwards_of(row.plan, minutes, from_ms, span_ms)
        known_ms = max(at_ms, from_ms + span_ms)
        return evolve(row, fate=Fate.NOT_FILLED, ended=life.ended, afterwards=after, known_ms=known_ms)

    def _trade(self, life: Life, trade: Trade, at_ms: int) -> ReplayedTrade:
        desk = self.exchange.desks[life.symbol]
        slipped = (trade.entry_slippage_usdt, trade.exit_slippage_usdt)
        return ReplayedTrade(
            trade=trade,
            decided_ms=life.decided_ms,
            fills=tuple(desk.fills),
            regime=regime_at(desk.minutes, life.decided_ms),
            slippage_usdt=sum((one for one in slipped if one is not None), _ZERO),
            known_ms=at_ms,
        )

    # Entries

    def _enter(self, ready: Sequence[Ready], at_ms: int) -> None:
        def send(intent: Intent) -> None:
            desk = self.exchange.desks[intent.symbol]
            desk.begin()
            life = Life(intent, at_ms, desk.minutes.closed_at(at_ms))
            self.lives[intent.symbol] = life
            self.follower.send_entry(life, at_ms)
            self.follower.plan_next_look(life, at_ms)
            minutes = self.request.profile.trading.switches.after_order_minutes
            self.desk.switch_off(intent.symbol, minutes, ORDERED, at_ms)

        for row in self.desk.enter(ready, at_ms, send):
            if row.fate is Fate.STILL_OPEN:
                self.row_of[row.decision_key] = len(self.rows)
            self.rows.append(row)

    # The account over time

    def _open_day(self, start_ms: int) -> None:
        self.losses.open_day(start_ms, self.exchange.account(start_ms))

    def _begin_day(self, at_ms: int) -> None:
        today = Span.DAY.start_of(at_ms)
        if today not in self.losses.days:
            self._open_day(today)

    def _note_hours(self, until_ms: int) -> None:
        """The account at each full hour before an instant, while something is open."""
        if self._holds_anything():
            for hour_ms in range((self.now_ms // HOUR_MS + 1) * HOUR_MS, until_ms, HOUR_MS):
                self._note_equity(hour_ms)

    def _note_equity(self, at_ms: int) -> None:
        positions = self.exchange.positions(at_ms)
        unrealised = sum((one.unrealised_profit for one in positions), _ZERO)
        notional = sum(
            (
                self.exchange.desks[one.symbol].minutes.contract.notional(one.size, one.mark_price or one.entry_price)
                for one in positions
            ),
            _ZERO,
        )
        self.equity.append(EquityPoint(at_ms, self.exchange.wallet + unrealised, self.exchange.wallet, notional))
        self.has_news = False

    def _first_breach(self, until_ms: int) -> int:
        """The first minute before `until_ms` at whose end the open loss may reach a limit on losses; `until_ms`: none.

        Reckoned in floats, and of closes that lie between two ticks, so a tick sooner than it is exact: it is measured
        there, and that is all.
        """
        risk = self.request.profile.trade_entry.risk
        held = [desk for desk in self.exchange.in_use.values() if desk.holding is not None]
        if not held or not risk.daily_loss_count_unrealized or until_ms - self.now_ms <= MINUTE_MS:
            return until_ms
        room = self._room()
        if room is None:
            return until_ms
        ends = np.arange(self.now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS, until_ms, MINUTE_MS)
        open_profit, near = np.zeros(len(ends)), 0.0
        for desk in held:
            holding, minutes = desk.holding, desk.minutes
            assert holding is not None
            places = np.searchsorted(minutes.open_ms, ends - MINUTE_MS, side="right") - 1
            base = float(holding.size * minutes.contract.contract_size) * holding.side.sign
            open_profit += (minutes.close[np.maximum(places, 0)] - float(holding.entry_price)) * base
            near += float(minutes.contract.tick_size) * abs(base)
        found = np.flatnonzero(open_profit <= room + near)
        return int(ends[found[0]]) if len(found) else until_ms

    def _room(self) -> float | None:
        """The open profit at which a limit is reached; None: no limit is set, or it is reached already."""
        losses, risk = self.losses.measure(self.exchange.account(self.now_ms)), self.request.profile.trade_entry.risk
        rooms = []
        for result in losses.spans:
            limit = limit_of(risk, result.span, result.baseline)
            if limit is not None and not any(
                lock.span is result.span and lock.start_ms == result.start_ms for lock in losses.locks
            ):
                rooms.append(result.unrealised_before - result.realised - limit)
        return float(max(rooms)) if rooms else None

    # The end

    def _end(self) -> None:
        """What is open when the candles end stays open: its row says so, and nothing of it is booked as won or lost."""
        end_ms = max(self.request.last_ms, min(self.horizon_ms, self.now_ms))
        for life in self.lives.values():
            place = self.row_of[life.intent.decision_key]
            self.rows[place] = evolve(self.rows[place], known_ms=None)
        self._note_hours(end_ms)
        if self.equity[-1].time_ms < end_ms:
            self._note_equity(end_ms)

    def _open_usdt(self) -> Decimal:
        booked = sum((flow.amount for desk in self.exchange.in_use.values() for flow in desk.flows), _ZERO)
        positions = self.exchange.positions(self.equity[-1].time_ms)
        return booked + sum((one.unrealised_profit for one in positions), _ZERO)

    def _ledger(self, opportunities: Sequence[Opportunities]) -> Ledger:
        request = self.request
        reasons: Counter[str] = Counter()
        for one in opportunities:
            reasons.update(one.reasons)
        contexts = sorted(
            (context for one in opportunities for context in one.contexts), key=attrgetter("first_ms", "symbol")
        )
        return Ledger(
            profile=request.profile.name,
            profile_digest=request.profile.digest,
            version=request.version,
            first_ms=request.first_ms,
            last_ms=request.last_ms,
            settings=request.settings,
            markets=request.markets,
            minutes=sum(one.minutes for one in opportunities),
            reasons=dict(reasons.most_common()),
            ready=tuple(self.rows),
            contexts=tuple(contexts),
            trades=tuple(self.trades),
            equity=tuple(self.equity),
            open_usdt=self._open_usdt(),
            liquidations=self.exchange.liquidations,
            remarks=request.remarks,
        )


def _merged(opportunities: Sequence[Opportunities]) -> Iterator[tuple[int, Sequence[Ready]]]:
    """READY minutes of all symbols by instant, those of one instant by symbol."""
    ordered = sorted(opportunities, key=attrgetter("symbol"))
    if not ordered:
        return
    times = np.concatenate([one.at_ms for one in ordered])
    owners = np.repeat(np.arange(len(ordered)), [len(one) for one in ordered])
    rows = np.concatenate([np.arange(len(one)) for one in ordered])
    order = np.lexsort((owners, times))
    triples = zip(times[order].tolist(), owners[order].tolist(), rows[order].tolist(), strict=True)
    for at_ms, group in groupby(triples, key=lambda one: one[0]):
        yield at_ms, [Ready.of(ordered[owner], row) for _, owner, row in group]
