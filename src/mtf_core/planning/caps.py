"""Between which whole numbers the leverage may lie."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal, localcontext

from attrs import frozen

from mtf_core.market import BracketUnit, Contract, LeverageBracket
from mtf_core.planning import formulas
from mtf_core.planning.exact import divide_down, whole_down
from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import RoundingMode, SymbolCap


@frozen
class LeverageRange:
    """Whole leverages from `low` to `high`; `high` below 1 or below the contract's minimum leaves none."""

    low: int
    high: int


def brackets_highest_first(contract: Contract, price: Decimal) -> tuple[LeverageBracket, ...]:
    """In notional, as they are at a price."""
    return tuple(sorted(contract.brackets_at(price), key=lambda bracket: bracket.notional_floor, reverse=True))


def log_cap_in_contracts(contract: Contract, bracket: LeverageBracket, dearest: Decimal, log: StepLog) -> None:
    """Where the notional cap of a bracket comes from that the exchange states in contracts."""
    if contract.brackets_in is BracketUnit.CONTRACTS:
        log.add(
            "notional_cap",
            "bracket_contracts · contract_size · dearest_entry",
            bracket.notional_cap,
            "USDT",
            bracket_contracts=divide_down(bracket.notional_cap, contract.notional(Decimal(1), dearest)),
            contract_size=contract.contract_size,
            dearest_entry=dearest,
        )


def configured_cap(request: PlanRequest) -> Decimal:
    """The lowest of exchange_cap, the matching symbol caps and the contract's maximum."""
    settings = request.settings.leverage
    matching = matching_caps(settings.per_symbol_caps, request.signal.symbol)
    return min((settings.exchange_cap, request.contract.max_leverage, *matching))


def matching_caps(caps: Iterable[SymbolCap], symbol: str) -> tuple[Decimal, ...]:
    """The caps whose pattern is found in the symbol, whatever the case."""
    return tuple(item.cap for item in caps if _matches(item.symbol_regex, symbol))


def _matches(pattern: str, symbol: str) -> bool:
    try:
        return re.search(pattern, symbol, re.IGNORECASE) is not None
    except (re.error, OverflowError, RecursionError):
        return True  # refused at load; unchecked, a cap that cannot be read counts for every symbol


def leverage_cap(request: PlanRequest, entry: Decimal, stop_distance: Decimal) -> Decimal:
    """The highest leverage for a stop distance, whatever the bracket."""
    with localcontext() as context:
        context.rounding = ROUND_FLOOR  # a cap is never rounded beyond a whole number
        dynamic = formulas.dynamic_cap(request.settings.defaults.k_dynamic, entry, stop_distance)
    return min(configured_cap(request), dynamic)


def leverage_range(request: PlanRequest, bracket: LeverageBracket, cap: Decimal) -> LeverageRange:
    """Floor and cap within one bracket; a cap below the floor wins."""
    floor = max(request.settings.leverage.floor, request.contract.min_leverage)
    low, high = formulas.leverage_limits(floor, min(cap, bracket.max_leverage))
    return LeverageRange(int(low), int(high))


def usable(found: LeverageRange, contract: Contract) -> bool:
    return found.high >= 1 and found.high >= contract.min_leverage


def fixed_leverage(request: PlanRequest, margin: Decimal, dearest: Decimal, log: StepLog) -> int | Skip:
    """The leverage of a stop from the risk: target, else floor, within the caps of the notional that it buys.

    The margin buys at the dearest entry, so brackets in contracts are taken at that price, too.
    """
    settings, contract = request.settings.leverage, request.contract
    wanted = max(settings.target or settings.floor, contract.min_leverage)
    cap = configured_cap(request)
    highest = int(formulas.fixed_leverage(wanted, cap, settings.rounding.mode))
    leverages = {_within_bracket(bracket, highest, margin): bracket for bracket in contract.brackets_at(dearest)}
    leverage = max(leverages, default=0)
    if leverage < 1 or leverage < contract.min_leverage:
        return log.skip(Reason.LEVERAGE_BELOW_MIN, leverage=leverage, cap=cap, contract_min=contract.min_leverage)
    bracket = leverages[leverage]
    log_cap_in_contracts(contract, bracket, dearest, log)
    log.add(
        "leverage_for_risk",
        f"min({ROUNDED_WORDS[settings.rounding.mode].format('wanted')}, whole_down(min(cap, bracket_max, "
        "notional_cap / budget_usdt)))",
        leverage,
        "",
        wanted=wanted,
        target=settings.target,
        floor=settings.floor,
        contract_min=contract.min_leverage,
        cap=cap,
        bracket_max=bracket.max_leverage,
        notional_cap=bracket.notional_cap,
        budget_usdt=margin,
        rounding=settings.rounding.mode.value,
    )
    return leverage


def _within_bracket(bracket: LeverageBracket, highest: int, margin: Decimal) -> int:
    """The highest leverage that the bracket allows and whose notional lies in it; 0 when there is none."""
    leverage = min(highest, whole_down(min(bracket.max_leverage, divide_down(bracket.notional_cap, margin))))
    return leverage if leverage >= 1 and leverage * margin > bracket.notional_floor else 0


ROUNDED_WORDS = {
    RoundingMode.FLOOR: "whole_down({})",
    RoundingMode.CEIL: "whole_up({})",
    RoundingMode.ROUND: "whole_down({} + 1 / 2)",
}
"""How a step's formula says that a leverage is rounded."""
