"""The orders of an account that may show ids which the store does not know: live ones, and those that ended lately."""

from __future__ import annotations

from mtf_core.execution.desk import Desk
from mtf_core.market import DAY_MS, AccountState, OpenOrder

_LOOK_BACK_MS = DAY_MS
_LAST_INTENTS = 20
"""The symbols of so many intents are looked at beside the busy ones and those of live intents."""


async def orders_of_late(desk: Desk, account: AccountState) -> list[OpenOrder]:
    """The account's live orders, then what ended within a day where we traded. Raises `PortError`."""
    intents = (*await desk.orders.live(), *(await desk.orders.history(_LAST_INTENTS)).items)
    symbols = account.busy_symbols() | {intent.symbol for intent in intents}
    now_ms = desk.now_ms
    found = list(account.open_orders)
    for symbol in sorted(symbols):
        found += await desk.trading.order_history(symbol, now_ms - _LOOK_BACK_MS, now_ms)
    return found
