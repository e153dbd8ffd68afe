"""A stop by hand for a position that no intent accounts for, such as one that a restored store has forgotten.

Its plan is lost, so nothing places a stop by itself: where it would stand, only a person can say. What stands already
is kept.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException

from attrs import define, field

from mtf_core.execution.desk import Desk
from mtf_core.market import (
    AccountState,
    Position,
    ProtectiveOrder,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import Purpose, mint, store_tag
from mtf_core.orders.evidence import Read
from mtf_core.orders.reconcile import armed_stops
from mtf_core.ports import Request
from mtf_core.records import AuditEvent


@define(eq=False)
class UnclaimedStops:
    """Carries out what was asked for such positions: one order for each request, under the id of its number."""

    desk: Desk
    _left: set[int] = field(factory=set, init=False)
    """Requests whose order left this process: it is waited for until it is read back."""

    async def protect(self, account: Read[AccountState], request: Request) -> str:
        """What became of the request; empty: nothing yet. Only a stop that was read back is done. Raises `PortError`.

        The exchange refuses a second order of the same id, and a stop that stands refuses another one here.
        """
        positions = [one for one in account.value.positions if one.symbol == request.symbol]
        if len(positions) != 1:
            return f"nothing was done: {request.symbol} has no live intent, and {len(positions)} positions"
        order, refused = self._order(positions[0], request)
        if order is None:
            return f"refused: {refused}"
        armed = armed_stops(account.value.open_orders, order.symbol, order.side)
        if any(one.client_order_id == order.client_order_id for one in armed):
            return f"done: a stop stands at {order.trigger.price:f}"
        if armed:
            return "refused: a stop stands already; without an intent it is moved at the exchange"
        life_ms = self.desk.settings.operator_request_life_sec * 1000
        if self.desk.now_ms - request.asked_ms > life_ms:
            return "lapsed: no stop was read back in time; look at the exchange, then ask again"
        if request.number in self._left:
            return ""
        return await self._sent(order, request)

    def _order(self, position: Position, request: Request) -> tuple[ProtectiveOrder | None, str]:
        """The order, or why there is none."""
        protection, price = self.desk.capabilities.position_protection, _price(request)
        if protection is None or TriggerPrice.MARK not in protection.trigger_prices:
            return None, "no stop of its own can be placed at this exchange"
        if price is None or set(request.values) - {"stop", "looser"}:
            return None, "without an intent only a stop can be set, at a price above zero"
        if position.mark_price is None:
            return None, "the mark price is not known; ask again"
        if (position.mark_price - price) * position.side.sign <= 0:
            return None, f"the mark price {position.mark_price:f} is beyond a stop at {price:f}: it would fire at once"
        tag = store_tag(self.desk.identity.store_id)
        made = mint(tag, 0, self.desk.account, request.symbol, 1, Purpose.HAND, request.number)
        order = ProtectiveOrder(
            symbol=position.symbol,
            side=position.side,
            purpose=TriggerPurpose.STOP,
            trigger=TriggerLevel(price, TriggerPrice.MARK),
            size=None if protection.whole_position else position.size,
            client_order_id=made.text(self.desk.ids),
        )
        return order, ""

    async def _sent(self, order: ProtectiveOrder, request: Request) -> str:
        self._left.add(request.number)
        outcome = await self.desk.trading.submit_protection(order)
        details = {"stop": f"{order.trigger.price:f}", "result": outcome.result.value, "code": outcome.code}
        now_ms = self.desk.environment.wall.now_ms()
        event = AuditEvent(now_ms, request.actor, "unclaimed_position_protected", order.symbol, details)
        await self.desk.environment.stores.audit.append([event])
        if not outcome.result.nothing_exists:
            return ""
        return f"refused by the exchange: {' '.join(filter(None, (outcome.result.value, outcome.code, outcome.text)))}"


def _price(request: Request) -> Decimal | None:
    try:
        price = Decimal(request.values.get("stop", ""))
    except DecimalException:
        return None
    return price if price.is_finite() and price > 0 else None
