"""The laws that every order plan obeys, as assertions on a case and its plan."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise

from mtf_core.market import OrderType, Side
from mtf_core.planning import OrderPlan
from mtf_core.planning.caps import matching_caps
from tests.strategies import PlanCase


def on_grid(value: Decimal, step: Decimal) -> bool:
    with localcontext(prec=200):
        return value % step == 0


def assert_loss_within_risk(case: PlanCase, plan: OrderPlan) -> None:
    """Reckoned anew, with the fees that the order may really pay, rebates included."""
    with localcontext(prec=200):
        quantity = plan.size * case.contract.contract_size
        loss = quantity * abs(plan.entry_price - plan.stop_price)
        if case.settings.risk.include_fees:
            maker = plan.order_type is OrderType.LIMIT and plan.post_only
            entry_fee = case.contract.maker_fee if maker else max(case.contract.maker_fee, case.contract.taker_fee)
            loss += quantity * (entry_fee * plan.entry_price + case.contract.taker_fee * plan.stop_price)
        assert loss <= plan.loss_at_stop_usdt <= plan.risk_usdt
        budget_share = case.settings.risk_ratio(case.signal.execution_timeframe)
        assert plan.risk_usdt <= plan.budget_usdt * budget_share
        most = case.settings.leverage.max_loss_pct * case.settings.defaults.initial_margin_usdt
        assert most == 0 or plan.risk_usdt <= most


def assert_margin_within_budget(case: PlanCase, plan: OrderPlan) -> None:
    with localcontext(prec=200):
        notional = plan.size * case.contract.contract_size * plan.entry_price
        assert notional == plan.notional_usdt
        assert notional <= plan.margin_usdt * plan.leverage
        assert plan.margin_usdt <= plan.budget_usdt <= case.facts.available_balance
        assert notional <= plan.budget_usdt * plan.leverage


def assert_on_grids(case: PlanCase, plan: OrderPlan) -> None:
    contract = case.contract
    largest = contract.max_size
    if plan.order_type is OrderType.MARKET:
        largest = min(largest, contract.max_market_size)
    assert on_grid(plan.size, contract.size_step)
    assert contract.min_size <= plan.size <= largest
    prices = [plan.entry_price, plan.stop_price, *(target.price for target in plan.take_profits)]
    assert all(price > 0 and on_grid(price, contract.tick_size) for price in prices)
    assert plan.worst_entry_price is None or on_grid(plan.worst_entry_price, contract.tick_size)
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
    """The liquidation price is computed here from the balance that is left, not from the formula of the code."""
    with localcontext(prec=200):
        distance = abs(plan.entry_price - plan.stop_price)
        away = (plan.entry_price - plan.liquidation_price) * plan.side.sign
        assert away >= case.settings.risk.min_liquidation_ratio * distance
        assert away > distance
        if plan.liquidation_price == 0:
            return
        quantity = plan.size * case.contract.contract_size
        bracket = next(
            row for row in case.contract.brackets if row.notional_floor < plan.notional_usdt <= row.notional_cap
        )
        price = plan.liquidation_price
        left = plan.notional_usdt / plan.leverage + (price - plan.entry_price) * quantity * plan.side.sign
        fee = max(case.contract.taker_fee, Decimal(0))
        due = (bracket.maintenance_margin_ratio + fee) * price * quantity - bracket.maintenance_amount
        # At the planned price, a tick or less before the true one, the margin still covers what is due.
        tolerance = Decimal("1e-90") * plan.notional_usdt
        assert left - due >= -tolerance
        assert left - due <= quantity * case.contract.tick_size * 2


def assert_leverage_within_caps(case: PlanCase, plan: OrderPlan) -> None:
    settings, contract = case.settings, case.contract
    assert isinstance(plan.leverage, int)
    assert max(1, contract.min_leverage) <= plan.leverage <= contract.max_leverage
    assert plan.leverage <= settings.leverage.exchange_cap
    assert all(plan.leverage <= cap for cap in matching_caps(settings.leverage.per_symbol_caps, plan.symbol))
    rows = [row for row in contract.brackets if row.notional_floor < plan.notional_usdt <= row.notional_cap]
    assert rows
    assert plan.leverage <= rows[0].max_leverage
    with localcontext(prec=200):
        distance = abs(plan.entry_price - plan.stop_price)
        assert plan.leverage * distance <= settings.defaults.k_dynamic * plan.entry_price
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
    if plan.order_type is OrderType.MARKET:
        assert entry == (book.best_ask if plan.side is Side.LONG else book.best_bid)
        return
    assert book.best_bid <= entry <= book.best_ask
    if plan.post_only:
        assert entry < book.best_ask if plan.side is Side.LONG else entry > book.best_bid


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
