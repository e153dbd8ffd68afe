"""Daily and 15m pivot levels: which one carries a stop, which one a target runs into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from attrs import frozen

from mtf_core.planning.facts import PIVOT_COUNT, FactRole, daily_pivot, fallback_pivot
from mtf_core.planning.request import PlanRequest
from mtf_core.settings.trade_entry import PivotStopPolicy

_STRONGEST_FIRST = (2, 1, 3, 4, 5, 6)
"""Level numbers in the order in which `strongest` takes the first that lies on the losing side."""

_NUMBERS = range(1, PIVOT_COUNT + 1)


@frozen
class Level:
    """A pivot level: the feature that it is, and its price."""

    name: str
    price: Decimal


def stop_level(request: PlanRequest, entry: Decimal) -> Level | None:
    """The level that carries the stop, on the losing side of the entry; None when there is none.

    Supports are s1..s6, resistances r1..r6. An explicit level that lies on the wrong side gives way to its mirror
    image (s1 to r1), so that one setting serves both sides.
    """
    policy = request.settings.defaults.pivot_sl_policy
    found = _losing(request, entry, stop_candidates(policy, is_long=request.is_long))
    if policy is PivotStopPolicy.NEAREST:
        return min(found, key=lambda level: abs(level.price - entry), default=None)
    return next(iter(found), None)


def stop_candidates(policy: PivotStopPolicy, *, is_long: bool) -> tuple[FactRole, ...]:
    """The levels that may carry a stop where they lie on the losing side: the nearest does with `nearest`, else the
    first that does."""
    own = "s" if is_long else "r"
    match policy:
        case PivotStopPolicy.NEAREST:
            return tuple(daily_pivot(own, number) for number in _NUMBERS)
        case PivotStopPolicy.STRONGEST:
            return tuple(daily_pivot(own, number) for number in _STRONGEST_FIRST)
        case _:
            letter, number = policy.value[0], int(policy.value[1])
            return tuple(daily_pivot(name, number) for name in (letter, "r" if letter == "s" else "s"))


def _losing(request: PlanRequest, entry: Decimal, roles: Sequence[FactRole]) -> list[Level]:
    sign = request.side.sign
    return [level for level in _known(request, roles) if (entry - level.price) * sign > 0]


def target_levels(request: PlanRequest) -> list[Level]:
    """The levels that a target may run into: daily ones, or 15m ones when every daily one is missing."""
    return _of_kind(request, daily_pivot) or _of_kind(request, fallback_pivot)


def next_level(request: PlanRequest, beyond: Decimal, *, strictly: bool) -> Level | None:
    """The nearest target level at or beyond a price, in the direction of the trade."""
    sign = request.side.sign
    ahead = [
        level
        for level in target_levels(request)
        if (level.price - beyond) * sign > 0 or (not strictly and level.price == beyond)
    ]
    return min(ahead, key=lambda level: abs(level.price - beyond), default=None)


def _of_kind(request: PlanRequest, kind: Callable[[str, int], FactRole]) -> list[Level]:
    letter = "r" if request.is_long else "s"
    return _known(request, [kind(letter, number) for number in _NUMBERS])


def _known(request: PlanRequest, roles: Sequence[FactRole]) -> list[Level]:
    found = [(role, request.positive(role)) for role in roles]
    return [Level(request.label(role), price) for role, price in found if price is not None]
