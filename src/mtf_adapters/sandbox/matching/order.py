"""An order while it lives in the engine: resting orders, triggers and trailing orders alike."""

from __future__ import annotations

from decimal import Decimal

from attrs import define

from mtf_adapters.sandbox.matching.commands import Action, Direction, Preset, SelfTrade
from mtf_adapters.sandbox.matching.events import OrderCause, OrderFamily, OrderView
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.money import ZERO, quotient
from mtf_core.market import (
    FillCause,
    MarginMode,
    OrderState,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
)


@define(eq=False, slots=True)
class Order:
    """Changes while it lives, never once it has ended."""

    account: str
    order_id: int
    client_order_id: str
    symbol: str
    family: OrderFamily
    action: Action
    position_side: Side | None
    reduce_only: bool
    order_type: OrderType
    size: Decimal | None
    price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    leverage: Decimal
    margin_mode: MarginMode
    created_ms: int
    updated_ms: int
    state: OrderState = OrderState.LIVE
    self_trade: SelfTrade = SelfTrade.CANCEL_MAKER
    cause: FillCause = FillCause.ORDER
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO
    """Sum of size · price over its executions."""
    opened: Decimal = ZERO
    """What of it opened or enlarged a position."""
    reserved_margin: Decimal = ZERO
    """What the account has set aside for what may still open."""
    reserved_of: object = None
    """For what: looked at hundreds of times while other orders come and go, and reckoned when it changes."""
    bound: Decimal | None = None
    """Of a market order: the worst price at which it executes, where the venue knows one."""
    priority: int = 0
    """Its place in the queue of its price."""
    purpose: TriggerPurpose | None = None
    trigger_price: Decimal | None = None
    trigger_by: TriggerPrice | None = None
    direction: Direction | None = None
    callback_ratio: Decimal | None = None
    best_price: Decimal | None = None
    """Of a trailing order that is active: the extreme it follows."""
    stop: Preset | None = None
    target: Preset | None = None
    armed: tuple[int, ...] = ()
    """The triggers that its presets became."""
    parent_id: int = 0
    child_id: int = 0
    pair_id: int = 0
    """Of half a pair: the id of its first half."""
    ended_by: OrderCause | None = None
    presets_failed: bool = False
    ends_with_position: bool | None = None
    visible_from_ms: int = 0

    @classmethod
    def closing(
        cls, holding: Holding, size: Decimal, mode: PositionMode, now_ms: int, cause: FillCause = FillCause.ORDER
    ) -> Order:
        """A market order that reduces a position by a size."""
        return cls(
            account=holding.account,
            order_id=0,
            client_order_id="",
            symbol=holding.symbol,
            family=OrderFamily.ORDER,
            action=Action.SELL if holding.side is Side.LONG else Action.BUY,
            position_side=holding.side if mode is PositionMode.HEDGE else None,
            reduce_only=True,
            order_type=OrderType.MARKET,
            size=size,
            price=None,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            leverage=holding.leverage,
            margin_mode=holding.margin_mode,
            created_ms=now_ms,
            updated_ms=now_ms,
            cause=cause,
        )

    @property
    def remaining(self) -> Decimal:
        """What may still execute; only orders have it, triggers of a whole position have none of their own."""
        return (self.size or ZERO) - self.filled

    @property
    def limit(self) -> Decimal | None:
        """The worst price at which it executes; None: at any."""
        return self.bound if self.price is None else self.price

    @property
    def opens(self) -> bool:
        """Whether a position may come of it."""
        return not self.reduce_only

    @property
    def reduces_side(self) -> Side:
        """The side of the position that it reduces, if it reduces one."""
        return Side.LONG if self.action is Action.SELL else Side.SHORT

    @property
    def opens_side(self) -> Side:
        return Side.LONG if self.action is Action.BUY else Side.SHORT

    def view(self) -> OrderView:
        return OrderView(
            account=self.account,
            order_id=self.order_id,
            client_order_id=self.client_order_id,
            symbol=self.symbol,
            family=self.family,
            action=self.action,
            position_side=self.position_side,
            reduce_only=self.reduce_only,
            order_type=self.order_type,
            size=self.size,
            filled=self.filled,
            average_price=quotient(self.filled_value, self.filled) if self.filled else None,
            price=self.price,
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            leverage=self.leverage,
            margin_mode=self.margin_mode,
            state=self.state,
            created_ms=self.created_ms,
            updated_ms=self.updated_ms,
            cause=self.cause,
            purpose=self.purpose,
            trigger_price=self.trigger_price,
            trigger_by=self.trigger_by,
            direction=self.direction,
            callback_ratio=self.callback_ratio,
            stop_price=self.stop.price if self.stop else None,
            stop_by=self.stop.by if self.stop else None,
            target_price=self.target.price if self.target else None,
            target_by=self.target.by if self.target else None,
            parent_id=self.parent_id,
            child_id=self.child_id,
            pair_id=self.pair_id,
            stop_client_order_id=self.stop.client_order_id if self.stop else "",
            target_client_order_id=self.target.client_order_id if self.target else "",
            stop_limit_price=self.stop.limit_price if self.stop else None,
            target_limit_price=self.target.limit_price if self.target else None,
            ended_by=self.ended_by,
            presets_failed=self.presets_failed,
        )
