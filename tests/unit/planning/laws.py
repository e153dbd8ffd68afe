"""The laws that every order plan obeys, as assertions on a case and its plan."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise

from mtf_core.market import BracketUnit, LeverageBracket, OrderType, Side, TimeInForce
from mtf_core.planning import OrderPlan
from mtf_core.planning.caps import matching_caps
from tests.strategies import PlanCase


def on_grid(value: Decimal, step: Decimal) -> bool:
    with localcontext(prec=200):
        return value % step == 0


def assert_loss_within_risk(case: PlanCase, plan: OrderPlan) -> None:
    """Reckoned anew at the worst fill, with the fees that the order may really pay, rebates included."""
    with localcontext(prec=200):
        quantity = plan.size * case.contract.contract_size
        for fill in (plan.entry_price, plan.worst_entry_price):
            loss = quantity * abs(fill - plan.stop_price)
            if case.settings.risk.include_fees:
                maker = plan.order_type is OrderType.LIMIT and plan.post_only
                entry_fee = case.contract.maker_fee if maker else max(case.contract.maker_fee, case.contract.taker_fee)
                loss += quantity * (entry_fee * fill + case.contract.taker_fee * plan.stop_price)
            assert loss <= plan.loss_at_stop_usdt <= plan.risk_usdt
        budget_share = case.settings.risk_ratio(case.signal.execution_timeframe)
        assert plan.risk_usdt <= plan.budget_usdt * budget_share
        most = case.settings.leverage.max_loss_pct * case.settings.defaults.initial_margin_usdt
        assert most == 0 or plan.risk_usdt <= most


def assert_margin_within_budget(case: PlanCase, plan: OrderPlan) -> None:
    with localcontext(prec=200):
        quantity = plan.size * case.contract.contract_size
        assert quantity * plan.entry_price == plan.notional_usdt
        assert plan.margin_usdt <= plan.budget_usdt <= case.facts.available_balance
        for fill in (plan.entry_price, plan.worst_entry_price):
            assert quantity * fill <= plan.budget_usdt * plan.leverage
            assert quantity * fill <= (plan.margin_usdt + Decimal("1e-90")) * plan.leverage


def assert_on_grids(case: PlanCase, plan: OrderPlan) -> None:
    contract = case.contract
    largest = min(contract.max_size, contract.max_market_size)
    assert on_grid(plan.size, contract.size_step)
    assert contract.min_size <= plan.size <= largest
    prices = [plan.entry_price, plan.stop_price, *(target.price for target in plan.take_profits)]
    assert all(price > 0 and on_grid(price, contract.tick_size) for price in prices)
    assert on_grid(plan.worst_entry_price, contract.tick_size)
    with localcontext(prec=200):
        exits = [(target.size, price) for target in plan.take_profits for price in (target.price, plan.stop_price)]
        for size, price in ((plan.size, plan.entry_price), (plan.size, plan.worst_entry_price), *exits):
            assert size * contract.contract_size * price >= contract.min_notional
    assert sum(target.size for target in plan.take_profits) == plan.size
    assert all(
        target.size >= contract.min_size and on_grid(target.size, contract.size_step) for target in plan.take_profits
    )


def assert_prices_in_order(case: PlanCase, plan: OrderPlan) -> None:
    sign = plan.side.sign
    prices = [plan.stop_price, plan.entry_price, *(target.price for target in plan.take_profits)]
    steps = [(after - before) * sign for before, after in pairwise(prices)]
    assert all(step > 0 for step in steps)
    with localcontext(prec=200):
        least = max(case.contract.tick_size, case.settings.defaults.min_stop_distance_pct * plan.entry_price)
        assert abs(plan.entry_price - plan.stop_price) >= least


def assert_stop_before_liquidation(case: PlanCase, plan: OrderPlan) -> None:
    """At the planned and at the worst entry, computed from the balance that is left, not from the code's formula."""
    with localcontext(prec=200):
        for fill in (plan.entry_price, plan.worst_entry_price):
            distance = abs(fill - plan.stop_price)
            nearest = min(case.settings.risk.min_liquidation_ratio * distance, fill)
            assert case.settings.risk.min_liquidation_ratio * distance <= fill or plan.side is Side.SHORT
            safe = fill - plan.side.sign * max(nearest, distance)
            if plan.side is Side.SHORT:
                safe = fill + max(case.settings.risk.min_liquidation_ratio * distance, distance)
            assert _left(case, plan, fill, safe) >= -Decimal("1e-90") * plan.notional_usdt
        assert (plan.stop_price - plan.liquidation_price) * plan.side.sign > 0
        if plan.liquidation_price == 0:
            return
        # At the planned price, a tick or less before the true one, the margin still covers what is due.
        left = _left(case, plan, plan.entry_price, plan.liquidation_price)
        assert left >= -Decimal("1e-90") * plan.notional_usdt
        assert left <= plan.size * case.contract.contract_size * case.contract.tick_size * 2


def _left(case: PlanCase, plan: OrderPlan, fill: Decimal, price: Decimal) -> Decimal:
    """What of an isolated margin is left at a price when maintenance margin and closing fee are taken off."""
    quantity = plan.size * case.contract.contract_size
    bracket = bracket_of(case, plan)
    left = fill * quantity / plan.leverage + (price - fill) * quantity * plan.side.sign
    fee = max(case.contract.taker_fee, Decimal(0))
    return left - (bracket.maintenance_margin_ratio + fee) * price * quantity + bracket.maintenance_amount


def bracket_of(case: PlanCase, plan: OrderPlan) -> LeverageBracket:
    """The bracket of the position, the same wherever the entry fills."""
    if case.contract.brackets_in is BracketUnit.CONTRACTS:
        (row,) = (one for one in case.contract.brackets if one.notional_floor < plan.size <= one.notional_cap)
        return row
    quantity = plan.size * case.contract.contract_size
    fills = [quantity * plan.entry_price, quantity * plan.worst_entry_price]
    rows = [row for row in case.contract.brackets if row.notional_floor < min(fills) and max(fills) <= row.notional_cap]
    assert rows
    return rows[0]


def assert_leverage_within_caps(case: PlanCase, plan: OrderPlan) -> None:
    settings, contract = case.settings, case.contract
    assert isinstance(plan.leverage, int)
    assert max(1, contract.min_leverage) <= plan.leverage <= contract.max_leverage
    assert plan.leverage <= settings.leverage.exchange_cap
    assert all(plan.leverage <= cap for cap in matching_caps(settings.leverage.per_symbol_caps, plan.symbol))
    with localcontext(prec=200):
        distance = abs(plan.entry_price - plan.stop_price)
        assert plan.leverage * distance <= settings.defaults.k_dynamic * plan.entry_price
        assert plan.leverage <= bracket_of(case, plan).max_leverage
    accept = settings.leverage.accept
    assert plan.leverage >= accept.min
    assert accept.max is None or plan.leverage <= accept.max


def assert_entry_acceptable(case: PlanCase, plan: OrderPlan) -> None:
    entry, book, defaults = plan.entry_price, case.facts.book, case.settings.defaults
    with localcontext(prec=200):
        reference = case.facts.mark.price if case.facts.mark else book.mid
        assert abs(entry - reference) <= defaults.max_deviation_pct * reference
    if plan.zone:
        assert plan.zone.low <= entry <= plan.zone.high
    touch = book.best_ask if plan.side is Side.LONG else book.best_bid
    if plan.order_type is OrderType.MARKET or plan.time_in_force is not TimeInForce.GTC:
        assert entry == touch
    assert (touch - entry) * plan.side.sign >= 0
    if plan.post_only:
        assert entry != touch
    # Never better than it has to be: a better price would be outside the zone or behind the start.
    start = book.best_bid if plan.side is Side.LONG else book.best_ask
    edge = (plan.zone.high if plan.side is Side.LONG else plan.zone.low) if plan.zone else start
    farthest = (start - entry) * plan.side.sign
    assert farthest <= max((start - edge) * plan.side.sign, Decimal(0)) + case.contract.tick_size


def assert_target_within_reach(case: PlanCase, plan: OrderPlan) -> None:
    defaults = case.settings.defaults
    r = case.settings.r_multiple(plan.execution_timeframe)
    first_r = case.settings.tp1_r if defaults.targets == 2 else None
    low, high = (
        (first_r, first_r) if first_r is not None else (r * defaults.tp_min_keep_ratio, r + defaults.tp_max_extra_r)
    )
    with localcontext(prec=200):
        distance = abs(plan.entry_price - plan.stop_price)
        away = abs(plan.take_profits[0].price - plan.entry_price)
        assert low * distance - case.contract.tick_size <= away <= high * distance + case.contract.tick_size


def assert_costs_add_up(case: PlanCase, plan: OrderPlan) -> None:
    """R net by its definition: the planned way and the planned fees, with neither risk nor rebates in it."""
    with localcontext(prec=200):
        contract, entry, stop = case.contract, plan.entry_price, plan.stop_price
        quantity, taker = plan.size * contract.contract_size, max(contract.taker_fee, Decimal(0))
        stays_maker = plan.post_only and not case.settings.fallback_end_of_zone.enabled
        entry_fee = max(contract.maker_fee, Decimal(0)) if stays_maker else max(contract.maker_fee, taker)
        loss = quantity * (abs(entry - stop) + entry_fee * entry + taker * stop)
        gains = [
            target.size
            * contract.contract_size
            * (abs(target.price - entry) - entry_fee * entry - taker * target.price)
            for target in plan.take_profits
        ]
        assert plan.costs.net_loss_at_stop_usdt == loss
        assert [target.net_gain_usdt for target in plan.take_profits] == gains
        close = Decimal("1e-20") * max(abs(plan.costs.net_r), 1)  # R is kept with 28 digits
        assert abs(plan.costs.net_r - sum(gains) / loss) < close
        weighted = sum(target.share * target.net_r for target in plan.take_profits)
        assert abs(plan.costs.net_r - weighted) < close
        # Winning that often, the gains pay for the losses.
        won = plan.costs.break_even_win_rate
        assert abs(won * plan.costs.net_r - (1 - won)) < close
        assert case.settings.risk.min_net_r == 0 or plan.costs.net_r >= case.settings.risk.min_net_r


def assert_lawful(case: PlanCase, plan: OrderPlan) -> None:
    """All laws on one plan."""
    assert_loss_within_risk(case, plan)
    assert_margin_within_budget(case, plan)
    assert_on_grids(case, plan)
    assert_prices_in_order(case, plan)
    assert_stop_before_liquidation(case, plan)
    assert_leverage_within_caps(case, plan)
    assert_entry_acceptable(case, plan)
    assert_target_within_reach(case, plan)
    assert_costs_add_up(case, plan)
