"""The vocabulary in which the catalogue writes its formulas: operands, comparisons, and parameters that recur."""

from __future__ import annotations

from collections.abc import Callable

from mtf_core.rules.conditions.condition import Arguments, Bounds, Parameter, ParameterKind
from mtf_core.rules.expressions import (
    AllOf,
    Arithmetic,
    Compare,
    Comparison,
    Computed,
    Feature,
    Known,
    Number,
    Operand,
    Test,
)

RATIO = Bounds(0, 1)
SIGNED_RATIO = Bounds(-1, 1)
NOT_NEGATIVE = Bounds(0)
LONGEST_STEPS = 50
LONGEST_LOOKBACK = 500
CLOSE = Feature("close")


def plus(left: Operand, right: Operand) -> Computed:
    return Computed(Arithmetic.PLUS, left, right)


def minus(left: Operand, right: Operand) -> Computed:
    return Computed(Arithmetic.MINUS, left, right)


def times(left: Operand, right: Operand) -> Computed:
    return Computed(Arithmetic.TIMES, left, right)


def over(left: Operand, right: Operand) -> Computed:
    return Computed(Arithmetic.OVER, left, right)


def relative(left: Operand, right: Operand) -> Computed:
    """left/right − 1."""
    return minus(over(left, right), Number(1.0))


def gt(left: Operand, right: Operand) -> Compare:
    return Compare(Comparison.GT, left, right)


def gte(left: Operand, right: Operand) -> Compare:
    return Compare(Comparison.GTE, left, right)


def lt(left: Operand, right: Operand) -> Compare:
    return Compare(Comparison.LT, left, right)


def lte(left: Operand, right: Operand) -> Compare:
    return Compare(Comparison.LTE, left, right)


def within(low: float, operand: Operand, high: float) -> AllOf:
    """low ≤ operand ≤ high; both comparisons read the same features, so both are unknown at once."""
    return AllOf((gte(operand, Number(low)), lte(operand, Number(high))))


def all_known(*tests: Test) -> Test:
    """All true; unknown if any feature is missing, even where one part is already false."""
    return tests[0] if len(tests) == 1 else Known(AllOf(tests))


def scaled(amount: float, ago: int, *, relative_to_close: bool) -> Operand:
    """A gap or epsilon in price units; a relative one is a share of the close of the candle `ago` candles earlier.

    Zero is plain zero, so that a relative gap of nothing does not need the close.
    """
    if amount == 0:
        return Number(0.0)
    return times(Number(amount), Feature("close", ago)) if relative_to_close else Number(amount)


def gap_of(arguments: Arguments, name: str, sign: int = 1) -> Callable[[int], Operand]:
    """The gap `name_pct`, a share of the close, or `name` in price units when that was given; per candle ago."""
    relative_to_close = not arguments.has(name)
    amount = sign * arguments.number(f"{name}_pct" if relative_to_close else name)
    return lambda ago: scaled(amount, ago, relative_to_close=relative_to_close)


def steps(comparison: Comparison, feature: Feature, count: int, beyond: Callable[[int], Operand]) -> list[Test]:
    """feature[i] − feature[i+1] (comparison) beyond(i), for i = 0 … count−1."""
    tests: list[Test] = []
    for i in range(count):
        newer = Feature(feature.name, feature.ago + i, feature.timeframe)
        older = Feature(feature.name, feature.ago + i + 1, feature.timeframe)
        limit = beyond(i)
        # Against zero, comparing the two values is the same and reads better in a trace.
        plain = limit == Number(0.0)
        tests.append(Compare(comparison, newer if plain else minus(newer, older), older if plain else limit))
    return tests


def threshold(default: float, *aliases: str, bounds: Bounds, unit: str = "", name: str = "threshold") -> Parameter:
    """The main parameter of a condition that has one number."""
    return Parameter(name, default, unit=unit, bounds=bounds, aliases=aliases, main=True)


def tolerance(default: float, *aliases: str) -> Parameter:
    """A main parameter that widens the test by a ratio; negative is refused."""
    return threshold(default, *aliases, bounds=RATIO, unit="ratio", name="tolerance")


def lookback(default: int = 1) -> Parameter:
    return Parameter(
        "lookback",
        default,
        ParameterKind.INTEGER,
        unit="candles",
        bounds=Bounds(1, LONGEST_LOOKBACK),
        aliases=("slope_lookback",),
        main=True,
    )


def relative_gap(name: str, default: float, bounds: Bounds = RATIO, *, main: bool = False) -> Parameter:
    """A gap of prices as a share of the close of the candle that it is applied to."""
    return Parameter(f"{name}_pct", default, unit="ratio of close", bounds=bounds, main=main)


def absolute_gap(name: str, *aliases: str, bounds: Bounds = NOT_NEGATIVE) -> Parameter:
    """The same gap in price units; replaces the relative one when given."""
    return Parameter(
        name,
        None,
        unit="price",
        bounds=bounds,
        aliases=aliases,
        instead_of=f"{name}_pct",
        doc="in price units, so that it means something else for every symbol",
    )
