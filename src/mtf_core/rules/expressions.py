"""Expressions: what every condition and rule is compiled to.

Two small families, both immutable values. *Operands* are numbers per candle (a feature, a constant, arithmetic);
*tests* are three-valued truths per candle. Everything else (history needed, evaluation, traces, the search for
rules that can never be true) walks these trees, so a new condition needs no code there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from attrs import field, frozen

from mtf_core.market.timeframe import Timeframe


# --- operands -------------------------------------------------------------------------------------------------
@frozen(cache_hash=True)
class Feature:
    """A feature `ago` candles before the evaluated one; `timeframe` None means the evaluated timeframe.

    With another timeframe, the candle is that timeframe's last one closed at or before the (shifted) candle's close.
    """

    name: str
    ago: int = 0
    timeframe: Timeframe | None = None

    def __str__(self) -> str:
        prefix = f"{self.timeframe}." if self.timeframe else ""
        return f"{prefix}{self.name}" + (f"[{self.ago}]" if self.ago else "")


@frozen(cache_hash=True)
class Metric:
    """A selector metric of the plan preview (`spread_bps`, `leverage`, …); only selectors may use one."""

    name: str

    def __str__(self) -> str:
        return self.name


@frozen(cache_hash=True)
class Number:
    """A constant."""

    value: float = field(converter=float)

    def __str__(self) -> str:
        return f"{self.value:.10g}"


class Arithmetic(StrEnum):
    PLUS = "+"
    MINUS = "-"
    TIMES = "·"
    OVER = "/"
    """Division; by zero it is missing, never infinite."""


@frozen(cache_hash=True)
class Computed:
    """Arithmetic on two operands; missing when either is."""

    sign: Arithmetic
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"({self.left} {self.sign} {self.right})"


@frozen(cache_hash=True)
class Absolute:
    """|operand|."""

    of: Operand

    def __str__(self) -> str:
        return f"|{self.of}|"


@frozen(cache_hash=True)
class Positive:
    """The operand where it is above zero, missing elsewhere: for quotients that have no meaning there."""

    of: Operand

    def __str__(self) -> str:
        return str(self.of)


Operand = Feature | Metric | Number | Computed | Absolute | Positive


# --- tests ----------------------------------------------------------------------------------------------------


class Comparison(StrEnum):
    GT = ">"
    GTE = ">="
    LT = "<"
    LTE = "<="


@frozen(cache_hash=True)
class Compare:
    """left (op) right; unknown when an operand is missing. Exact: tolerances are written into the operands."""

    op: Comparison
    left: Operand
    right: Operand


def _as_tuple(tests: Iterable[Test]) -> tuple[Test, ...]:
    return tuple(tests)


@frozen(cache_hash=True)
class AllOf:
    """False if any is false, else unknown if any is unknown, else true."""

    tests: tuple[Test, ...] = field(converter=_as_tuple)


@frozen(cache_hash=True)
class AnyOf:
    """True if any is true, else unknown if any is unknown, else false."""

    tests: tuple[Test, ...] = field(converter=_as_tuple)


@frozen(cache_hash=True)
class Not:
    """The opposite; of unknown, unknown."""

    test: Test


@frozen(cache_hash=True)
class WithinBars:
    """True on at least one of the last `bars` candles, the evaluated one included."""

    bars: int
    test: Test


@frozen(cache_hash=True)
class Constantly:
    """Always true, or always false (`get_true`, `get_false`)."""

    truth: bool


@frozen(cache_hash=True)
class Known:
    """The inner test, but unknown whenever a feature that it lists is missing.

    Kleene's logic lets one false part decide although another part is missing; the catalogue of built-ins says
    "unknown if any listed feature is missing" instead. With `unless_true`, parts that already decide true stand.
    """

    test: Test
    unless_true: bool = False


@frozen(cache_hash=True)
class Named:
    """A test that bears a name in the rule files: a rule of the profile or a built-in, with its parameters."""

    name: str
    test: Test
    parameters: tuple[tuple[str, float | bool], ...] = ()
    builtin: bool = False


Test = Compare | AllOf | AnyOf | Not | WithinBars | Constantly | Known | Named


def children(test: Test) -> tuple[Test, ...]:
    """The tests directly below a test."""
    match test:
        case AllOf(tests) | AnyOf(tests):
            return tests
        case Not(inner) | WithinBars(_, inner) | Known(inner) | Named(_, inner):
            return (inner,)
        case Compare() | Constantly():
            return ()


def size(test: Test) -> int:
    """How many nodes the test has when every use of a rule is written out.

    Shared parts are counted once and known by identity: comparing equal trees would walk all of what is counted.
    """
    known: dict[int, int] = {}

    def count(part: Test) -> int:
        if id(part) not in known:
            known[id(part)] = 1 + sum(map(count, children(part)))
        return known[id(part)]

    return count(test)


def distinct(test: Test) -> Iterator[Test]:
    """The test and everything below it, equal parts once, parents first."""
    found = {test: None}
    pending = [test]
    while pending:
        for child in reversed(children(pending.pop())):
            if child not in found:
                found[child] = None
                pending.append(child)
    return iter(found)


def operand_leaves(operand: Operand) -> Iterator[Feature | Metric | Number]:
    """The features, metrics and constants below an operand, left to right."""
    match operand:
        case Computed(_, left, right):
            yield from operand_leaves(left)
            yield from operand_leaves(right)
        case Absolute(inner) | Positive(inner):
            yield from operand_leaves(inner)
        case _:
            yield operand


def used(test: Test, ago: int = 0) -> Iterator[tuple[Feature | Metric, int]]:
    """Every feature and metric below a test, with how many candles back the test reaches for it in all."""
    match test:
        case Compare(_, left, right):
            for side in (left, right):
                for leaf in operand_leaves(side):
                    if isinstance(leaf, Feature):
                        yield leaf, leaf.ago + ago
                    elif isinstance(leaf, Metric):
                        yield leaf, ago
        case WithinBars(bars, inner):
            yield from used(inner, ago + bars - 1)
        case _:
            for child in children(test):
                yield from used(child, ago)


def reach(test: Test) -> int:
    """How many candles before the evaluated one the test looks at."""
    return max((ago for _, ago in used(test)), default=0)
