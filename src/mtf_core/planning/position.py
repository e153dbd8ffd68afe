"""The position: what of the size by risk the budget carries, in a bracket and at a leverage that keep it safe."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum, auto
from functools import cached_property

from attrs import evolve, frozen

from mtf_core.market import Contract, LeverageBracket, on_grid_at_or_below
from mtf_core.planning.budget import Budget
from mtf_core.planning.caps import (
    LeverageRange,
    brackets_highest_first,
    leverage_cap,
    leverage_range,
    log_cap_in_contracts,
    usable,
)
from mtf_core.planning.entry import Entry
from mtf_core.planning.exact import divide_down
from mtf_core.planning.liquidation import (
    Exposure,
    exposure_at,
    largest_quantity,
    largest_safe_quantity,
    liquidation_price,
    needed_margin,
)
from mtf_core.planning.outcome import SizeLimit, Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.size import RiskSize
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason


@frozen
class Position:
    """A size with the bracket that its notional falls in, and the leverages that are open to it."""

    size: Decimal
    limited_by: SizeLimit
    bracket: LeverageBracket
    allowed: LeverageRange
    """By caps and floor."""
    highest_safe: int
    """The highest leverage within `allowed` at which the stop comes before liquidation."""
    sized_at: int
    """The leverage at which no larger size is both carried and safe."""


class _Failure(Enum):
    """Why a bracket holds no position; the later, the nearer it came to one."""

    NO_LEVERAGE = auto()
    TOO_LITTLE_MARGIN = auto()
    UNSAFE = auto()
    TOO_SMALL_WHEN_SAFE = auto()


@frozen
class _Search:
    """What the size in one bracket depends on."""

    contract: Contract
    entry: Entry
    stop: Stop
    margin: Decimal
    wanted: RiskSize
    bracket: LeverageBracket
    """In notional at the dearest entry: a size that its cap carries there, it carries at every other fill."""
    floor: Decimal
    """The bracket's, in notional at the cheapest entry, where a size is worth least."""
    allowed: LeverageRange
    exposures: tuple[Exposure, ...]
    """At the planned and at the worst entry."""
    ratio: Decimal

    def carried(self, leverage: int) -> Decimal:
        """The largest size whose notional lies below the bracket's cap and whose margin the budget covers."""
        notional = min(self.bracket.notional_cap, self.margin * leverage)
        size = divide_down(notional, self.contract.contract_size * self.entry.dearest_price)
        return self._stepped(min(self.wanted.size, size))

    def safe(self, leverage: int) -> Decimal:
        """The largest size that is safe at a leverage, and carried there."""
        return min(self.carried(leverage), self._safe_size(leverage))

    def is_safe_as_carried(self, leverage: int) -> bool:
        """Whether all that is carried at a leverage is safe."""
        return self.carried(leverage) <= self._safe_size(leverage)

    def _safe_size(self, leverage: int) -> Decimal:
        return self._stepped(self.safe_quantity(leverage) / self.contract.contract_size)

    def safe_quantity(self, leverage: int) -> Decimal:
        """The largest base quantity that is safe at a leverage."""
        each = zip(self.exposures, self._needed, strict=True)
        return min(largest_quantity(exposure, leverage, needed) for exposure, needed in each)

    @cached_property
    def _needed(self) -> tuple[Decimal | None, ...]:
        return tuple(needed_margin(one, self.stop.price, self.ratio) for one in self.exposures)

    def fits(self, size: Decimal) -> bool:
        """Whether it may be ordered, and its notional lies in the bracket wherever the entry fills."""
        lowest = self.contract.notional(size, self.entry.cheapest_price)
        return size >= self.wanted.smallest and lowest > self.floor

    def _stepped(self, size: Decimal) -> Decimal:
        return on_grid_at_or_below(size, self.contract.size_step)


def fit_position(
    request: PlanRequest, entry: Entry, stop: Stop, wanted: RiskSize, budget: Budget, log: StepLog
) -> Position | Skip:
    """The largest position that margin, brackets and liquidation allow; never more than the risk buys."""
    failures = set()
    dearest = brackets_highest_first(request.contract, entry.dearest_price)
    cheapest = brackets_highest_first(request.contract, entry.cheapest_price)
    cap = leverage_cap(request, entry.price, stop.distance)
    for bracket, at_cheapest in zip(dearest, cheapest, strict=True):
        allowed = leverage_range(request, bracket, cap)
        search = _search(request, entry, stop, wanted, budget, bracket, at_cheapest.notional_floor, allowed)
        position = _in_bracket(search)
        if isinstance(position, Position):
            if _Failure.UNSAFE in failures and position.limited_by is SizeLimit.BRACKET:
                position = evolve(position, limited_by=SizeLimit.LIQUIDATION)
            _log_position(search, position, log)
            return position
        failures.add(position)
    return _skip(request, entry, stop, wanted, budget, failures, log)


def _search(
    request: PlanRequest,
    entry: Entry,
    stop: Stop,
    wanted: RiskSize,
    budget: Budget,
    bracket: LeverageBracket,
    floor: Decimal,
    allowed: LeverageRange,
) -> _Search:
    contract = request.contract
    prices = (entry.price,) if entry.price == entry.worst_price else (entry.price, entry.worst_price)
    return _Search(
        contract=contract,
        entry=entry,
        stop=stop,
        margin=budget.margin,
        wanted=wanted,
        bracket=bracket,
        floor=floor,
        allowed=allowed,
        exposures=tuple(exposure_at(contract, request.side, price, bracket) for price in prices),
        ratio=request.settings.risk.min_liquidation_ratio,
    )


def _in_bracket(search: _Search) -> Position | _Failure:
    """The largest safe position of a bracket.

    More leverage carries more and bears less: what is carried grows with it, what is safe shrinks. The largest size
    therefore stands at the highest leverage at which everything that is carried is safe, or at the next one.
    """
    allowed = search.allowed
    if not usable(allowed, search.contract):
        return _Failure.NO_LEVERAGE
    most = search.carried(allowed.high)
    if not search.fits(most):
        return _Failure.TOO_LITTLE_MARGIN
    turn = _last(search.is_safe_as_carried, allowed)
    candidates = [leverage for leverage in (turn, turn + 1) if allowed.low <= leverage <= allowed.high]
    sized_at = max(candidates, key=search.safe)
    size = search.safe(sized_at)
    if size <= 0:
        return _Failure.UNSAFE
    if not search.fits(size):
        return _Failure.TOO_SMALL_WHEN_SAFE
    highest = _last(lambda leverage: search.safe_quantity(leverage) >= size * search.contract.contract_size, allowed)
    return Position(size, _limit(search, size, most), search.bracket, allowed, highest, sized_at)


def _last(holds: Callable[[int], bool], among: LeverageRange) -> int:
    """The highest leverage for which a condition holds that holds for the lower ones; `low − 1` where for none."""
    known, beyond = among.low - 1, among.high + 1
    while beyond - known > 1:
        middle = (known + beyond) // 2
        known, beyond = (middle, beyond) if holds(middle) else (known, middle)
    return known


def _limit(search: _Search, size: Decimal, carried: Decimal) -> SizeLimit:
    if size == search.wanted.size:
        return search.wanted.limited_by
    if size < carried:
        return SizeLimit.LIQUIDATION
    return SizeLimit.BRACKET if search.bracket.notional_cap <= search.margin * search.allowed.high else SizeLimit.BUDGET


def _log_position(search: _Search, position: Position, log: StepLog) -> None:
    contract, entry = search.contract, search.entry
    carried = search.carried(position.allowed.high)
    log_cap_in_contracts(contract, position.bracket, entry.dearest_price, log)
    log.add(
        "size_by_margin",
        "down(min(size_by_risk, min(notional_cap, budget_usdt · highest_leverage) / (contract_size · dearest_entry)), "
        "size_step)",
        carried,
        "contracts",
        size_by_risk=search.wanted.size,
        notional_cap=position.bracket.notional_cap,
        budget_usdt=search.margin,
        highest_leverage=position.allowed.high,
        contract_size=contract.contract_size,
        dearest_entry=entry.dearest_price,
        size_step=contract.size_step,
    )
    if position.size < carried:
        _log_safe_size(search, position, log)
    log.add(
        "size",
        "min(size_by_margin, size_by_liquidation)" if position.size < carried else "size_by_margin",
        position.size,
        "contracts",
        size_by_margin=carried,
        size_by_liquidation=position.size if position.size < carried else "not asked",
        limited_by=position.limited_by.value,
    )
    log.add(
        "notional_usdt",
        "size · contract_size · entry",
        contract.notional(position.size, entry.price),
        "USDT",
        size=position.size,
        contract_size=contract.contract_size,
        entry=entry.price,
    )


def _log_safe_size(search: _Search, position: Position, log: StepLog) -> None:
    """The budget at the leverage that is safe, or what the maintenance amount keeps safe at the next one."""
    leverage, contract, bracket = position.sized_at, search.contract, position.bracket
    nearest = min(
        search.exposures, key=lambda one: largest_safe_quantity(one, leverage, search.stop.price, search.ratio)
    )
    log.add(
        "size_by_liquidation",
        "down(min(notional_cap, budget_usdt · leverage) / (contract_size · dearest_entry), size_step)"
        if position.size == search.carried(leverage)
        else "down(maintenance_amount · leverage / (needed_margin · leverage − entry) / contract_size, size_step)",
        position.size,
        "contracts",
        leverage=leverage,
        budget_usdt=search.margin,
        notional_cap=bracket.notional_cap,
        contract_size=contract.contract_size,
        dearest_entry=search.entry.dearest_price,
        size_step=contract.size_step,
        maintenance_amount=bracket.maintenance_amount,
        needed_margin=needed_margin(nearest, search.stop.price, search.ratio),
        entry=nearest.entry,
        stop=search.stop.price,
        min_liquidation_ratio=search.ratio,
    )


def _skip(
    request: PlanRequest,
    entry: Entry,
    stop: Stop,
    wanted: RiskSize,
    budget: Budget,
    failures: set[_Failure],
    log: StepLog,
) -> Skip:
    """The reason of the bracket that came nearest to a position."""
    contract, settings = request.contract, request.settings
    if _Failure.TOO_SMALL_WHEN_SAFE in failures:
        return log.skip(
            Reason.SIZE_BELOW_MIN_VOLUME,
            size_by_risk=wanted.size,
            smallest_size=wanted.smallest,
            size_limited_by=SizeLimit.LIQUIDATION.value,
            budget_usdt=budget.margin,
            min_liquidation_ratio=settings.risk.min_liquidation_ratio,
        )
    if _Failure.UNSAFE in failures:
        return _beyond_liquidation(request, entry, stop, wanted, log)
    if _Failure.TOO_LITTLE_MARGIN in failures:
        return log.skip(
            Reason.INSUFFICIENT_MARGIN,
            budget_usdt=budget.margin,
            size_by_risk=wanted.size,
            smallest_size=wanted.smallest,
            smallest_notional=contract.notional(wanted.smallest, entry.dearest_price),
        )
    return log.skip(
        Reason.LEVERAGE_BELOW_MIN,
        exchange_cap=settings.leverage.exchange_cap,
        k_dynamic=settings.defaults.k_dynamic,
        stop_pct=divide_down(stop.distance, entry.price),
        contract_min=contract.min_leverage,
        contract_max=contract.max_leverage,
    )


def _beyond_liquidation(request: PlanRequest, entry: Entry, stop: Stop, wanted: RiskSize, log: StepLog) -> Skip:
    """Shown for the smallest size in the lowest bracket: nothing is safer."""
    contract = request.contract
    bracket = min(contract.brackets_at(entry.price), key=lambda row: row.notional_floor)
    lowest = leverage_range(request, bracket, leverage_cap(request, entry.price, stop.distance)).low
    exposure = exposure_at(contract, request.side, entry.price, bracket)
    return log.skip(
        Reason.STOP_BEYOND_LIQUIDATION,
        lowest_leverage=lowest,
        liquidation_price=liquidation_price(exposure, wanted.smallest * contract.contract_size, max(lowest, 1)),
        stop=stop.price,
        entry=entry.price,
        worst_entry=entry.worst_price,
        min_liquidation_ratio=request.settings.risk.min_liquidation_ratio,
    )
