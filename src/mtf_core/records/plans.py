"""An order plan as it is stored: what the planner said, under the same names."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

import attrs
from attrs import frozen

from mtf_core.market import MarginMode, OrderType, Side, Timeframe, TimeInForce, TriggerPrice
from mtf_core.planning import EntryZone, OrderPlan, PlanCosts, SizeLimit, Step, Supervision, TakeProfit, ZoneEvent


@frozen(kw_only=True)
class TargetRecord:
    """A target of a stored plan; what is None was not told by the version that stored it. See `TakeProfit`."""

    price: Decimal
    size: Decimal
    share: Decimal
    r: Decimal
    fee_usdt: Decimal | None = None
    net_gain_usdt: Decimal | None = None
    net_r: Decimal | None = None

    @classmethod
    def of(cls, target: TakeProfit) -> Self:
        return cls(**attrs.asdict(target, recurse=False))


@frozen(kw_only=True)
class PlanRecord:
    """A stored plan, with every step; see `OrderPlan` for units and meanings.

    What has a default is None where an older version, which did not tell it, stored the plan. Ratios are kept to the
    precision of a float, everything else exactly.
    """

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
    """None: an older version's limit, which filled at its own price."""
    stop_price: Decimal
    stop_source: str
    stop_wanted_source: str | None = None
    stop_wanted_distance: Decimal | None = None
    stop_trigger: TriggerPrice | None = None
    take_profits: tuple[TargetRecord, ...]
    size: Decimal
    size_limited_by: SizeLimit | None = None
    contract_size: Decimal
    tick_size: Decimal
    size_step: Decimal
    leverage: int
    notional_usdt: Decimal
    margin_usdt: Decimal
    budget_usdt: Decimal
    risk_usdt: Decimal
    loss_at_stop_usdt: Decimal
    costs: PlanCosts | None = None
    liquidation_price: Decimal
    zone: EntryZone | None
    best_bid: Decimal
    best_ask: Decimal
    mark_price: Decimal | None
    supervision: Supervision
    zone_event: ZoneEvent | None
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, plan: OrderPlan) -> Self:
        """What is stored of a plan: all of it."""
        targets = tuple(TargetRecord.of(target) for target in plan.take_profits)
        return cls(**attrs.asdict(plan, recurse=False) | {"take_profits": targets})

    def plan(self) -> OrderPlan | None:
        """The plan again, with ratios as they were kept; None where an older version did not tell all of it."""
        values = attrs.asdict(self, recurse=False)
        targets = [attrs.asdict(target, recurse=False) for target in self.take_profits]
        parts = [values, *targets]
        optional = {"zone", "mark_price", "zone_event"}
        if any(value is None for part in parts for name, value in part.items() if name not in optional):
            return None
        return OrderPlan(**values | {"take_profits": tuple(TakeProfit(**target) for target in targets)})
