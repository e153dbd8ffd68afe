"""How a plan changes with its inputs: reflected, in another unit of price, with more risk, a farther stop, a lower cap.

Each assertion plans the changed case anew and compares. A case of which nothing can be said is left alone.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.market import MarkPrice, TopOfBook
from mtf_core.planning import FactRole, FeatureFact, OrderPlan
from mtf_core.settings.trade_entry import StopFallback, StopFrom
from tests.strategies import PlanCase, feature_value


def without_price_relative_terms(case: PlanCase) -> PlanCase:
    """The case with every term off that is a share of a price other than the entry.

    Reflected around the entry, shares of the entry stay what they are. Shares of the reference, the anchor, a pivot
    level, the stop (its fee) and the liquidation price do not, as these prices change: they are switched off, as is
    what depends on whether the worst entry lies above or below the planned one.
    """
    zone = evolve(case.settings.entry.entry_zone, w_min=Decimal(0), w_max=Decimal("0.5"))
    changed = case.with_defaults(
        pivot_sl_buffer_pct=Decimal(0),
        tp_buffer_pct=Decimal(0),
        max_deviation_pct=Decimal("0.5"),
        implausible_pct=Decimal("0.5"),
        zone_max_deviation_pct=Decimal(1),
        market_max_spread_pct=Decimal(1),
    ).with_risk(include_fees=False)
    rows = tuple(
        evolve(row, maintenance_margin_ratio=Decimal(0), maintenance_amount=Decimal(0))
        for row in case.contract.brackets
    )
    return evolve(
        changed,
        settings=evolve(
            changed.settings,
            entry=evolve(changed.settings.entry, entry_zone=zone),
            market_entry=evolve(changed.settings.market_entry, enabled=False, max_slippage_bps=Decimal(0)),
        ),
        contract=evolve(
            case.contract, brackets=rows, taker_fee=Decimal(0), maker_fee=Decimal(0), min_notional=Decimal(0)
        ),
    )


def reflected(case: PlanCase, centre: Decimal) -> PlanCase:
    """The case seen in a mirror at `centre`: prices reflected, bid and ask, supports and resistances swapped."""

    def image(price: Decimal) -> Decimal:
        return 2 * centre - price

    def feature_image(role: FactRole, fact: FeatureFact) -> tuple[FactRole, FeatureFact]:
        if "atr" in role or "adx" in role:
            return role, fact
        other = mirrored_pivot(role.value) if "pivot" in role else role.value
        price = image(Decimal(repr(fact.value)))
        return FactRole(other), FeatureFact(feature_value(price), fact.candle_close_ms)

    facts, book = case.facts, case.facts.book
    policy = case.settings.defaults.pivot_sl_policy
    policy_image = type(policy)(policy.value.translate(str.maketrans("rs", "sr"))) if len(policy) == 2 else policy
    return evolve(
        case.with_defaults(pivot_sl_policy=policy_image),
        signal=evolve(case.signal, side=case.signal.side.opposite),
        facts=evolve(
            facts,
            book=TopOfBook(book.symbol, image(book.best_ask), image(book.best_bid), book.time_ms),
            mark=MarkPrice(facts.mark.symbol, image(facts.mark.price), facts.mark.time_ms) if facts.mark else None,
            features=dict(feature_image(role, fact) for role, fact in facts.features.items()),
        ),
    )


def mirrored_pivot(name: str) -> str:
    """pivot_r2 and pivot_s2 are each other's image."""
    stem, level = name.rsplit("_", 1)
    return f"{stem}_{level.translate(str.maketrans('rs', 'sr'))}"


def prices_near(case: PlanCase, plan: OrderPlan) -> list[Decimal]:
    """The prices of a plan, and the pivot levels and anchors that it was made from."""
    levels = [
        Decimal(repr(fact.value)) for role, fact in case.facts.features.items() if "pivot" in role or "anchor" in role
    ]
    return [plan.stop_price, *(target.price for target in plan.take_profits), *levels]


def assert_mirrored(case: PlanCase) -> None:
    """Reflecting prices swaps long and short: exact around the entry, with the terms off that shares of others are."""
    case = without_price_relative_terms(case)
    plan = case.plan()
    if not isinstance(plan, OrderPlan):
        return
    centre = plan.entry_price
    image = reflected(case, centre).plan()
    # What lies beyond twice the entry has its image at or below zero, where no price is: nothing can be said of it.
    if any(price >= 2 * centre for price in prices_near(case, plan)):
        return
    assert isinstance(image, OrderPlan)
    if any(price >= 2 * centre for price in prices_near(case, image)):
        return
    assert image.side is plan.side.opposite
    assert image.entry_price == centre
    assert image.stop_price == 2 * centre - plan.stop_price
    assert [target.price for target in image.take_profits] == [
        2 * centre - target.price for target in plan.take_profits
    ]
    assert [target.size for target in image.take_profits] == [target.size for target in plan.take_profits]
    assert (image.size, image.leverage, image.margin_usdt) == (plan.size, plan.leverage, plan.margin_usdt)
    assert image.loss_at_stop_usdt == plan.loss_at_stop_usdt


def rescaled(case: PlanCase, factor: Decimal) -> PlanCase:
    """Every price and tick times the factor, the contract size divided by it: the same trade in another unit."""
    facts, book = case.facts, case.facts.book
    return evolve(
        case,
        contract=evolve(
            case.contract,
            tick_size=case.contract.tick_size * factor,
            contract_size=case.contract.contract_size / factor,
        ),
        facts=evolve(
            facts,
            book=TopOfBook(book.symbol, book.best_bid * factor, book.best_ask * factor, book.time_ms),
            mark=MarkPrice(facts.mark.symbol, facts.mark.price * factor, facts.mark.time_ms) if facts.mark else None,
            features={
                role: fact
                if role is FactRole.ADX_1H
                else evolve(fact, value=feature_value(Decimal(repr(fact.value)) * factor))
                for role, fact in facts.features.items()
            },
        ),
    )


def assert_scaled(case: PlanCase, plan: OrderPlan, factor: Decimal) -> None:
    """The unit of the price changes no ratio."""
    other = rescaled(case, factor).plan()
    assert isinstance(other, OrderPlan)
    assert other.entry_price == plan.entry_price * factor
    assert other.worst_entry_price == plan.worst_entry_price * factor
    assert other.stop_price == plan.stop_price * factor
    assert other.liquidation_price == plan.liquidation_price * factor
    assert [(target.price, target.share, target.r, target.net_r) for target in other.take_profits] == [
        (target.price * factor, target.share, target.r, target.net_r) for target in plan.take_profits
    ]
    assert (other.size, other.leverage, other.margin_usdt) == (plan.size, plan.leverage, plan.margin_usdt)
    assert (other.loss_at_stop_usdt, other.notional_usdt) == (plan.loss_at_stop_usdt, plan.notional_usdt)
    assert other.costs == plan.costs


def with_stop_of_the_market(case: PlanCase) -> PlanCase:
    """A stop that does not follow from the risk, so that risk and stop can be varied one by one."""
    source = StopFrom.ATR if case.settings.defaults.stop_from is StopFrom.RISK else case.settings.defaults.stop_from
    return case.with_defaults(stop_from=source, stop_fallback=StopFallback.ATR)


def assert_more_risk_gives_no_smaller_size(case: PlanCase, more: Decimal) -> None:
    """The budget must not follow the risk, so it does not come from the fallback balance."""
    if case.settings.defaults.initial_margin_usdt == 0:
        return
    case = with_stop_of_the_market(case)
    plan = case.plan()
    riskier = case.with_defaults(risk_pct_percent=case.settings.defaults.risk_pct_percent + more).plan()
    if isinstance(plan, OrderPlan) and isinstance(riskier, OrderPlan):
        assert riskier.size >= plan.size


def assert_a_farther_stop_gives_no_larger_size(case: PlanCase, factor: Decimal) -> None:
    case = case.with_defaults(stop_from=StopFrom.ATR)
    plan = case.plan()
    farther = case.with_defaults(atr_k=case.settings.defaults.atr_k * factor).plan()
    if isinstance(plan, OrderPlan) and isinstance(farther, OrderPlan):
        assert abs(farther.entry_price - farther.stop_price) >= abs(plan.entry_price - plan.stop_price)
        assert farther.size <= plan.size


def assert_a_lower_cap_gives_no_more_leverage(case: PlanCase, plan: OrderPlan, factor: Decimal) -> None:
    cap = max(case.settings.leverage.exchange_cap * factor, Decimal(1))
    lower = case.with_leverage(exchange_cap=cap).plan()
    if isinstance(lower, OrderPlan):
        assert lower.leverage <= plan.leverage
