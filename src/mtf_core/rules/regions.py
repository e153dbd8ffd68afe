"""The values for which a test is true (or false), as a union of boxes: what the static analysis reasons with.

A box bounds some quantities; a point of it satisfies the test as far as boxes can tell. Where the exact union would
be too large it is replaced by a larger one, never by a smaller: an empty union proves that no values satisfy the test.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache

from attrs import frozen

from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Constantly,
    Known,
    Named,
    Not,
    Operand,
    Test,
    WithinBars,
)
from mtf_core.rules.quantities import Bound, Quantity, Sum, ratio, sum_of

MOST_BOXES = 256
MOST_SHIFTS = 8
MOST_NODES = 12
_OPPOSITE = {
    Comparison.GT: Comparison.LTE,
    Comparison.LTE: Comparison.GT,
    Comparison.LT: Comparison.GTE,
    Comparison.GTE: Comparison.LT,
}
_MIRRORED = {
    Comparison.GT: Comparison.LT,
    Comparison.LT: Comparison.GT,
    Comparison.GTE: Comparison.LTE,
    Comparison.LTE: Comparison.GTE,
}


@frozen(cache_hash=True)
class Interval:
    """Values between two ends, each included or not."""

    low: Bound = -math.inf
    low_open: bool = False
    high: Bound = math.inf
    high_open: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def meet(self, other: Interval) -> Interval:
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, high_closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low, low_open, high, not high_closed)


Box = Mapping[Quantity, Interval]
Union = tuple[Box, ...]
EVERYTHING: Union = ({},)
NOTHING: Union = ()


@lru_cache(maxsize=8192)
def region(test: Test, wanted: bool = True, ago: int = 0) -> Union:
    """Boxes that contain every point at which the test is true (or with `wanted` False, false)."""
    match test:
        case Compare(op, left, right):
            return _comparison(op if wanted else _OPPOSITE[op], left, right, ago)
        case AllOf(tests) | AnyOf(tests):
            parts = [region(item, wanted, ago) for item in tests]
            return both(parts) if isinstance(test, AllOf) == wanted else either(parts)
        case Not(inner):
            return region(inner, not wanted, ago)
        case Named(_, inner) | Known(inner):
            return region(inner, wanted, ago)
        case WithinBars(bars, inner):
            if not wanted:
                return region(inner, False, ago)
            if bars > MOST_SHIFTS:
                return EVERYTHING if region(inner) else NOTHING
            return either([region(inner, True, ago + back) for back in range(bars)])
        case Constantly():
            # Written on purpose: a constant is no contradiction to point at.
            return EVERYTHING


def both(unions: Iterable[Union]) -> Union:
    """The intersection of unions of boxes."""
    result = EVERYTHING
    for union in sorted(unions, key=len):
        if len(result) * len(union) > MOST_BOXES:
            continue
        met = (_meet(one, other) for one in result for other in union)
        result = tuple(box for box in met if box is not None)
    return result


def either(unions: Iterable[Union]) -> Union:
    """The union of unions of boxes."""
    boxes = tuple(box for union in unions for box in union)
    return EVERYTHING if len(boxes) > MOST_BOXES or {} in boxes else boxes


def _meet(one: Box, other: Box) -> Box | None:
    """What both boxes hold, or None. Each holds something, so that only what both bound needs a look."""
    if not one or not other:
        return one or other
    merged, ratios = dict(one), False
    for quantity, interval in other.items():
        own = merged.get(quantity, interval)
        if own is not interval:
            interval = own.meet(interval)  # noqa: PLW2901
            if interval.empty:
                return None
        merged[quantity] = interval
        ratios = ratios or _orders(quantity)
    return None if ratios and _circular(merged) else merged


# --- one comparison -------------------------------------------------------------------------------------------


def _comparison(op: Comparison, left: Operand, right: Operand, ago: int) -> Union:
    difference = sum_of(left, ago).plus(sum_of(right, ago), Fraction(-1))
    if not difference.terms:
        return EVERYTHING if _holds(op, difference.constant) else NOTHING
    quantity, op, limit = _against_number(op, difference)
    inner = quantity.magnitude_of
    if inner is not None and limit >= 0:
        return _magnitude(op, sum_of(inner, quantity.ago), limit)
    return _bounded(quantity, op, limit)


def _holds(op: Comparison, constant: Fraction) -> bool:
    match op:
        case Comparison.GT:
            return constant > 0
        case Comparison.GTE:
            return constant >= 0
        case Comparison.LT:
            return constant < 0
        case Comparison.LTE:
            return constant <= 0


def _against_number(op: Comparison, difference: Sum) -> tuple[Quantity, Comparison, Fraction]:
    """`difference op 0` as one quantity against a number."""
    terms = difference.terms
    quantity, lead = terms[0]
    if len(terms) == 2 and not difference.constant and lead * terms[1][1] < 0:
        other, coefficient = terms[1]
        if quantity.positive and other.positive:
            # c₁·a + c₂·b op 0 with b > 0 is a/b op −c₂/c₁ (mirrored if c₁ < 0).
            return _oriented(ratio(quantity, other), op if lead > 0 else _MIRRORED[op], -coefficient / lead)
    if len(terms) > 1:
        quantity = _combined(terms, lead)
    op = op if lead > 0 else _MIRRORED[op]
    return _oriented(quantity, op, -difference.constant / lead)


def _oriented(quantity: Quantity, op: Comparison, limit: Fraction) -> tuple[Quantity, Comparison, Fraction]:
    """Of a/b and b/a always the one whose names are in alphabetical order, so that both meet."""
    if quantity.over and quantity.positive and limit > 0:
        numerator, denominator = quantity.over
        if numerator.name > denominator.name:
            return ratio(denominator, numerator), _MIRRORED[op], 1 / limit
    return quantity, op, limit


def _combined(terms: tuple[tuple[Quantity, Fraction], ...], lead: Fraction) -> Quantity:
    """A sum of several quantities, scaled to a leading 1, as one quantity with its range."""
    low: Bound = Fraction(0)
    high: Bound = Fraction(0)
    names = []
    for quantity, coefficient in terms:
        share = coefficient / lead
        ends = (_scaled(quantity.low, share), _scaled(quantity.high, share))
        low, high = low + min(ends), high + max(ends)
        names.append(f"{share}·{quantity.name}")
    return Quantity(" + ".join(names), low, high)


def _scaled(bound: Bound, share: Fraction) -> Bound:
    if isinstance(bound, float):
        return bound if share > 0 else -bound
    return bound * share


def _bounded(quantity: Quantity, op: Comparison, limit: Fraction) -> Union:
    """One box, nothing where the quantity's own range rules it out, or everything where that implies it."""
    own = Interval(quantity.low, quantity.positive, quantity.high)
    match op:
        case Comparison.GT | Comparison.GTE:
            asked = Interval(low=limit, low_open=op is Comparison.GT)
        case _:
            asked = Interval(high=limit, high_open=op is Comparison.LT)
    met = own.meet(asked)
    if met.empty:
        return NOTHING
    return EVERYTHING if met == own else ({quantity: met},)


def _magnitude(op: Comparison, inner: Sum, limit: Fraction) -> Union:
    """|inner| op limit, as two comparisons of what stands inside."""
    if not inner.terms:
        return EVERYTHING if _holds(op, abs(inner.constant) - limit) else NOTHING
    sides = [
        _bounded(*_against_number(op, inner.plus(Sum((), Fraction(-limit))))),
        _bounded(*_against_number(_MIRRORED[op], inner.plus(Sum((), Fraction(limit))))),
    ]
    return both(sides) if op in (Comparison.LT, Comparison.LTE) else either(sides)


# --- several ratios at once -----------------------------------------------------------------------------------


def _circular(box: Box) -> bool:
    """Whether ratios contradict each other in a circle, as in a > b, b > c, c > a.

    Each bound a ≤ k·b is an edge from a to b; a circle whose factors multiply to less than 1 (or to 1 with a strict
    step) would make a quantity smaller than itself. Shortest products by Floyd and Warshall; boxes hold few ratios.
    """
    if not _closes([quantity.over for quantity in box if quantity.over and quantity.positive]):
        return False
    edges = _upper_bounds(box)
    nodes = sorted({name for pair in edges for name in pair})
    if len(edges) < 3 or len(nodes) > MOST_NODES:
        return False
    for via in nodes:
        for start in nodes:
            for end in nodes:
                first, second = edges.get((start, via)), edges.get((via, end))
                if first and second:
                    path = (first[0] * second[0], first[1] and second[1])
                    edges[start, end] = min(edges.get((start, end), path), path)
        if any(edges.get((name, name), _ITSELF) < _ITSELF for name in nodes):
            return True
    return False


_ITSELF = (Fraction(1), True)


def _closes(ratios: Iterable[tuple[Quantity, Quantity]]) -> bool:
    """Whether some ratios form a circle at all, in whatever direction; mostly they do not, and that is quick to see."""
    group: dict[str, set[str]] = {}
    for top, bottom in ratios:
        one, other = group.get(top.name) or {top.name}, group.get(bottom.name) or {bottom.name}
        if bottom.name in one:
            return True
        joined = one | other
        group.update(dict.fromkeys(joined, joined))
    return False


def _orders(quantity: Quantity) -> bool:
    """Whether it is a ratio that tells which of two quantities is the greater one."""
    return quantity.over is not None and quantity.positive


def _upper_bounds(box: Box) -> dict[tuple[str, str], tuple[Fraction, bool]]:
    """(a, b) → (k, included) for a ≤ k·b; a strict bound sorts before the same bound with equality."""
    edges: dict[tuple[str, str], tuple[Fraction, bool]] = {}
    for quantity, interval in box.items():
        if not _orders(quantity):
            continue
        assert quantity.over is not None
        top, bottom = (part.name for part in quantity.over)
        if isinstance(interval.high, Fraction) and interval.high > 0:
            edges[top, bottom] = (interval.high, not interval.high_open)
        if isinstance(interval.low, Fraction) and interval.low > 0:
            edges[bottom, top] = (1 / interval.low, not interval.low_open)
    return edges
