"""What was decided of one symbol at one instant, and what planning made of it: the same form for live and replay."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import evolve, frozen

from mtf_core.market import OrderType, Side, Timeframe, TimeInForce
from mtf_core.planning import OrderPlan, PlanOutcome, Skip
from mtf_core.records import OrderStatus, PlanRecord, ResultRecord, SymbolStatus


@frozen(kw_only=True)
class PlanTerms:
    """What a plan asks the exchange for: two plans that agree in it are the same order."""

    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    entry_price: Decimal
    stop_price: Decimal
    targets: tuple[tuple[Decimal, Decimal], ...]
    """Price and size of each."""
    size: Decimal
    leverage: int

    @classmethod
    def of(cls, plan: OrderPlan | PlanRecord) -> PlanTerms:
        return cls(
            order_type=plan.order_type,
            time_in_force=plan.time_in_force,
            post_only=plan.post_only,
            entry_price=plan.entry_price,
            stop_price=plan.stop_price,
            targets=tuple((target.price, target.size) for target in plan.take_profits),
            size=plan.size,
            leverage=plan.leverage,
        )

    @property
    def words(self) -> str:
        targets = " and ".join(f"{price:f}" for price, _ in self.targets)
        return f"{self.size:f} at {self.entry_price:f}, stop {self.stop_price:f}, target {targets}"


@frozen(kw_only=True)
class Answer:
    """READY or not, on which side and timeframe, under which key, and why not. A guard's "no" is none of it: that is of
    the account, and is compared with the orders."""

    status: SymbolStatus
    side: Side | None
    timeframe: Timeframe | None
    key: str | None
    reason: str | None
    """Of deciding, or of planning where it is READY; None: READY, and planned or not asked to be."""
    plan: PlanTerms | None = None

    @property
    def ready(self) -> bool:
        return self.status is SymbolStatus.READY

    @property
    def final(self) -> tuple[object, ...]:
        """The decision with its final reason, be it planning's; not what was planned."""
        return self.status, self.side, self.timeframe, self.key, self.reason

    @property
    def decided(self) -> tuple[object, ...]:
        """What the decision alone says."""
        return self.status, self.side, self.timeframe, self.key, None if self.ready else self.reason

    @property
    def words(self) -> str:
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        if self.ready:
            yield f"READY {self.side} on {self.timeframe}"
        elif self.status is SymbolStatus.ERROR:
            yield "error"
        else:
            yield "not READY" if self.side is None else f"not READY ({self.side})"
        if self.reason is not None:
            yield self.reason
        if self.plan is not None:
            yield self.plan.words


def live_answer(result: ResultRecord) -> Answer:
    """What a stored result says of decision and plan."""
    reason: object = result.reason
    if result.status is SymbolStatus.READY:
        # Where there is a plan, the reason is a guard's or the exchange's.
        reason = None if result.plan is not None or result.order is None else _skip_of(result)
    return Answer(
        status=result.status,
        side=result.side,
        timeframe=result.execution_timeframe,
        key=result.decision_key,
        reason=None if reason is None else str(reason),
        plan=None if result.plan is None else PlanTerms.of(result.plan),
    )


def _skip_of(result: ResultRecord) -> object:
    return result.order.reason if result.order is not None and result.order.status is OrderStatus.SKIPPED else None


def with_plan(answer: Answer, outcome: PlanOutcome) -> Answer:
    """The answer of a READY decision with what planning made of it."""
    if isinstance(outcome, Skip):
        return evolve(answer, reason=str(outcome.reason))
    return evolve(answer, plan=PlanTerms.of(outcome))
