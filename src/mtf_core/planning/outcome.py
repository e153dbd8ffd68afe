"""What planning ends in: an order plan, or a skip with a reason; both with every step that led there."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import MarginMode, OrderType, Side, Timeframe, TimeInForce
from mtf_core.planning.html import plan_html, skip_html
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import EndOfZoneSettings

StepValue = Decimal | int | bool | str


@frozen
class Step:
    """One number or choice of a plan, so that a person can compute it again.

    `formula` speaks of the names in `inputs`, of settings and of earlier steps.
    """

    name: str
    formula: str
    inputs: tuple[tuple[str, StepValue], ...]
    value: StepValue
    unit: str = ""


@frozen
class EntryZone:
    """The band in which an entry is acceptable, in quote currency."""

    low: Decimal
    high: Decimal
    anchor: Decimal
    anchor_source: str
    """The feature that is the anchor, with its timeframe: `5m.vwap`."""
    expires_at_ms: int


@frozen
class TakeProfit:
    """One target: its price, the part of the position it closes, and its distance in stop distances."""

    price: Decimal
    size: Decimal
    share: Decimal
    """Part of the whole size, 0..1."""
    r: Decimal


@frozen
class Supervision:
    """What the supervisor of the order is told; times are UTC milliseconds."""

    order_deadline_ms: int | None
    """When an unfilled limit entry is cancelled; None for a market entry."""
    out_of_zone_from_ms: int | None
    """From when on an entry whose price left the zone is cancelled; None without a zone or for a market entry."""
    end_of_zone: EndOfZoneSettings | None
    """What may be taken when the zone is about to expire; None: nothing."""
    break_even_after_tp1: bool
    hard_time_stop_minutes: Decimal | None
    """Minutes after the fill at which the position is closed at market; None: never."""


@frozen
class OrderPlan:
    """Everything needed to place an order. Prices and money are in quote currency, sizes in contracts."""

    symbol: str
    side: Side
    execution_timeframe: Timeframe
    decision_key: str
    planned_at_ms: int
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    margin_mode: MarginMode
    entry_price: Decimal
    worst_entry_price: Decimal | None
    """The worst price at which the entry may fill: that of the limit, or the bound of a `market_entry`; None: any."""
    stop_price: Decimal
    stop_source: str
    take_profits: tuple[TakeProfit, ...]
    size: Decimal
    contract_size: Decimal
    tick_size: Decimal
    size_step: Decimal
    leverage: int
    notional_usdt: Decimal
    margin_usdt: Decimal
    budget_usdt: Decimal
    risk_usdt: Decimal
    loss_at_stop_usdt: Decimal
    liquidation_price: Decimal
    """As an isolated position, on the tick grid toward the entry; 0 when a long position cannot be liquidated."""
    zone: EntryZone | None
    best_bid: Decimal
    best_ask: Decimal
    mark_price: Decimal | None
    supervision: Supervision
    steps: tuple[Step, ...]

    @property
    def order_words(self) -> str:
        """The kind of the entry order as a person says it: `limit, gtc, post-only`."""
        return f"{self.order_type}, {self.time_in_force}{', post-only' if self.post_only else ''}"

    def _repr_html_(self) -> str:
        return plan_html(self)


@frozen
class Skip:
    """Why there is no plan or no order, the numbers that show it, and the steps of the plan up to there."""

    reason: Reason
    facts: tuple[tuple[str, StepValue], ...] = ()
    steps: tuple[Step, ...] = ()

    def _repr_html_(self) -> str:
        return skip_html(self)


PlanOutcome = OrderPlan | Skip
