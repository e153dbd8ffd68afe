"""Whether the facts can be planned on at all: of the right symbol, numbers that a market shows, fresh."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mtf_core.market import Contract, ContractStatus, LeverageBracket, format_instant
from mtf_core.planning.exact import tradable
from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.reasons import Reason

_HIGHEST_FEE = Decimal("0.1")


def unusable_inputs(request: PlanRequest, log: StepLog) -> Skip | None:
    """The skip for facts that no plan may rest on; None when all is well.

    A contract that is not open for trading goes first, then unusable facts, then stale ones.
    """
    closed = _not_trading(request, log)
    if closed:
        return closed
    problem = next(_unusable(request), None)
    if problem:
        return log.skip(Reason.MARKET_FACTS_UNAVAILABLE, problem=problem)
    stale = next(_stale(request), None)
    if stale:
        name, age_ms, allowed_ms = stale
        return log.skip(Reason.STALE_MARKET_DATA, fact=name, age_ms=age_ms, allowed_ms=allowed_ms)
    return None


def _not_trading(request: PlanRequest, log: StepLog) -> Skip | None:
    """The skip for a contract that takes no entries, or that expires before the plan has run its course."""
    contract, settings = request.contract, request.settings
    minutes = settings.risk.crash_mode.hard_time_stop_minutes if settings.risk.crash_mode.enabled else None
    waits_ms = max(settings.zone.ttl_sec, settings.supervision.order_timeout_sec) * 1000
    ends_ms = request.now_ms + waits_ms + int((minutes or 0) * 60_000)
    expires = 0 < contract.expires_at_ms <= ends_ms
    if contract.status is ContractStatus.TRADING and not expires:
        return None
    return log.skip(
        Reason.CONTRACT_NOT_TRADING,
        status=contract.status.value,
        expires_at=format_instant(contract.expires_at_ms) if contract.expires_at_ms else "never",
        needed_until=format_instant(ends_ms),
    )


def _unusable(request: PlanRequest) -> Iterator[str]:
    book, mark, contract = request.facts.book, request.facts.mark, request.contract
    for name, symbol in (("contract", contract.symbol), ("book", book.symbol), ("mark", mark.symbol if mark else None)):
        if symbol is not None and symbol != request.signal.symbol:
            yield f"the {name} is of {symbol}, the signal of {request.signal.symbol}"
    prices = (book.best_bid, book.best_ask, *((mark.price,) if mark else ()))
    if not tradable((*prices, request.facts.available_balance)):
        yield "a price or the balance is no number that can be traded on"
    yield from _unusable_contract(contract)


def _unusable_contract(contract: Contract) -> Iterator[str]:
    numbers = (
        contract.tick_size,
        contract.size_step,
        contract.contract_size,
        contract.min_size,
        contract.max_size,
        contract.max_market_size,
        contract.min_leverage,
        contract.max_leverage,
        contract.min_notional,
    )
    if not tradable(numbers):
        yield "a number of the contract cannot be traded on"
    fees = (contract.maker_fee, contract.taker_fee)
    if not tradable(fees) or any(abs(fee) > _HIGHEST_FEE for fee in fees):
        yield "a fee of the contract is no ratio within ±0.1"
    if not contract.brackets:
        yield "the contract has no leverage brackets, so liquidation cannot be judged"
    if not all(_plausible(bracket) for bracket in contract.brackets):
        yield "a leverage bracket is implausible"


def _plausible(bracket: LeverageBracket) -> bool:
    ratio = bracket.maintenance_margin_ratio
    numbers = (bracket.notional_floor, bracket.notional_cap, bracket.max_leverage, ratio, bracket.maintenance_amount)
    return (
        tradable(numbers)
        and 0 <= bracket.notional_floor < bracket.notional_cap
        and bracket.max_leverage > 0
        and 0 <= ratio <= Decimal("0.5")
        and bracket.maintenance_amount >= 0
    )


def _stale(request: PlanRequest) -> Iterator[tuple[str, int, int]]:
    """(name, age, allowed age) of every fact that is too old, or from a time that has not come yet."""
    facts, limits = request.facts, request.settings.staleness
    times = [("book", facts.book.time_ms, limits.quote_sec), ("balance", facts.balance_time_ms, limits.balance_sec)]
    if facts.mark:
        times.append(("mark", facts.mark.time_ms, limits.quote_sec))
    for name, time_ms, seconds in times:
        age = request.now_ms - time_ms
        if abs(age) > seconds * 1000:  # the exchange's clock may run ahead by as much as it may lie behind
            yield name, age, seconds * 1000
    for role, feature in request.needs.items():
        found = facts.features.get(role)
        if found is None or feature.timeframe is None:
            continue
        age = request.now_ms - found.candle_close_ms
        allowed = feature.timeframe.ms + limits.candle_sec * 1000
        if age < 0 or age > allowed:  # a candle that closes later than now is still open: never used
            yield str(feature), age, allowed
