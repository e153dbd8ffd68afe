"""What became of a decision once it was an order: its intent, and the trade that came of it, in one line."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mtf_core.inquiry.trades import intent_to_json, trade_among, trade_to_json
from mtf_core.market import MINUTE_MS
from mtf_core.orders import Intent, Trade
from mtf_core.ports import OrderStore


@frozen
class Ordered:
    """An intent beside the decision that was asked about."""

    intent: Intent
    trade: Trade | None
    is_of_decision: bool
    """Whether it is the decision's own; else it is the symbol's newest one, of another decision."""

    @property
    def words(self) -> str:
        key = self.intent.decision_key
        whose = f"order {key}" if self.is_of_decision else f"newest order, of another decision, {key}"
        return f"{whose}: {_trade_words(self.trade) if self.trade is not None else _intent_words(self.intent)}"

    def to_json(self) -> dict[str, Any]:
        return {
            "is_of_decision": self.is_of_decision,
            "intent": intent_to_json(self.intent),
            "trade": None if self.trade is None else trade_to_json(self.trade),
        }


async def ordered(orders: OrderStore, symbol: str, decision_key: str | None, *, or_newest: bool) -> Ordered | None:
    """The intent of a decision key; with `or_newest` else the symbol's newest one. None: there is none."""
    own = None if decision_key is None else await orders.intent(decision_key)
    intent = own or (await orders.last_of(symbol) if or_newest else None)
    if intent is None:
        return None
    return Ordered(intent, trade_among(await orders.events(intent.decision_key)), intent.decision_key == decision_key)


def _intent_words(intent: Intent) -> str:
    filled = f"{intent.filled:f} of {intent.wanted.size:f} filled"
    if not intent.is_live:
        return f"over without a trade, {filled}, entry {intent.entry}"
    return f"live, {filled}, entry {intent.entry}, position {intent.position}, stop {intent.stop.price:f}"


def _trade_words(trade: Trade) -> str:
    left = "left" if trade.exit_reason is None else f"left by {trade.exit_reason}"
    r = "" if trade.r_net is None else f" ({trade.r_net:+.2f} R)"
    held = "" if trade.holding_ms is None else f", held {trade.holding_ms / MINUTE_MS:.1f} min"
    booked = ", booked by hand" if trade.booked_by_hand else ""
    return f"{left}, net {trade.net_usdt:f}{r}{held}{booked}; `mtf story {trade.decision_key}` tells all of it"
