"""How long the exchange remembers what has ended, and how soon it shows what is new."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from mtf_adapters.sandbox.matching.account_book import AccountBook, Ended
from mtf_adapters.sandbox.matching.events import FillView, FlowView, OrderFamily
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import OrderState


def remembered(rules: VenueRules, account: AccountBook, order_id: int, now_ms: int) -> Ended | None:
    """The ended order, if the exchange still knows it."""
    ended = account.ended.get(order_id)
    return ended if ended is not None and _is_kept(rules, ended, now_ms) else None


def history(rules: VenueRules, account: AccountBook, now_ms: int) -> Iterator[Ended]:
    """Ended orders as queries show them, in the order in which they ended."""
    return (
        ended for ended in account.ended.values() if ended.visible_from_ms <= now_ms and _is_kept(rules, ended, now_ms)
    )


def fills(rules: VenueRules, account: AccountBook, now_ms: int) -> Iterator[FillView]:
    """Executions as queries show them, the oldest first."""
    newest, oldest = now_ms - rules.visible_after_ms, now_ms - rules.fills_kept_ms
    return (fill for fill in account.fills if oldest < fill.time_ms <= newest)


def flows(rules: VenueRules, account: AccountBook, now_ms: int) -> Iterator[FlowView]:
    """Bookings; the account's history of money is kept as long as its executions."""
    oldest = now_ms - rules.fills_kept_ms
    return (flow for flow in account.flows if flow.time_ms > oldest)


def forget_old(rules: VenueRules, account: AccountBook, now_ms: int) -> None:
    """Drops what no query can show any more, and what stands behind it in the queues not before its turn."""
    for order_id in tuple(takewhile(lambda number: not _is_kept(rules, account.ended[number], now_ms), account.ended)):
        del account.ended[order_id]
    oldest = now_ms - rules.fills_kept_ms
    while account.fills and account.fills[0].time_ms <= oldest:
        account.fills.popleft()
    while account.flows and account.flows[0].time_ms <= oldest:
        account.flows.popleft()


def _is_kept(rules: VenueRules, ended: Ended, now_ms: int) -> bool:
    empty = not ended.view.filled and ended.view.state in {OrderState.CANCELLED, OrderState.REJECTED}
    return now_ms < ended.view.updated_ms + (_cancelled_kept_ms(rules, ended) if empty else rules.orders_kept_ms)


def _cancelled_kept_ms(rules: VenueRules, ended: Ended) -> int:
    """What a trigger became and was refused is remembered as long as triggers are: it says why nothing was executed."""
    is_order = ended.view.family is OrderFamily.ORDER and ended.view.state is OrderState.CANCELLED
    own = None if is_order else rules.cancelled_triggers_kept_ms
    return rules.cancelled_orders_kept_ms if own is None else own
