"""Orders of accounts that rest on one side of one symbol's book, by price, then by time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Action
from mtf_adapters.sandbox.matching.order import Order


class RestingSide:
    """`action` is what its orders do: bids BUY, the highest first; asks SELL, the lowest first."""

    __slots__ = ("_action", "_keys", "_orders")

    def __init__(self, action: Action) -> None:
        self._action = action
        self._keys: list[tuple[Decimal, int]] = []
        self._orders: dict[tuple[Decimal, int], Order] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[tuple[Decimal, Order]]:
        """Prices and orders, the best first."""
        return (self._found(key) for key in self._keys)

    def add(self, order: Order) -> None:
        key = self._key(order)
        insort(self._keys, key)
        self._orders[key] = order

    def remove(self, order: Order) -> None:
        """Nothing happens where the order does not rest here."""
        key = self._key(order)
        if self._orders.get(key) is order:
            del self._keys[bisect_left(self._keys, key)]
            del self._orders[key]

    def best(self) -> tuple[Decimal, Order] | None:
        """The price and the order that is next at it."""
        return self._found(self._keys[0]) if self._keys else None

    def _found(self, key: tuple[Decimal, int]) -> tuple[Decimal, Order]:
        return key[0].copy_abs(), self._orders[key]

    def _key(self, order: Order) -> tuple[Decimal, int]:
        if order.price is None:
            raise ValueError(f"order {order.order_id} has no price to rest at")
        # copy_negate is exact in any context; a minus sign would round in the context of whoever calls.
        price = order.price.copy_negate() if self._action is Action.BUY else order.price
        return price, order.priority
