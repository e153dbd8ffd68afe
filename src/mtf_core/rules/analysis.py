"""What can be said of a test without any candles: parts that never hold, always hold, or never decide."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from attrs import frozen

from mtf_core.config_nodes import Severity
from mtf_core.market import Side
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Arguments
from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Constantly,
    Known,
    Named,
    Not,
    Test,
    WithinBars,
    children,
    distinct,
)
from mtf_core.rules.regions import EVERYTHING, Union, both, region


@frozen
class Finding:
    """One thing found: how bad it is, the part of the test it speaks of, and what is wrong with it."""

    severity: Severity
    part: str
    message: str

    def __str__(self) -> str:
        return f"{self.part} {self.message}"


def never_or_always(test: Test, examined: Collection[str] = ()) -> list[Finding]:
    """Parts that can never be true or never be false (errors), and entries that never decide (notes).

    The innermost such part is named, not everything around it. Rules whose names are in `examined` are taken as
    they are, because they were looked at where they are defined. Built-in conditions are one part each. Sound but
    not complete: nothing is said of what cannot be decided from ranges, ratios and order alone.
    """
    return list(dict.fromkeys(_Analysis(frozenset(examined)).findings(test, EVERYTHING)))


def names_used(test: Test) -> frozenset[str]:
    """Names of the profile's rules below a test, itself included; built-in conditions are not among them."""
    return frozenset(node.name for node in distinct(test) if isinstance(node, Named) and not node.builtin)


def side_warnings(test: Test, side: Side | None) -> list[Finding]:
    """Built-in conditions that speak for the other side; `side` None: for both sides, so any one-sided one counts.

    What stands under `not` speaks for the opposite, and is left alone.
    """
    found: list[Finding] = []
    for named in _walk(test, under_not=False):
        condition = CONDITIONS.get(named.name) if isinstance(named, Named) and _is_builtin(named) else None
        if condition is None or condition.side in (None, side):
            continue
        where = f"stands in rules for {side}" if side else "stands in a filter for both sides"
        found.append(Finding(Severity.WARNING, condition.name, f"speaks for {condition.side} but {where}"))
    return list(dict.fromkeys(found))


def describe(test: Test) -> str:
    """A test in one short phrase."""
    match test:
        case Named(name, _, parameters):
            shown = ", ".join(f"{key} {str(value).lower()}" for key, value in parameters)
            return f"{name} ({shown})" if shown else name
        case Compare(op, left, right):
            return f"{left} {op} {right}"
        case Not(inner):
            return f"not {describe(inner)}"
        case WithinBars(bars, inner):
            return f"within {bars} bars: {describe(inner)}"
        case Known(inner):
            return describe(inner)
        case Constantly(truth):
            return "always" if truth else "never"
        case AllOf(tests) | AnyOf(tests):
            word = "all_of" if isinstance(test, AllOf) else "any_of"
            inside = ", ".join(map(describe, tests))
            return f"{word}({inside})" if len(inside) <= _LONGEST else f"{word}({inside[:_LONGEST]}…)"


_LONGEST = 120


@frozen
class _Analysis:
    examined: frozenset[str]

    def findings(self, test: Test, context: Union) -> Iterator[Finding]:
        """Findings of the parts first; a node is blamed itself only if none of its parts is to blame."""
        inner = list(self._below(test, context))
        yield from inner
        if any(finding.severity is Severity.ERROR for finding in inner) or self._known_already(test):
            return
        if not region(test, True):
            yield Finding(Severity.ERROR, describe(test), "can never be true")
        elif not region(test, False):
            yield Finding(Severity.ERROR, describe(test), "can never be false")

    def _known_already(self, test: Test) -> bool:
        return isinstance(test, Named) and not test.parameters and test.name in self.examined and not test.builtin

    def _below(self, test: Test, context: Union) -> Iterator[Finding]:
        if self._known_already(test) or _is_unit(test):
            return
        match test:
            case AllOf(tests):
                for i, entry in enumerate(tests):
                    others = [region(other) for j, other in enumerate(tests) if j != i]
                    yield from self.findings(entry, both([context, *others]))
                yield from _redundant(test, tests)
            case AnyOf(tests):
                for entry in tests:
                    yield from self.findings(entry, context)
                    if region(entry) and context and not both([context, region(entry)]):
                        yield Finding(Severity.WARNING, describe(entry), "can never be true beside what it stands with")
                yield from _redundant(test, tests)
            case Named(_, inner) | Known(inner):
                yield from self.findings(inner, context)
            case _:
                for inner in children(test):
                    yield from self.findings(inner, EVERYTHING)


def _redundant(test: Test, tests: Sequence[Test]) -> Iterator[Finding]:
    """Entries that the others already decide, the last ones first, so that of two equal ones one remains.

    In all_of, one that cannot be false while the others are true; in any_of, one that cannot be true while the others
    are false. Where the others leave nothing to decide, they are the finding and not this entry.
    """
    every = isinstance(test, AllOf)
    remaining = list(tests)
    for entry in reversed(tests):
        others = [other for other in remaining if other is not entry]
        undecided = both([region(other, every) for other in others])
        if not region(entry, True) or not region(entry, False) or not undecided:
            continue
        if not both([undecided, region(entry, not every)]):
            remaining = others
            implied = "is implied by the other entries" if every else "implies another entry"
            yield Finding(Severity.NOTE, describe(entry), f"never decides: it {implied} of {describe(test)}")


def _is_builtin(named: Named) -> bool:
    """A built-in condition, or a rule that is the built-in of its name with other parameters."""
    if named.builtin:
        return True
    condition = CONDITIONS.get(named.name)
    if condition is None or not {item.name for item in condition.parameters} >= {name for name, _ in named.parameters}:
        return False
    try:
        return condition.build(Arguments(dict(named.parameters))) == named.test
    except KeyError:
        return False


def _is_unit(test: Test) -> bool:
    """A part that is judged as a whole: a built-in condition, or a range written as `min` and `max`."""
    match test:
        case Named():
            return _is_builtin(test)
        case AllOf((Compare(Comparison.GTE, low, _), Compare(Comparison.LTE, high, _))):
            return low == high
        case _:
            return False


def _walk(test: Test, *, under_not: bool = True) -> Iterator[Test]:
    yield test
    if isinstance(test, Not) and not under_not:
        return
    for child in children(test):
        yield from _walk(child, under_not=under_not)
