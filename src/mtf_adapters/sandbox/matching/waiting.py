"""Orders of one symbol that wait for a price, kept so that looking whether one is due costs nothing when none is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Action, Direction, Tick
from mtf_adapters.sandbox.matching.events import OrderFamily
from mtf_adapters.sandbox.matching.money import ZERO
from mtf_adapters.sandbox.matching.order import Order
from mtf_core.market import TriggerPrice

_Key = tuple[Decimal, int]
_Queue = tuple[TriggerPrice, Direction]
_AFTER_ALL = 2**63
"""Behind the id of every order."""


class Waiting:
    __slots__ = ("_keys", "_orders", "_queues", "_trailing")

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._trailing: dict[int, Order] = {}
        self._queues: dict[_Queue, list[_Key]] = {(by, way): [] for by in TriggerPrice for way in Direction}
        self._keys: dict[int, tuple[_Queue, _Key]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, order: Order) -> None:
        """Raises ValueError for an order that names no price to wait for."""
        if order.trigger_price is None or order.trigger_by is None:
            raise ValueError(f"order {order.order_id} waits for no price")
        self._orders[order.order_id] = order
        if order.family is OrderFamily.TRAILING:
            self._trailing[order.order_id] = order
            return
        way = order.direction or Direction.RISES
        price = order.trigger_price if way is Direction.RISES else order.trigger_price.copy_negate()
        queue, key = (order.trigger_by, way), (price, order.order_id)
        insort(self._queues[queue], key)
        self._keys[order.order_id] = (queue, key)

    def remove(self, order: Order) -> None:
        """Nothing happens where it does not wait."""
        self._orders.pop(order.order_id, None)
        self._trailing.pop(order.order_id, None)
        placed = self._keys.pop(order.order_id, None)
        if placed is not None:
            queue, key = placed
            del self._queues[queue][bisect_left(self._queues[queue], key)]

    def get(self, order_id: int) -> Order | None:
        return self._orders.get(order_id)

    def due(self, tick: Tick) -> list[Order]:
        """What fires at the prices of a tick, the oldest first. Trailing orders learn the prices on the way."""
        if not self._orders:
            return []
        found = [order for order in self._trailing.values() if trails_back(order, tick)]
        for (by, way), queue in self._queues.items():
            if not queue:
                continue
            price = tick.mark if by is TriggerPrice.MARK else tick.last
            reached = price if way is Direction.RISES else price.copy_negate()
            if queue[0][0] <= reached:
                due = bisect_right(queue, (reached, _AFTER_ALL))
                found.extend(self._orders[number] for _, number in queue[:due])
        return sorted(found, key=lambda order: order.order_id)


def trails_back(order: Order, tick: Tick) -> bool:
    """Follows the highest price to sell, the lowest to buy, from the activation on; true once it turned far enough."""
    price = tick.mark if order.trigger_by is TriggerPrice.MARK else tick.last
    activation, ratio = order.trigger_price or ZERO, order.callback_ratio or ZERO
    sells = order.action is Action.SELL
    if order.best_price is None:
        if not (price >= activation if sells else price <= activation):
            return False
        order.best_price = price
    order.best_price = max(order.best_price, price) if sells else min(order.best_price, price)
    if sells:
        return price <= order.best_price * (1 - ratio)
    return price >= order.best_price * (1 + ratio)
