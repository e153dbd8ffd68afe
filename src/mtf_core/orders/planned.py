"""From a plan to an intent: which order is to be sent, and what its supervision has to know. Pure.

What an exchange can do decides how an entry may stand there. A stop that travels inside the entry and arms at the first
fill lets it rest. Where the stop arms only when all has filled, or none can travel, an entry takes at once or is
refused: what fills of a resting one would stand without a stop until somebody places it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto

from attrs import evolve, frozen

from mtf_core.market import (
    ArmsAt,
    Capabilities,
    ClientIds,
    Contract,
    OrderType,
    OversizedExit,
    TimeInForce,
    TriggerLevel,
)
from mtf_core.orders.client_ids import ClientIdError, Purpose, mint
from mtf_core.orders.intent import Attempt, Intent, Terms, Wanted, WantedTarget
from mtf_core.planning import OrderPlan, Skip
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trading import OrderSettings, TradingSettings


class Regime(Enum):
    """How an entry is protected from its first fill on."""

    TRAVELS = auto()
    """Its stop travels with it and arms at the first fill."""
    TRAVELS_LATE = auto()
    """Its stop travels with it and arms at the full fill; parts get one of their own, which may overlap with it."""
    OWN = auto()
    """It carries no stop; what fills gets one of its own."""

    @property
    def carries_stop(self) -> bool:
        return self is not Regime.OWN


@frozen(kw_only=True)
class Draft:
    """An intent before it has its place in a store: everything but the account, the tag and the counter."""

    decision_key: str
    wanted: Wanted
    terms: Terms
    attempt: Attempt
    """Without its id."""
    planned_ms: int
    """When the plan was made, by the exchange's time."""
    expires_ms: int
    """From when on the plan is not to be acted on any more."""
    namespace: str
    """The world of whose data it was planned on."""

    @property
    def symbol(self) -> str:
        return self.wanted.symbol

    def intent(self, account: str, tag: int, counter: int, ids: ClientIds) -> Intent:
        """The intent as it is to be committed."""
        entry_id = mint(tag, counter, account, self.decision_key, self.attempt.number, Purpose.ENTRY).text(ids)
        return Intent(
            account=account,
            decision_key=self.decision_key,
            tag=tag,
            counter=counter,
            wanted=self.wanted,
            terms=self.terms,
            attempt=evolve(self.attempt, client_order_id=entry_id),
        )


@frozen(kw_only=True)
class PlanUse:
    """For what, by whom and when a plan is put to use."""

    profile: str
    run_id: str
    now_ms: int
    """By the exchange's time: nothing of the order is older."""
    facts_ms: int
    """Of when the book and the mark are that the plan was made from, or checked against; the older of them."""
    namespace: str
    """Of the stores whose candles, contracts or stored plan it rests on."""


def draft_of(
    plan: OrderPlan,
    contract: Contract,
    settings: TradeEntrySettings,
    trading: TradingSettings,
    capabilities: Capabilities,
    use: PlanUse,
) -> Draft | Skip:
    """The draft of a plan's intent; a skip for what this exchange cannot do safely."""
    impossible = _not_traceable(plan, trading.orders, capabilities) or _wrong_mode(plan, capabilities)
    if impossible:
        return impossible
    regime = regime_of(plan, capabilities)
    if regime is None:
        return Skip(Reason.PROTECTION_NOT_AVAILABLE, (("stop_trigger", str(plan.stop_trigger)),))
    attempt = _attempt(plan, regime, trading.orders, capabilities, use)
    if isinstance(attempt, Skip):
        return attempt
    return Draft(
        decision_key=plan.decision_key,
        wanted=_wanted(plan, settings, capabilities),
        terms=_terms(plan, contract, settings, trading, capabilities, attempt, use),
        attempt=attempt,
        planned_ms=plan.planned_at_ms,
        expires_ms=expires_ms(plan, settings, use.facts_ms),
        namespace=use.namespace,
    )


def expires_ms(plan: OrderPlan, settings: TradeEntrySettings, facts_ms: int) -> int:
    """From when on a plan is not to be acted on: with its zone, else with the wait of its entry, and never on facts of
    the market that are staler than the settings allow."""
    fresh_ms = facts_ms + settings.staleness.quote_sec * 1000
    own_ms = plan.planned_at_ms + settings.supervision.order_timeout_sec * 1000
    return min(fresh_ms, own_ms if plan.zone is None else plan.zone.expires_at_ms)


def regime_of(plan: OrderPlan, capabilities: Capabilities) -> Regime | None:
    """How the plan's entry is protected at this exchange; None: it cannot be from its first fill on."""
    travelling, own = capabilities.entry_protection, capabilities.position_protection
    travels = travelling is not None and plan.stop_trigger in travelling.trigger_prices
    stands_alone = own is not None and plan.stop_trigger in own.trigger_prices
    if travels and travelling is not None and travelling.arms_at is ArmsAt.FIRST_FILL:
        return Regime.TRAVELS
    if not stands_alone:
        return None
    may_overlap = capabilities.oversized_exit is OversizedExit.TRIMMED
    return Regime.TRAVELS_LATE if travels and may_overlap else Regime.OWN


def longest_life_ms(orders: OrderSettings, capabilities: Capabilities) -> int:
    """How long after its commit an entry may still have an effect; 0 where the exchange refuses no late request."""
    deadline = capabilities.request_deadline
    return 0 if deadline is None else min(orders.request_life_sec * 1000, deadline.longest_ms)


def _not_traceable(plan: OrderPlan, orders: OrderSettings, capabilities: Capabilities) -> Skip | None:
    """What stands against ever knowing what became of the order, whatever happens to its answer."""
    life_ms = longest_life_ms(orders, capabilities)
    if not life_ms:
        return _untraceable("the exchange does not refuse a request that comes late")
    waits_ms = (plan.supervision.order_deadline_ms or plan.planned_at_ms) - plan.planned_at_ms
    settled_ms = life_ms + waits_ms + orders.clock_skew_ms + capabilities.visibility_lag_ms
    if not capabilities.client_ids.lookup_open:
        return _untraceable("the exchange does not show ids of ours")
    if min(capabilities.client_ids.lookup_history_ms, capabilities.fills_kept_ms) <= settled_ms:
        return _untraceable("the exchange forgets orders before their end is certain")
    try:
        mint(0, 0, "", plan.decision_key, 1, Purpose.ENTRY).text(capabilities.client_ids)
    except ClientIdError as error:
        return _untraceable(str(error))
    return None


def _untraceable(why: str) -> Skip:
    return Skip(Reason.EVIDENCE_NOT_AVAILABLE, (("why", why),))


def _wrong_mode(plan: OrderPlan, capabilities: Capabilities) -> Skip | None:
    if plan.margin_mode in capabilities.margin_modes:
        return None
    return Skip(Reason.MODES_DIFFER, (("margin_mode", str(plan.margin_mode)), ("offered", "no")))


def _attempt(
    plan: OrderPlan, regime: Regime, orders: OrderSettings, capabilities: Capabilities, use: PlanUse
) -> Attempt | Skip:
    """The first order. What takes is sent as a limit at the worst price that it may fill at, and never rests."""
    may_rest = regime is Regime.TRAVELS or orders.rest_where_stop_is_late
    time_in_force, post_only = plan.time_in_force, plan.post_only
    if plan.order_type is OrderType.LIMIT and time_in_force is TimeInForce.GTC and not may_rest:
        if not _takes(plan):
            return Skip(Reason.PROTECTION_NOT_AVAILABLE, (("entry", "has to wait"), ("stop", "would arm late")))
        time_in_force, post_only = TimeInForce.IOC, False
    return Attempt(
        number=1,
        size=plan.size,
        order_type=OrderType.LIMIT,
        price=plan.worst_entry_price,
        time_in_force=time_in_force,
        post_only=post_only,
        carries_stop=regime.carries_stop,
        client_order_id="",
        created_ms=use.now_ms,
        not_after_ms=use.now_ms + longest_life_ms(orders, capabilities),
    )


def _takes(plan: OrderPlan) -> bool:
    """Whether the whole order may fill at once: it is not post-only, and reaches the other side's touch."""
    touch = plan.best_ask if plan.side.sign > 0 else plan.best_bid
    return not plan.post_only and (plan.entry_price - touch) * plan.side.sign >= 0


def _wanted(plan: OrderPlan, settings: TradeEntrySettings, capabilities: Capabilities) -> Wanted:
    return Wanted(
        symbol=plan.symbol,
        side=plan.side,
        size=plan.size,
        leverage=Decimal(plan.leverage),
        margin_mode=plan.margin_mode,
        stop=TriggerLevel(plan.stop_price, plan.stop_trigger),
        targets=_targets(plan, capabilities),
        target_trigger=plan.stop_trigger,
    )


def _targets(plan: OrderPlan, capabilities: Capabilities) -> tuple[WantedTarget, ...]:
    """As planned; as one where a split could leave an exit that is larger than what it closes, and that matters."""
    own = capabilities.position_protection
    may_split = capabilities.oversized_exit is OversizedExit.TRIMMED or (own is not None and own.whole_position)
    first, *further = plan.take_profits
    if not (further and may_split):
        return (WantedTarget(first.price, Decimal(1)),)
    return (WantedTarget(first.price, first.share), WantedTarget(further[0].price, 1 - first.share))


def _terms(
    plan: OrderPlan,
    contract: Contract,
    settings: TradeEntrySettings,
    trading: TradingSettings,
    capabilities: Capabilities,
    attempt: Attempt,
    use: PlanUse,
) -> Terms:
    told, supervision = plan.supervision, settings.supervision
    rests = attempt.time_in_force is TimeInForce.GTC
    dearest = max(plan.entry_price, plan.worst_entry_price)
    minutes = told.hard_time_stop_minutes
    return Terms(
        profile=use.profile,
        run_id=use.run_id,
        execution_timeframe=plan.execution_timeframe,
        contract_size=plan.contract_size,
        size_step=plan.size_step,
        min_size=contract.min_size,
        tick_size=plan.tick_size,
        planned_entry=plan.entry_price,
        risk_usdt=plan.risk_usdt,
        fees_in_risk=settings.risk.include_fees,
        one_r_fees_usdt=plan.costs.entry_fee_usdt + plan.costs.stop_fee_usdt,
        notional_usdt=contract.notional(plan.size, dearest),
        margin_usdt=plan.margin_usdt,
        loss_at_stop_usdt=plan.loss_at_stop_usdt,
        min_net_r=settings.risk.min_net_r,
        zone=plan.zone,
        zone_was_touched=_inside(plan),
        max_deviation=settings.defaults.max_deviation_pct,
        order_timeout_ms=supervision.order_timeout_sec * 1000 if rests else None,
        out_of_zone_after_ms=supervision.out_of_zone_after_sec * 1000,
        end_of_zone=told.end_of_zone if rests else None,
        break_even_after_tp1=told.break_even_after_tp1,
        hard_time_stop_ms=None if minutes is None else int(minutes * 60_000),
        protection_timeout_ms=supervision.protection_timeout_sec * 1000,
        target_order=_target_order(supervision.target_order, capabilities),
        target_proximity=supervision.tp_proximity_skip_pct,
        after_cancel_minutes=trading.switches.after_cancel_minutes,
    )


def _target_order(wanted: OrderType, capabilities: Capabilities) -> OrderType:
    """As set, but a target rests only where an exit that is too large is trimmed.

    Elsewhere what rests may keep the position's size for itself: a stop that fires then finds nothing to close.
    """
    return wanted if capabilities.oversized_exit is OversizedExit.TRIMMED else OrderType.MARKET


def _inside(plan: OrderPlan) -> bool:
    zone, mark = plan.zone, plan.mark_price
    return zone is not None and mark is not None and zone.low <= mark <= zone.high


def plan_words(draft: Draft) -> Mapping[str, str]:
    """What an event says of what is to be ordered; money as exact text."""
    wanted, terms, attempt = draft.wanted, draft.terms, draft.attempt
    return {
        "profile": terms.profile,
        "side": str(wanted.side),
        "size": f"{attempt.size:f}",
        "price": f"{attempt.price:f}" if attempt.price is not None else "market",
        "time_in_force": str(attempt.time_in_force),
        "stop": f"{wanted.stop.price:f}",
        "stop_trigger": str(wanted.stop.by),
        "targets": " ".join(f"{target.price:f}" for target in wanted.targets),
        "target_order": str(terms.target_order),
        "leverage": f"{wanted.leverage:f}",
        "notional_usdt": f"{terms.notional_usdt:f}",
        "margin_usdt": f"{terms.margin_usdt:f}",
        "loss_at_stop_usdt": f"{terms.loss_at_stop_usdt:f}",
        "not_after_ms": str(attempt.not_after_ms),
    }
