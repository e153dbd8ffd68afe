"""The size: what the risk buys at the final stop, within volume limits and the margin that the budget allows."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import Contract, LeverageBracket, on_grid_at_or_below
from mtf_core.planning.budget import Budget
from mtf_core.planning.caps import LeverageRange, brackets_highest_first, leverage_range, usable
from mtf_core.planning.entry_price import Entry
from mtf_core.planning.exact import divide_down
from mtf_core.planning.largest_size import largest_size
from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason


@frozen
class SizedPosition:
    """A size with the bracket that its notional falls in, and the leverages that are open to it."""

    size: Decimal
    notional: Decimal
    bracket: LeverageBracket
    range: LeverageRange


def loss_per_contract(contract: Contract, entry: Entry, stop: Decimal) -> Decimal:
    """What one contract loses when the stop fills at its price, fees included as the settings ask."""
    fees = entry.entry_fee * entry.price + entry.exit_fee * stop
    return contract.contract_size * (abs(entry.price - stop) + fees)


def size_position(request: PlanRequest, entry: Entry, stop: Stop, budget: Budget, log: StepLog) -> SizedPosition | Skip:
    """The largest size that risk, volume limits and margin allow; never rounded up."""
    contract = request.contract
    wanted = _risk_size(request, entry, stop, budget, log)
    if wanted < contract.min_size:
        return log.skip(
            Reason.SIZE_BELOW_MIN_VOLUME,
            size=wanted,
            min_size=contract.min_size,
            risk_usdt=budget.risk,
            loss_per_contract=loss_per_contract(contract, entry, stop.price),
        )
    any_leverage = False
    for bracket in brackets_highest_first(contract):
        leverages = leverage_range(request, bracket, entry.price, stop.distance)
        if not usable(leverages, contract):
            continue
        any_leverage = True
        found = _in_bracket(contract, entry.price, budget.margin, wanted, bracket, leverages)
        if found:
            _log_margin(found, wanted, budget, request, entry, log)
            return found
    return _nothing_fits(request, entry, stop, budget, wanted, any_leverage, log)


def _risk_size(request: PlanRequest, entry: Entry, stop: Stop, budget: Budget, log: StepLog) -> Decimal:
    contract = request.contract
    per_contract = loss_per_contract(contract, entry, stop.price)
    log.add(
        "loss_per_contract",
        "contract_size · (|entry − stop| + entry_fee · entry + exit_fee · stop)",
        per_contract,
        "USDT",
        contract_size=contract.contract_size,
        entry=entry.price,
        stop=stop.price,
        entry_fee=entry.entry_fee,
        exit_fee=entry.exit_fee,
    )
    most = largest_size(contract, entry.order_type)
    size = on_grid_at_or_below(min(divide_down(budget.risk, per_contract), most), contract.size_step)
    log.add(
        "size_by_risk",
        "min(risk_usdt / loss_per_contract, largest volume), down to the step",
        size,
        "contracts",
        risk_usdt=budget.risk,
        loss_per_contract=per_contract,
        largest_size=most,
        size_step=contract.size_step,
    )
    return size


def _in_bracket(
    contract: Contract,
    entry: Decimal,
    margin: Decimal,
    wanted: Decimal,
    bracket: LeverageBracket,
    leverages: LeverageRange,
) -> SizedPosition | None:
    """The largest size whose notional lies in the bracket and whose margin the budget covers there."""
    most_notional = min(bracket.notional_cap, margin * leverages.high)
    size = on_grid_at_or_below(
        min(wanted, divide_down(most_notional, contract.contract_size * entry)), contract.size_step
    )
    notional = contract.notional(size, entry)
    if size < contract.min_size or notional <= bracket.notional_floor:
        return None
    return SizedPosition(size, notional, bracket, leverages)


def _log_margin(
    found: SizedPosition, wanted: Decimal, budget: Budget, request: PlanRequest, entry: Entry, log: StepLog
) -> None:
    log.add(
        "size",
        "min(size_by_risk, min(notional_cap, budget_usdt · highest_leverage) / (contract_size · entry)), "
        "down to the step",
        found.size,
        "contracts",
        size_by_risk=wanted,
        notional_cap=found.bracket.notional_cap,
        budget_usdt=budget.margin,
        highest_leverage=found.range.high,
        contract_size=request.contract.contract_size,
        entry=entry.price,
    )
    log.add(
        "notional_usdt",
        "size · contract_size · entry",
        found.notional,
        "USDT",
        size=found.size,
        contract_size=request.contract.contract_size,
        entry=entry.price,
    )


def _nothing_fits(
    request: PlanRequest,
    entry: Entry,
    stop: Stop,
    budget: Budget,
    wanted: Decimal,
    any_leverage: bool,
    log: StepLog,
) -> Skip:
    contract = request.contract
    if any_leverage:
        return log.skip(
            Reason.INSUFFICIENT_MARGIN,
            budget_usdt=budget.margin,
            size_by_risk=wanted,
            min_size=contract.min_size,
            smallest_notional=contract.notional(contract.min_size, entry.price),
        )
    return log.skip(
        Reason.LEVERAGE_BELOW_MIN,
        exchange_cap=request.settings.leverage.exchange_cap,
        k_dynamic=request.settings.defaults.k_dynamic,
        stop_pct=divide_down(stop.distance, entry.price),
        contract_min=contract.min_leverage,
        contract_max=contract.max_leverage,
    )
