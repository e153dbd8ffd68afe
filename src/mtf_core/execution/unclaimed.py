"""Stops for positions that no intent accounts for, such as one that a restored store has forgotten.

By hand where a person says where it is to stand. A position that our own orders opened gets one by itself, as far from
its mark as the settings say, for its plan is lost. What stands already is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, DecimalException

from attrs import define, field

from mtf_core.execution.desk import Desk
from mtf_core.market import (
    AccountState,
    Contract,
    Position,
    PositionProtection,
    ProtectiveOrder,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders import Purpose, mint, store_tag
from mtf_core.orders.evidence import Read
from mtf_core.orders.reconcile import armed_stops
from mtf_core.ports import Request
from mtf_core.records import AuditEvent

_AGAIN_MS = 10_000
"""Between two tries at a stop that nobody asked for."""


@define(eq=False)
class UnclaimedStops:
    """Carries out what was asked for such positions: one order for each request, under the id of its number."""

    desk: Desk
    _left: set[int] = field(factory=set, init=False)
    """Requests whose order left this process: it is waited for until it is read back."""
    _placed_ms: dict[str, int] = field(factory=dict, init=False)
    """By the id of each order that nobody asked for, when it left last."""

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
        client_order_id = self._id(0, request.symbol, Purpose.HAND, request.number)
        return _stop(position, price, protection, client_order_id), ""

    def _id(self, counter: int, name: str, purpose: Purpose, generation: int = 0) -> str:
        made = mint(store_tag(self.desk.identity.store_id), counter, self.desk.account, name, 1, purpose, generation)
        return made.text(self.desk.ids)

    async def protect_forgotten(
        self, account: AccountState, forgotten: Mapping[tuple[str, Side], int], contracts: Mapping[str, Contract]
    ) -> None:
        """Places a stop for each position of ours whose plan is lost, until one is read back. Raises `PortError`.

        `forgotten` says the number of the lost intent, which the stop's id bears. It has one id as long as the position
        is the same: where it arrived and is not shown yet, the exchange refuses it the second time.
        """
        protection, now_ms = self.desk.capabilities.position_protection, self.desk.now_ms
        if protection is None or TriggerPrice.MARK not in protection.trigger_prices:
            return
        for position in account.positions:
            symbol, side = position.symbol, position.side
            if (symbol, side) not in forgotten or armed_stops(account.open_orders, symbol, side):
                continue
            price = _far_enough(position, self.desk.settings.forgotten_stop_pct, contracts.get(symbol))
            name = f"{symbol}:{side}:{position.opened_ms}:{position.entry_price:f}"
            if price is None or now_ms - self._placed_ms.get(name, 0) < _AGAIN_MS:
                continue
            self._placed_ms[name] = now_ms
            client_order_id = self._id(forgotten[symbol, side], name, Purpose.STOP)
            await self._submitted(_stop(position, price, protection, client_order_id), "supervisor")

    async def _sent(self, order: ProtectiveOrder, request: Request) -> str:
        self._left.add(request.number)
        outcome = await self._submitted(order, request.actor)
        if not outcome.result.nothing_exists:
            return ""
        return f"refused by the exchange: {' '.join(filter(None, (outcome.result.value, outcome.code, outcome.text)))}"

    async def _submitted(self, order: ProtectiveOrder, actor: str) -> WriteOutcome:
        outcome = await self.desk.trading.submit_protection(order)
        details = {"stop": f"{order.trigger.price:f}", "result": outcome.result.value, "code": outcome.code}
        now_ms = self.desk.environment.wall.now_ms()
        event = AuditEvent(now_ms, actor, "unclaimed_position_protected", order.symbol, details)
        await self.desk.environment.stores.audit.append([event])
        return outcome


def _stop(position: Position, price: Decimal, protection: PositionProtection, client_order_id: str) -> ProtectiveOrder:
    return ProtectiveOrder(
        symbol=position.symbol,
        side=position.side,
        purpose=TriggerPurpose.STOP,
        trigger=TriggerLevel(price, TriggerPrice.MARK),
        size=None if protection.whole_position else position.size,
        client_order_id=client_order_id,
    )


def _far_enough(position: Position, share: Decimal, contract: Contract | None) -> Decimal | None:
    """Where the stop of a position without a plan is to stand; None where that cannot be said, or is not wanted.

    Never beyond the liquidation, where it would never fire: then half way to it.
    """
    mark, sign, liquidation = position.mark_price, position.side.sign, position.liquidation_price
    if contract is None or mark is None or not share:
        return None
    price = mark * (1 - sign * share)
    if liquidation is not None and (price - liquidation) * sign <= 0:
        price = (mark + liquidation) / 2
    onto = on_grid_at_or_above if sign > 0 else on_grid_at_or_below
    wanted = onto(price, contract.tick_size)
    return wanted if wanted > 0 and (mark - wanted) * sign > 0 else None


def _price(request: Request) -> Decimal | None:
    try:
        price = Decimal(request.values.get("stop", ""))
    except DecimalException:
        return None
    return price if price.is_finite() and price > 0 else None
