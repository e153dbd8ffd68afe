"""What really became of a READY minute: refused, sent, filled, traded; by the run's record and the store of orders."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from mtf_core.inquiry.trades import trade_among
from mtf_core.market import MINUTE_MS
from mtf_core.orders import EntryState, Intent, Trade
from mtf_core.ports import OrderStore
from mtf_core.records import OrderStatus, SymbolStatus
from mtf_core.replay.comparing.decisions import Decided


class LiveFate(StrEnum):
    """How far it came in reality."""

    NOT_READY = "not_ready"
    NOT_DECIDED = "not_decided"
    """The run did not look at the symbol: its account was busy there, or it was switched off or locked."""
    FAILED = "failed"
    """Something broke before there was an order, or the order could not be sent."""
    NOT_PLANNED = "not_planned"
    REFUSED = "refused"
    """By a guard, before anything was sent."""
    REJECTED = "rejected"
    """By the exchange."""
    UNFILLED = "unfilled"
    WAITING = "waiting"
    """On the exchange, or perhaps so, when the record was read."""
    OPEN = "open"
    TRADED = "traded"


@frozen
class LiveEntry:
    """One READY minute in reality."""

    fate: LiveFate
    reason: str = ""
    intent: Intent | None = None
    trade: Trade | None = None
    ended_ms: int | None = None
    """When nothing of it was on the exchange any more, as far as is known."""

    @property
    def was_sent(self) -> bool:
        return self.fate in {LiveFate.UNFILLED, LiveFate.WAITING, LiveFate.OPEN, LiveFate.TRADED, LiveFate.REJECTED}

    @property
    def filled_ms(self) -> int | None:
        """When the first of it was filled; None: nothing was."""
        if self.trade is not None and self.trade.opened_ms is not None:
            return self.trade.opened_ms
        return None if self.intent is None else self.intent.progress.first_fill_ms

    @property
    def on_exchange_ms(self) -> int | None:
        """When its first attempt was on the exchange, or was sent, where that is not known."""
        if self.intent is None:
            return None
        first = next(self.intent.attempts())
        return first.accepted_ms if first.accepted_ms is not None else first.sent_ms

    def delay_minutes(self, decided_ms: int) -> int | None:
        """Whole minutes from the decision until the order was on the exchange."""
        at_ms = self.on_exchange_ms
        return None if at_ms is None else max(0, at_ms - decided_ms) // MINUTE_MS


async def live_entry(orders: OrderStore, one: Decided) -> LiveEntry:
    """What became of it. Raises `StoreError`."""
    result = one.result
    reason = "" if result.reason is None else str(result.reason)
    if result.status is SymbolStatus.SKIPPED:
        return LiveEntry(LiveFate.NOT_DECIDED, reason)
    if result.status is SymbolStatus.ERROR:
        return LiveEntry(LiveFate.FAILED, reason)
    if result.status is not SymbolStatus.READY or result.decision_key is None:
        return LiveEntry(LiveFate.NOT_READY, reason)
    intent = await orders.intent(result.decision_key)
    if intent is not None and intent.terms.run_id == one.run.run_id:
        return await _of_intent(orders, intent, reason)
    if result.order is not None and result.order.status is OrderStatus.ERROR:
        return LiveEntry(LiveFate.FAILED, reason)
    return LiveEntry(LiveFate.NOT_PLANNED if result.plan is None else LiveFate.REFUSED, reason)


async def _of_intent(orders: OrderStore, intent: Intent, reason: str) -> LiveEntry:
    sent = any(attempt.sent_ms is not None for attempt in intent.attempts())
    events = await orders.events(intent.decision_key)
    trade = trade_among(events)
    ended_ms = None if intent.is_live else max((one.event.venue_ms for one in events), default=None)
    if trade is not None and trade.size and not intent.is_live:
        return LiveEntry(LiveFate.TRADED, "", intent, trade, trade.closed_ms)
    if intent.filled or intent.progress.opened:
        return LiveEntry(LiveFate.OPEN, str(intent.position), intent)
    if not sent:
        return LiveEntry(LiveFate.REFUSED, reason, intent)
    if intent.is_live:
        return LiveEntry(LiveFate.WAITING, str(intent.entry), intent)
    if intent.entry is EntryState.REJECTED:
        return LiveEntry(LiveFate.REJECTED, reason, intent, ended_ms=ended_ms)
    return LiveEntry(LiveFate.UNFILLED, intent.progress.cancel_reason or "expired", intent, ended_ms=ended_ms)
