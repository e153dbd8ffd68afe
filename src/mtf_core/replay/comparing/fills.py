"""Two orders that were both sent: whether, when and at what price they filled, and how the position was left.

A candle says no more than its minute: two times in the same minute are equal.
"""

from __future__ import annotations

from typing import Protocol

from mtf_core.market import MINUTE_MS, OrderType, format_instant
from mtf_core.orders import ExitReason, Trade
from mtf_core.orders.supervision.hand import OPERATOR
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.lives import LiveEntry
from mtf_core.replay.ledger import ReadyMinute, ReplayedTrade

Found = tuple[Cause | None, str]
"""The cause, and its evidence in words."""

_BY_LEVEL = {ExitReason.STOP, ExitReason.BREAK_EVEN, ExitReason.TARGET}
_BY_HAND = {ExitReason.HAND, ExitReason.FLIPPED_BY_HAND}
_BY_EXCHANGE = {ExitReason.LIQUIDATION, ExitReason.ADL, ExitReason.SETTLEMENT}


class Circumstances(Protocol):
    """How the replay of one order would have come out otherwise."""

    def after(self, delay_minutes: int) -> tuple[ReadyMinute, ReplayedTrade | None] | None:
        """On the exchange so many minutes after its decision; None: that is what is assumed anyway."""
        ...

    def hangs_on_the_configuration(self) -> bool:
        """Whether it comes to something else by the configuration of its run than by that of now."""
        ...


def compare_fills(
    decided_ms: int,
    live: LiveEntry,
    row: ReadyMinute,
    replayed: ReplayedTrade | None,
    otherwise: Circumstances,
) -> Found:
    """Why these two orders came to different things; None: they did not."""
    trade = None if replayed is None else replayed.trade
    found = _compared(decided_ms, live, row, trade, otherwise)
    if found[0] is not None and otherwise.hangs_on_the_configuration():
        return Cause.CONFIGURATION_CHANGED, f"the replay by the configuration of then is another one; {found[1]}"
    return found


def _compared(
    decided_ms: int, live: LiveEntry, row: ReadyMinute, trade: Trade | None, otherwise: Circumstances
) -> Found:
    filled = None if trade is None else trade.opened_ms
    if _minute(live.filled_ms) != _minute(filled):
        return _of_entry(decided_ms, live, filled, row, otherwise)
    if trade is None:
        return None, ""  # neither filled
    if live.trade is None:
        return Cause.TRIGGER_PRICE_DIFFERED, f"still open in reality; the replay left it by {trade.exit_reason}"
    if not _left_alike(live.trade, trade):
        return _of_exit(live, live.trade, trade)
    return _of_money(live.trade, trade)


def _minute(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // MINUTE_MS


# The entry


def _of_entry(
    decided_ms: int, live: LiveEntry, filled: int | None, row: ReadyMinute, otherwise: Circumstances
) -> Found:
    """Filled in one of them alone, or in another minute."""
    delay = live.delay_minutes(decided_ms)
    told = f"filled {_when(live.filled_ms)} in reality, {_when(filled)} in the replay"
    found = None if delay is None else otherwise.after(delay)
    if found is not None and live.on_exchange_ms is not None:
        _, trade = found
        if _minute(live.filled_ms) == _minute(None if trade is None else trade.trade.opened_ms):
            took = (live.on_exchange_ms - decided_ms) / 1000
            return Cause.LATENCY, f"{told}; on the exchange {took:.0f} s after its minute's close it fills so"
    if live.filled_ms is None and live.reason == OPERATOR:
        return Cause.CLOSED_BY_HAND, f"{told}; an operator cancelled it"
    if live.filled_ms is None:
        return Cause.NOT_FILLED, f"{told}; it ended by {live.reason}"
    return Cause.FILLED_DIFFERENTLY, f"{told}{f', where it ended by {row.ended}' if filled is None else ''}"


def _when(at_ms: int | None) -> str:
    return "never" if at_ms is None else format_instant(at_ms // 1000 * 1000)


# The exit


def _left_alike(live: Trade, replay: Trade) -> bool:
    return live.exit_reason is replay.exit_reason and _minute(live.closed_ms) == _minute(replay.closed_ms)


def _of_exit(entry: LiveEntry, live: Trade, replay: Trade) -> Found:
    told = (
        f"left by {live.exit_reason} {_when(live.closed_ms)} in reality, "
        f"by {replay.exit_reason} {_when(replay.closed_ms)} in the replay"
    )
    if live.exit_reason in _BY_HAND:
        return Cause.CLOSED_BY_HAND, told
    if {live.exit_reason, replay.exit_reason} & _BY_EXCHANGE:
        return Cause.CLOSED_BY_EXCHANGE, told
    intent = entry.intent
    if intent is not None and live.exit_reason is ExitReason.STOP and intent.stop.price != live.planned_stop:
        where = f"the stop stood at {intent.stop.price:f}, planned {live.planned_stop:f}"
        return Cause.TRIGGER_PRICE_DIFFERED, f"{told}; {where}"
    cause, why = _not_by_trigger(entry, live, replay) or (Cause.TRIGGER_PRICE_DIFFERED, "")
    return cause, f"{told}: {why}" if why else told


def _not_by_trigger(entry: LiveEntry, live: Trade, replay: Trade) -> tuple[Cause, str] | None:
    """Where it was not another price that fired: what candles cannot tell, or what no level was the reason of."""
    reasons, intent = {live.exit_reason, replay.exit_reason}, entry.intent
    if not reasons <= _BY_LEVEL:
        return Cause.FILLED_DIFFERENTLY, "not left at a level"
    if intent is not None and intent.terms.target_order is OrderType.LIMIT and ExitReason.TARGET in reasons:
        return Cause.FILLED_DIFFERENTLY, "its target rests at its price, and waits for no trigger"
    if _minute(min(live.closed_ms, replay.closed_ms)) == _minute(live.opened_ms):
        return Cause.ORDER_WITHIN_CANDLE, "within the minute of its entry; a candle does not say what came first"
    if _minute(live.closed_ms) == _minute(replay.closed_ms):
        return Cause.ORDER_WITHIN_CANDLE, "in one minute; a candle does not say what came first"
    return None


# The money


def _of_money(live: Trade, replay: Trade) -> Found:
    """Filled and left in the same minutes, for the same reason."""
    names = ("size", "entry_price", "exit_price", "fees_usdt", "funding_usdt")
    differing = [name for name in names if getattr(live, name) != getattr(replay, name)]
    if differing:
        parts = (f"{name.removesuffix('_usdt').replace('_', ' ')} {_change(live, replay, name)}" for name in differing)
        only_funding = differing == ["funding_usdt"]
        return Cause.FUNDING_DIFFERED if only_funding else Cause.FILLED_DIFFERENTLY, ", ".join(parts)
    if live.net_usdt != replay.net_usdt:
        return Cause.UNEXPLAINED, f"the same fills and costs, and net {_change(live, replay, 'net_usdt')}"
    return None, ""


def _change(live: Trade, replay: Trade, name: str) -> str:
    there, here = getattr(live, name), getattr(replay, name)
    return f"{there:f} for {here:f}" if there is not None and here is not None else f"{there} for {here}"
