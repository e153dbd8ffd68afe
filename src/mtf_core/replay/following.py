"""An intent of a replay, from its first minute until nothing of it lives: the supervisor looks, the model answers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
from attrs import define, evolve, field, frozen

from mtf_core.execution.submit import answered, entry_order
from mtf_core.market import MINUTE_MS, Capabilities, Quote, WriteOutcome, WriteResult
from mtf_core.orders import (
    Attempt,
    EntryCause,
    EntryState,
    EventKind,
    FurtherAttempt,
    Intent,
    LifecycleEvent,
    MarketNow,
    PositionState,
    Purpose,
    Supervised,
    SwitchOff,
    Trade,
    View,
    entry_after,
    longest_life_ms,
    mint,
)
from mtf_core.orders.evidence import Read
from mtf_core.orders.supervise import Rules, after_write, reads_wanted, supervise
from mtf_core.orders.supervision.entry import deadline_ms
from mtf_core.orders.supervision.look import Look
from mtf_core.orders.supervision.zone_end import more_passive, without_cancel
from mtf_core.planning import Skip
from mtf_core.replay.exchange import Desk, ModelExchange, Seen
from mtf_core.settings.trading import TradingSettings

_MOST_LOOKS = 64
"""At the end of one minute. A handful do; more would be a supervisor that never comes to rest."""
NEVER_MS = 1 << 62
"""After the end of any candles."""


class RestlessError(RuntimeError):
    """The supervisor did not come to rest within a minute: a fault of this program."""


@define(eq=False)
class Life:
    """One intent and where its replay stands."""

    intent: Intent
    decided_ms: int
    place: int
    """Of the last candle that passed."""
    next_ms: int = 0
    """When the next look is due; every minute until then passes without touching it."""
    is_calm: bool = False
    """The last look left nothing that waits for a later one, or for a price that it did not have."""
    trade: Trade | None = None
    ended: str = ""
    """Why the entry ended, by the supervisor's or the exchange's word."""
    switches: list[SwitchOff] = field(factory=list)
    best: Decimal | None = None
    """How far the price went for what is held, and against it, since it is."""
    worst: Decimal | None = None

    @property
    def symbol(self) -> str:
        return self.intent.symbol

    def saw(self, seen: Seen) -> None:
        sign = self.intent.side.sign
        if seen.best is not None and (self.best is None or (seen.best - self.best) * sign > 0):
            self.best = seen.best
        if seen.worst is not None and (self.worst is None or (seen.worst - self.worst) * sign < 0):
            self.worst = seen.worst


GuardAgain = Callable[[Intent, int], Skip | None]
"""The guards of a further attempt, at an instant."""


@frozen(eq=False)
class Follower:
    """Follows intents of one account: passes their minutes, looks, and sends what is due."""

    exchange: ModelExchange
    trading: TradingSettings
    capabilities: Capabilities
    """Of an exchange without lag: what was sent is shown at once."""
    guard_again: GuardAgain
    each_minute: bool = False
    """Looks at every minute, also where nothing can have happened: slower, and the same."""

    def arrive(self, life: Life, open_ms: int, entries_end: str) -> None:
        """What was sent meets the minute that opened then, and the supervisor sees what the open made of it."""
        while (arrived := self.exchange.arrive(life.symbol, open_ms)) is not False:
            if isinstance(arrived, WriteOutcome):
                self._hear_of_entry(life, arrived, open_ms)
            quote = self.exchange.desks[life.symbol].minutes.quote_at_open(life.symbol, open_ms)
            self._look_until_calm(life, self._rules(entries_end), quote, open_ms, open_ms)

    def _hear_of_entry(self, life: Life, outcome: WriteOutcome, at_ms: int) -> None:
        life.intent = answered(life.intent, outcome, at_ms)
        if outcome.result is WriteResult.WOULD_TAKE:
            further = more_passive(life.intent)
            life.ended = str(outcome.result)
            if further is not None and not life.intent.earlier:
                self._enter_again(life, further, at_ms, at_ms)

    def pass_minutes(self, life: Life, at_ms: int) -> None:
        """Every candle that has closed by then."""
        desk = self.exchange.desks[life.symbol]
        last = desk.minutes.closed_at(at_ms)
        if last > life.place:
            self._skip(life, desk, life.place + 1, last)
            life.saw(self.exchange.pass_minute(life.symbol, last))
            life.place = last

    def _skip(self, life: Life, desk: Desk, first: int, last: int) -> None:
        """Minutes in between reach neither stop nor target; how far they went counts all the same."""
        if desk.holding is None or first >= last:
            return
        high = desk.minutes.price(float(np.max(desk.minutes.high[first:last])))
        low = desk.minutes.price(float(np.min(desk.minutes.low[first:last])))
        life.saw(Seen(high, low) if life.intent.side.sign > 0 else Seen(low, high))

    def look(self, life: Life, at_ms: int, entries_end: str) -> None:
        """Looks at a minute's end, until nothing more is due; what is on its way is waited for.

        Where the time to take the rest of an entry before its zone ends began within this minute, it is looked at then,
        by the market of the minute's end: at the end itself the zone would be over.
        """
        rules, quote = self._rules(entries_end), self._quote_at(life.symbol, at_ms)
        zone_end_ms = self._time_to_take(life, rules, at_ms)
        if zone_end_ms is not None:
            self._look_until_calm(life, rules, quote, at_ms, zone_end_ms)
        life.is_calm = self._look_until_calm(life, rules, quote, at_ms, at_ms)

    def _rules(self, entries_end: str) -> Rules:
        return Rules(capabilities=self.capabilities, settings=self.trading.orders, entries_end=entries_end)

    def _quote_at(self, symbol: str, at_ms: int) -> Quote | None:
        return self.exchange.desks[symbol].minutes.quote(symbol, at_ms)

    def _time_to_take(self, life: Life, rules: Rules, at_ms: int) -> int | None:
        """When within the minute that ends now the supervisor may begin to take what rests; None: not in this one."""
        intent, settings = life.intent, life.intent.terms.end_of_zone
        if settings is None or not settings.enabled or intent.entry is not EntryState.RESTING:
            return None
        view = View(life.symbol, None, None, None, None, at_ms)
        ends_ms = deadline_ms(Look(intent, view, MarketNow(None, None), rules, (), at_ms))
        begins_ms = ends_ms - settings.ttl_threshold_sec * 1000
        return begins_ms if at_ms - MINUTE_MS < begins_ms < at_ms and ends_ms <= at_ms else None

    def _look_until_calm(self, life: Life, rules: Rules, quote: Quote | None, at_ms: int, from_ms: int) -> bool:
        """Looks from an instant on. Whether nothing can become due that is not due yet, but by the price and by time:
        a position is looked at once more after the pause of a real supervisor, for some of its writes need one between
        them."""
        desk, now_ms, may_wait = self.exchange.desks[life.symbol], from_ms, not life.is_calm
        for _ in range(_MOST_LOOKS):
            if desk.travelling or not life.intent.is_live:
                return False
            before = life.intent = self._marked(life)
            decided = self._decide(life.intent, desk, rules, quote, now_ms)
            life.intent = decided.intent
            self._hear(life, decided)
            if decided.action is not None:
                self._send(life, decided, at_ms, now_ms)
                may_wait = True
            elif life.intent == before:
                if not may_wait or not life.intent.progress.held:
                    return quote is not None
                may_wait = False
                now_ms += rules.settings.look_sec * 1000
                continue
            now_ms += rules.settle_ms
        raise RestlessError(f"{life.intent.decision_key}: looks at the end of one minute never came to rest")

    def _marked(self, life: Life) -> Intent:
        """The intent with how far the price went: a real look sees the mark each second, this one a candle."""
        intent, sign = life.intent, life.intent.side.sign
        if life.best is None and life.worst is None:
            return intent
        best, worst = intent.progress.best_mark, intent.progress.worst_mark
        if life.best is not None and (best is None or (life.best - best) * sign > 0):
            best = life.best
        if life.worst is not None and (worst is None or (life.worst - worst) * sign < 0):
            worst = life.worst
        if (best, worst) == (intent.progress.best_mark, intent.progress.worst_mark):
            return intent
        return evolve(intent, progress=evolve(intent.progress, best_mark=best, worst_mark=worst))

    def _decide(self, intent: Intent, desk: Desk, rules: Rules, quote: Quote | None, now_ms: int) -> Supervised:
        account = self.exchange.account(now_ms, (desk,))
        wanted = reads_wanted(intent, account, now_ms)
        view = View(
            symbol=desk.symbol,
            account=Read(account, now_ms),
            ended=Read(tuple(desk.ended), now_ms) if wanted.ended else None,
            fills=Read(tuple(desk.fills), now_ms) if wanted.fills else None,
            flows=Read(tuple(desk.flows), now_ms) if wanted.flows else None,
            since_ms=wanted.since_ms,
        )
        market = MarketNow(quote if wanted.quote else None, desk.minutes.contract)
        return supervise(intent, view, market, rules, (), now_ms)

    def _hear(self, life: Life, decided: Supervised) -> None:
        for event in decided.events:
            if event.kind is EventKind.CLOSED:
                life.trade = Trade.from_details(event.details)
            elif event.kind in {EventKind.CANCELLED, EventKind.EXPIRED, EventKind.REFUSED}:
                life.ended = _why_of(event) or life.ended or event.kind.value
        if decided.switch_off is not None:
            life.switches.append(decided.switch_off)

    def _send(self, life: Life, decided: Supervised, at_ms: int, now_ms: int) -> None:
        action = decided.action
        assert action is not None
        if isinstance(action.write, FurtherAttempt):
            self._enter_again(life, action.write, at_ms, now_ms)
            return
        outcome = self.exchange.write(action.write, at_ms)
        life.intent = after_write(life.intent, action, outcome, self.capabilities.client_ids, now_ms)

    def _enter_again(self, life: Life, order: FurtherAttempt, at_ms: int, decided_ms: int) -> None:
        """Another attempt passes every guard like the first; where it may not be made the rest is dropped."""
        intent = life.intent
        state = entry_after(intent.entry, EntryCause.FURTHER_ATTEMPT)
        refused = None if state is None else self.guard_again(intent, decided_ms)
        if state is None or refused is not None:
            life.ended = str(refused.reason) if refused is not None else life.ended
            return
        number = intent.attempt.number + 1
        name = mint(intent.tag, intent.counter, intent.account, intent.decision_key, number, Purpose.ENTRY)
        attempt = Attempt(
            number=number,
            size=order.size,
            order_type=order.order_type,
            price=order.price,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            carries_stop=intent.attempt.carries_stop,
            client_order_id=name.text(self.capabilities.client_ids),
            created_ms=at_ms,
            not_after_ms=at_ms + longest_life_ms(self.trading.orders, self.capabilities),
        )
        earlier, progress = (*intent.earlier, intent.attempt), without_cancel(intent.progress)
        life.intent = evolve(intent, attempt=attempt, earlier=earlier, entry=state, progress=progress)
        self.send_entry(life, at_ms)

    def send_entry(self, life: Life, at_ms: int) -> None:
        """The entry that is planned leaves."""
        intent = life.intent
        state = entry_after(intent.entry, EntryCause.SENDING)
        assert state is EntryState.SUBMITTING, intent.entry
        life.intent = evolve(intent, entry=state, attempt=evolve(intent.attempt, sent_ms=at_ms))
        self.exchange.enter(entry_order(life.intent), at_ms)

    def plan_next_look(self, life: Life, at_ms: int) -> None:
        """Sets when the intent has to be looked at next: at the end of the next minute, or of the first one that can
        change anything. After the last candle only an entry still has a time at which it ends."""
        desk = self.exchange.desks[life.symbol]
        last = len(desk.minutes) - 1
        life.next_ms = at_ms + MINUTE_MS
        if life.place >= last and life.intent.entry.is_final:
            life.next_ms = NEVER_MS
        if life.place >= last or self.each_minute or not self._is_quiet(life, desk):
            return
        found = desk.minutes.next_reaching(life.place + 1, *desk.edges(), last)
        ends_ms = int(desk.minutes.open_ms[min(found, last)]) + MINUTE_MS
        limit_ms, first_ms = life.intent.terms.hard_time_stop_ms, life.intent.progress.first_fill_ms
        if limit_ms is not None and first_ms is not None:
            ends_ms = min(ends_ms, (first_ms + limit_ms) // MINUTE_MS * MINUTE_MS)
        life.next_ms = max(life.next_ms, ends_ms)

    def _is_quiet(self, life: Life, desk: Desk) -> bool:
        """Whether nothing but stop, target and time can change anything: it is protected, and everything stands."""
        intent, progress = life.intent, life.intent.progress
        waits_for_break_even = (
            intent.terms.break_even_after_tp1 and progress.first_target_done and progress.stop is None
        )
        return (
            life.is_calm
            and intent.entry.is_final
            and intent.position is PositionState.PROTECTED
            and not desk.travelling
            and not waits_for_break_even
            and desk.stop() is not None
        )


def _why_of(event: LifecycleEvent) -> str:
    return event.details.get("reason", "") or event.details.get("cause", "")
