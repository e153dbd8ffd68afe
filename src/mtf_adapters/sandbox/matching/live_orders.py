"""The live orders of one account, found by symbol, id and what they may do. Everything by age, the oldest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mtf_adapters.sandbox.matching.events import OrderFamily
from mtf_adapters.sandbox.matching.order import Order
from mtf_core.market import Side


class LiveOrders:
    __slots__ = ("_by_symbol", "_entries", "_exits")

    def __init__(self) -> None:
        self._by_symbol: dict[str, dict[int, Order]] = defaultdict(dict)
        self._entries: dict[str, dict[int, Order]] = defaultdict(dict)
        self._exits: dict[tuple[str, Side], dict[int, Order]] = defaultdict(dict)

    def __bool__(self) -> bool:
        return any(self._by_symbol.values())

    def add(self, order: Order) -> None:
        self._by_symbol[order.symbol][order.order_id] = order
        if order.family is OrderFamily.ORDER:
            self._role(order)[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Nothing happens where it is not among them."""
        self._by_symbol[order.symbol].pop(order.order_id, None)
        if order.family is OrderFamily.ORDER:
            self._role(order).pop(order.order_id, None)

    def of(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Of a symbol, or all: resting and pending orders, triggers, trailing orders; as they are now."""
        if symbol is not None:
            return tuple(self._by_symbol[symbol].values()) if symbol in self._by_symbol else ()
        return tuple(order for orders in self._by_symbol.values() for order in orders.values())

    def entries(self, symbol: str) -> tuple[Order, ...]:
        """Orders that stand, or are about to, and may open a position."""
        return tuple(self._entries[symbol].values()) if symbol in self._entries else ()

    def exits(self, symbol: str, side: Side) -> tuple[Order, ...]:
        """Orders that stand, or are about to, and reduce the position of the side."""
        return tuple(self._exits[symbol, side].values()) if (symbol, side) in self._exits else ()

    def get(self, order_id: int, symbol: str | None = None) -> Order | None:
        """The live order of an id; None for one of another symbol than the one named."""
        if symbol is not None:
            return self._by_symbol[symbol].get(order_id) if symbol in self._by_symbol else None
        found = (orders[order_id] for orders in self._by_symbol.values() if order_id in orders)
        return next(found, None)

    def symbols(self) -> Iterator[str]:
        """Those with any live order."""
        return (symbol for symbol, orders in self._by_symbol.items() if orders)

    def _role(self, order: Order) -> dict[int, Order]:
        return self._exits[order.symbol, order.reduces_side] if order.reduce_only else self._entries[order.symbol]
