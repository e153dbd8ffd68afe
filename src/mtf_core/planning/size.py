"""The size that the risk buys at the final stop, within what one order may be for."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import Contract, on_grid_at_or_below
from mtf_core.planning.budget import Budget
from mtf_core.planning.entry import Entry
from mtf_core.planning.exact import divide_down
from mtf_core.planning.order_limits import largest_size, smallest_size
from mtf_core.planning.outcome import SizeLimit, Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason


@frozen
class RiskSize:
    """The size that risk and order limits allow, before margin and liquidation; contracts."""

    size: Decimal
    smallest: Decimal
    """Least size that may be ordered: of the contract, and of its least notional at entry and stop."""
    limited_by: SizeLimit
    loss_per_contract: Decimal


def loss_per_contract(contract: Contract, entry: Entry, stop: Decimal) -> Decimal:
    """What one contract loses from the worst entry to the stop, fees included as the settings ask."""
    fees = entry.fees.entry_in_risk * entry.worst_price + entry.fees.exit_in_risk * stop
    return contract.contract_size * (abs(entry.worst_price - stop) + fees)


def size_by_risk(request: PlanRequest, entry: Entry, stop: Stop, budget: Budget, log: StepLog) -> RiskSize | Skip:
    """Risk over loss, down to the step; a skip where that is less than may be ordered."""
    contract = request.contract
    per_contract = _logged_loss(contract, entry, stop, log)
    most = largest_size(contract)
    by_risk = divide_down(budget.risk, per_contract)
    size = on_grid_at_or_below(min(by_risk, most), contract.size_step)
    log.add(
        "size_by_risk",
        "down(min(risk_usdt / loss_per_contract, max_size, max_market_size), size_step)",
        size,
        "contracts",
        risk_usdt=budget.risk,
        loss_per_contract=per_contract,
        max_size=contract.max_size,
        max_market_size=contract.max_market_size,
        size_step=contract.size_step,
    )
    lowest_price = min(entry.cheapest_price, stop.price)
    smallest = smallest_size(contract, lowest_price)
    limited_by = SizeLimit.VOLUME if most < by_risk else SizeLimit.RISK
    if size < smallest:
        return log.skip(
            Reason.SIZE_BELOW_MIN_VOLUME,
            size=size,
            smallest_size=smallest,
            min_size=contract.min_size,
            min_notional=contract.min_notional,
            lowest_price=lowest_price,
            risk_usdt=budget.risk,
            loss_per_contract=per_contract,
            size_limited_by=limited_by.value,
        )
    return RiskSize(size, smallest, limited_by, per_contract)


def _logged_loss(contract: Contract, entry: Entry, stop: Stop, log: StepLog) -> Decimal:
    per_contract = loss_per_contract(contract, entry, stop.price)
    log.add(
        "loss_per_contract",
        "contract_size · (abs(worst_entry − stop) + entry_fee · worst_entry + exit_fee · stop)",
        per_contract,
        "USDT",
        contract_size=contract.contract_size,
        worst_entry=entry.worst_price,
        stop=stop.price,
        entry_fee=entry.fees.entry_in_risk,
        exit_fee=entry.fees.exit_in_risk,
        include_fees=entry.fees.count_as_risk,
    )
    return per_contract
