"""What planning ends in: an order plan, or a skip with a reason; both with every step that led there."""

from __future__ import annotations

from decimal import Decimal, localcontext
from enum import StrEnum

from attrs import frozen

from mtf_core.market import MarginMode, OrderType, Side, Timeframe, TimeInForce, TriggerPrice
from mtf_core.planning.html import plan_html, skip_html
from mtf_core.planning.zone_event import EntryZone, ZoneEvent
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import EndOfZoneSettings


class SizeLimit(StrEnum):
    """What kept a position from being larger."""

    RISK = "risk"
    """The loss at the stop."""
    BUDGET = "budget"
    """The margin at the highest leverage."""
    VOLUME = "volume"
    """The largest order, or the largest market stop, of the contract."""
    BRACKET = "bracket"
    """The exchange's risk limit at this notional."""
    LIQUIDATION = "liquidation"
    """The distance between stop and liquidation, at a leverage that the budget can pay for."""


StepValue = Decimal | int | bool | str


@frozen
class Step:
    """One number or choice of a plan, so that a person can compute it again.

    `formula` is an expression of the names in `inputs`: + − · /, parentheses, min, max, abs, clamp(value, low, high),
    whole_down, whole_up, and down(value, step), up(value, step) for a grid. Evaluated, it gives `value`.
    """

    name: str
    formula: str
    inputs: tuple[tuple[str, StepValue], ...]
    value: StepValue
    unit: str = ""


@frozen
class TakeProfit:
    """One target: its price, the part of the position it closes, and what is left of it; R in stop distances."""

    price: Decimal
    size: Decimal
    share: Decimal
    """Part of the whole size, 0..1."""
    r: Decimal
    """Distance from the entry, gross."""
    fee_usdt: Decimal
    """Of closing the part at the target."""
    net_gain_usdt: Decimal
    """Of the part, after the fees of entry and target."""
    net_r: Decimal
    """Net gain over the part's net loss at the stop."""


@frozen
class PlanCosts:
    """What a plan costs, reckoned at the planned entry; money in quote currency."""

    entry_fee_usdt: Decimal
    stop_fee_usdt: Decimal
    half_spread_usdt: Decimal
    """Paid by an entry that takes; part of its price already. 0 for one that waits."""
    net_loss_at_stop_usdt: Decimal
    """1 R net: the way from entry to stop, and both fees."""
    net_r: Decimal
    """Of the whole trade when every target is reached."""
    break_even_win_rate: Decimal
    """1 / (1 + net_r): the share of winners at which nothing is won or lost; above 1 where fees eat every gain."""


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
    worst_entry_price: Decimal
    """The worst price at which the entry may fill, and the bound that it is sent with; a limit's own price."""
    stop_price: Decimal
    stop_source: str
    """What set its distance: `atr`, `pivot`, `risk`, or `min_distance` where that was too near."""
    stop_wanted_source: str
    stop_wanted_distance: Decimal
    """Where the policy took the stop from, and how far from the entry it wanted it."""
    stop_trigger: TriggerPrice
    """Which price fires the stop, and a target that waits for one."""
    take_profits: tuple[TakeProfit, ...]
    size: Decimal
    size_limited_by: SizeLimit
    contract_size: Decimal
    tick_size: Decimal
    size_step: Decimal
    leverage: int
    notional_usdt: Decimal
    margin_usdt: Decimal
    """At the dearest price at which the entry may fill."""
    budget_usdt: Decimal
    risk_usdt: Decimal
    loss_at_stop_usdt: Decimal
    """From the worst entry, fees included where the settings ask; at most the risk."""
    costs: PlanCosts
    liquidation_price: Decimal
    """As an isolated position, on the tick grid toward the entry; 0 when a long position cannot be liquidated."""
    zone: EntryZone | None
    best_bid: Decimal
    best_ask: Decimal
    mark_price: Decimal | None
    supervision: Supervision
    zone_event: ZoneEvent | None
    steps: tuple[Step, ...]

    @property
    def order_words(self) -> str:
        """The kind of the entry order as a person says it: `limit, gtc, post-only`."""
        return f"{self.order_type}, {self.time_in_force}{', post-only' if self.post_only else ''}"

    @property
    def stop_words(self) -> str:
        """What set the stop and what fires it, as a person says it: `min_distance; atr wanted it 0.4 away; by mark`."""
        if self.stop_source == self.stop_wanted_source:
            return f"{self.stop_source}; by {self.stop_trigger}"
        with localcontext(prec=6):
            wanted = +self.stop_wanted_distance
        return f"{self.stop_source}; {self.stop_wanted_source} wanted it {wanted:f} away; by {self.stop_trigger}"

    @property
    def cost_words(self) -> str:
        """What the plan costs in one line: `net 0.87 R, breaks even at 53.4 % winners; fees 0.12 + 0.12 USDT`."""
        costs = self.costs
        fees = f"fees {float(costs.entry_fee_usdt):.4g} USDT at entry, {float(costs.stop_fee_usdt):.4g} at the stop"
        spread = f", half the spread {float(costs.half_spread_usdt):.4g}" if costs.half_spread_usdt else ""
        won = f"net {float(costs.net_r):.2f} R, breaks even at {float(costs.break_even_win_rate):.1%} winners"
        return f"{won}; {fees}{spread}"

    def _repr_html_(self) -> str:
        return plan_html(self)


@frozen
class Skip:
    """Why there is no plan or no order, the numbers that show it, and the steps of the plan up to there.

    `zone_event` is None where no zone was drawn before the skip.
    """

    reason: Reason
    facts: tuple[tuple[str, StepValue], ...] = ()
    steps: tuple[Step, ...] = ()
    zone_event: ZoneEvent | None = None

    def _repr_html_(self) -> str:
        return skip_html(self)


PlanOutcome = OrderPlan | Skip
