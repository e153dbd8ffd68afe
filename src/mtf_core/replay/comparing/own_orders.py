"""Whether a refusal of the real account follows from our own recorded orders.

Each order is judged on the account as it really was: where our own orders and positions, and what they won or lost,
made it say no, it says no in the replay as well. What they do not make it say (a position of somebody else, an
operator's switch, a supervisor that was not there) is another state of the account. An operator's switch that was
thrown while, or soon after, an order of ours had the symbol cannot be told from its own, and counts as that.
"""

from __future__ import annotations

from attrs import frozen

from mtf_core.inquiry.trades import trade_among
from mtf_core.market import DAY_MS, MINUTE_MS
from mtf_core.orders import Intent, Trade
from mtf_core.ports import OrderStore
from mtf_core.reasons import Reason
from mtf_core.settings.profile import Profile

_PAGE = 200
_NEAR_MS = 60_000
"""A run takes its time: what was committed so long after its instant, or ended so long before, may have counted."""
_LOOKS_BACK_MS = 8 * DAY_MS
"""Losses of a week, and of the one before near its border."""

_SYMBOL_IS_TAKEN = {Reason.SYMBOL_SWITCHED_OFF, Reason.HAS_OPEN_ORDERS_OR_POSITIONS, Reason.SYMBOL_BUSY}
_OF_WHAT_IS_OPEN = {Reason.OPEN_LOSS_TOO_LARGE, Reason.SAME_SIDE_LIMIT_REACHED, Reason.EXPOSURE_LIMIT_REACHED}
_OF_LOSSES = {
    Reason.DAILY_LOSS_LIMIT_REACHED,
    Reason.WEEKLY_LOSS_LIMIT_REACHED,
    Reason.CONSECUTIVE_LOSSES_REACHED,
    Reason.OPEN_LOSS_TOO_LARGE,
}


@frozen
class OwnOrder:
    """One intent of the store, from its commit until nothing of it lived."""

    key: str
    symbol: str
    created_ms: int
    ended_ms: int | None
    trade: Trade | None

    def lived_at(self, at_ms: int, before_ms: int = _NEAR_MS) -> bool:
        """Whether it lived at about that instant, or within `before_ms` before it."""
        return self.created_ms <= at_ms + _NEAR_MS and (self.ended_ms is None or self.ended_ms >= at_ms - before_ms)

    def had_lost_by(self, at_ms: int) -> bool:
        trade = self.trade
        return (
            trade is not None and trade.net_usdt < 0 and at_ms - _LOOKS_BACK_MS <= trade.closed_ms <= at_ms + _NEAR_MS
        )


@frozen(eq=False)
class OwnOrders:
    """Every intent that may have mattered to a stretch of runs."""

    orders: tuple[OwnOrder, ...]
    profile: Profile

    def explain(self, reason: Reason, symbol: str, key: str | None, at_ms: int) -> bool:
        """Whether they are why the account said so at an instant."""
        living = [one for one in self.orders if one.lived_at(at_ms)]
        if reason in _SYMBOL_IS_TAKEN:
            return self._takes(symbol, at_ms)
        if reason is Reason.MAX_CONCURRENT_POSITIONS_REACHED:
            most = self.profile.trade_entry.risk.max_concurrent_positions
            return len({one.symbol for one in living}) >= most
        if reason is Reason.DUPLICATE_DECISION_KEY:
            return any(one.key == key for one in self.orders)
        is_open = reason in _OF_WHAT_IS_OPEN and bool(living)
        return is_open or (reason in _OF_LOSSES and any(one.had_lost_by(at_ms) for one in self.orders))

    def others_at(self, at_ms: int, key: str | None) -> frozenset[str]:
        """Symbols on which other orders than that of the key lived at an instant."""
        return frozenset(
            one.symbol
            for one in self.orders
            if one.key != key and one.created_ms <= at_ms and (one.ended_ms is None or one.ended_ms > at_ms)
        )

    def _takes(self, symbol: str, at_ms: int) -> bool:
        """An order of the symbol lived, or its switch may still have been off because of one."""
        switches = self.profile.trading.switches
        minutes = max(switches.busy_minutes, switches.after_order_minutes, switches.after_cancel_minutes)
        return any(one.symbol == symbol and one.lived_at(at_ms, minutes * MINUTE_MS + _NEAR_MS) for one in self.orders)


async def read_own_orders(orders: OrderStore, profile: Profile, first_ms: int, last_ms: int) -> OwnOrders:
    """The intents committed from some days before a stretch until its end. Raises `StoreError`."""
    found: list[OwnOrder] = []
    cursor: str | None = None
    while True:
        page = await orders.history(_PAGE, cursor)
        for intent in page.items:
            created_ms = min(attempt.created_ms for attempt in intent.attempts())
            if created_ms <= last_ms + _NEAR_MS:
                found.append(await _read(orders, intent, created_ms))
            if created_ms < first_ms - _LOOKS_BACK_MS:
                return OwnOrders(tuple(found), profile)
        if page.next is None:
            return OwnOrders(tuple(found), profile)
        cursor = page.next


async def _read(orders: OrderStore, intent: Intent, created_ms: int) -> OwnOrder:
    events = await orders.events(intent.decision_key)
    ended_ms = None if intent.is_live else max((one.event.venue_ms for one in events), default=created_ms)
    return OwnOrder(intent.decision_key, intent.symbol, created_ms, ended_ms, trade_among(events))
