"""Switches that follow what was done: a symbol is left alone for a while after an order left, or was cancelled."""

from __future__ import annotations

from mtf_core.market import MINUTE_MS
from mtf_core.ports import Environment, PortError
from mtf_core.risk import BUSY, CANCELLED, ORDERED, Switch, Switchboard, switch_key

_OURS = frozenset({BUSY, ORDERED, CANCELLED})


async def switch_off(environment: Environment, symbol: str, minutes: int, reason: str, now_ms: int) -> bool:
    """Turns the symbol's switch off from now on for so many minutes; whether it was.

    A switch that an operator turned off, or that somebody changes at this moment, stays as it is. A store that fails is
    no error: what is on the exchange keeps its symbol busy whatever the switch says.
    """
    switch = Switch(switch_key(symbol), False, now_ms + minutes * MINUTE_MS, reason, now_ms)
    try:
        board = Switchboard.of(await environment.stores.switches.all(), now_ms)
        current = board.switches.get(switch.key)
        if current is not None and current.is_off(now_ms) and current.reason not in _OURS:
            return False
        return bool(await environment.stores.switches.change([board.change_to(switch)]))
    except PortError:
        return False
