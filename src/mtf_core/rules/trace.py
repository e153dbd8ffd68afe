"""The tree that led to a verdict, with every operand's value: captured for all symbols at once, shown for one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from attrs import evolve, field, frozen

from mtf_core.market.candles import Floats
from mtf_core.rules.evaluate import Evaluator, leaves
from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Constantly,
    Feature,
    Known,
    Metric,
    Named,
    Not,
    Number,
    Operand,
    Test,
    WithinBars,
    children,
)
from mtf_core.rules.truth import NAMES, TRUE, Truth


@frozen
class TraceNode:
    """One node of a verdict's tree, as a person reads it. `result` is true, false or unknown.

    `values` are the operands of a comparison by their text (NaN: missing); `distance` is how far the left side is
    from where the comparison would turn (positive: it holds by that much). `decides`: flipping it flips the verdict.
    """

    label: str
    kind: str
    result: str
    decides: bool = False
    parameters: tuple[tuple[str, float | bool], ...] = ()
    values: Mapping[str, float] = field(factory=dict)
    distance: float | None = None
    missing: tuple[str, ...] = ()
    children: tuple[TraceNode, ...] = ()

    def walk(self) -> Iterator[TraceNode]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@frozen(eq=False)
class Captured:
    """Truths and operand values of one test's tree for many symbols, at the evaluator's last column.

    `truths` is int8 (n_symbols, n_nodes), `values` float64 (n_symbols, n_slots), in the order of the template.
    """

    template: TraceTemplate
    truths: Truth
    values: Floats

    def node(self, row: int) -> TraceNode:
        """The tree of one symbol."""
        return marked(_Reader(self.truths[row], self.values[row]).build(self.template.test))

    def missing(self, row: int) -> tuple[str, ...]:
        """Features and metrics that one symbol lacked, each once."""
        absent = np.isnan(self.values[row])
        if not absent.any():
            return ()
        slots = [self.template.slots[i] for i in np.flatnonzero(absent)]
        return tuple(dict.fromkeys(str(slot) for slot in slots if isinstance(slot, Feature | Metric)))

    def rows(self, rows: list[int]) -> Captured:
        return Captured(self.template, self.truths[rows], self.values[rows])


@frozen(eq=False)
class TraceTemplate:
    """The order in which a test's nodes and operands are captured: parents first, left to right."""

    test: Test
    nodes: tuple[Test, ...]
    slots: tuple[Operand, ...]

    @classmethod
    def of(cls, test: Test) -> TraceTemplate:
        nodes = tuple(_preorder(test))
        slots = tuple(operand for node in nodes if isinstance(node, Compare) for operand in _slots(node))
        return cls(test, nodes, slots)

    def capture(self, evaluator: Evaluator) -> Captured:
        """What the evaluator found for this test, at its last column."""
        rows = evaluator.axis.shape[0]
        truths = np.empty((rows, len(self.nodes)), dtype=np.int8)
        for i, node in enumerate(self.nodes):
            truths[:, i] = evaluator.truth(node)[:, -1]
        values = np.empty((rows, len(self.slots)))
        for i, operand in enumerate(self.slots):
            found = evaluator.value(operand)
            values[:, i] = found if isinstance(found, float) else found[:, -1]
        return Captured(self, truths, values)


def _preorder(test: Test) -> Iterator[Test]:
    yield test
    for child in children(test):
        yield from _preorder(child)


def _slots(node: Compare) -> tuple[Operand, ...]:
    """Both sides, and the features below them where a side is computed."""
    sides: tuple[Operand, ...] = (node.left, node.right)
    return sides + tuple(leaf for leaf in leaves(node) if leaf not in sides)


class _Reader:
    """Rebuilds one symbol's tree from its captured row, consuming truths and values in order."""

    def __init__(self, truths: Truth, values: Floats) -> None:
        self._truths = iter(truths.tolist())
        self._values = iter(values.tolist())

    def build(self, test: Test) -> TraceNode:
        result = NAMES[next(self._truths)]
        if isinstance(test, Compare):
            return self._comparison(test, result)
        parts = tuple(self.build(child) for child in children(test))
        if isinstance(test, Known) and parts[0].result == result:
            return parts[0]  # the guard changed nothing: the inner test speaks for itself
        label, kind = _name_and_kind(test)
        parameters = test.parameters if isinstance(test, Named) else ()
        missing = tuple(dict.fromkeys(name for part in parts for name in part.missing))
        return TraceNode(label, kind, result, parameters=parameters, missing=missing, children=parts)

    def _comparison(self, test: Compare, result: str) -> TraceNode:
        values = {str(operand): next(self._values) for operand in _slots(test)}
        left, right = values[str(test.left)], values[str(test.right)]
        distance = left - right if test.op in (Comparison.GT, Comparison.GTE) else right - left
        constants = {str(side) for side in (test.left, test.right) if isinstance(side, Number)}
        return TraceNode(
            label=f"{test.left} {test.op} {test.right}",
            kind="compare",
            result=result,
            values={name: value for name, value in values.items() if name not in constants},
            distance=None if math.isnan(distance) else distance,
            missing=tuple(str(leaf) for leaf in leaves(test) if math.isnan(values[str(leaf)])),
        )


def _name_and_kind(test: Test) -> tuple[str, str]:
    match test:
        case Named(name, _, _, builtin):
            return name, "builtin" if builtin else "rule"
        case AllOf():
            return "all_of", "all_of"
        case AnyOf():
            return "any_of", "any_of"
        case Not():
            return "not", "not"
        case WithinBars(bars):
            return f"within_bars {bars}", "within_bars"
        case Constantly(value):
            return ("always" if value else "never"), "constant"
        case _:
            return "all features known", "known"


def marked(node: TraceNode) -> TraceNode:
    """The node, and below it every part whose change alone would turn it, marked as deciding.

    Below `within_bars` nothing is marked: another candle may hold instead of the one that is shown.
    """
    held = [child.result == NAMES[int(TRUE)] for child in node.children]
    below = tuple(
        marked(child) if _turns(node.kind, held[:i] + held[i + 1 :]) else child for i, child in enumerate(node.children)
    )
    return evolve(node, decides=True, children=below)


def _turns(kind: str, others_held: list[bool]) -> bool:
    """Whether a parent of that kind turns (true or not) when one part alone turns, given the other parts."""
    match kind:
        case "all_of":
            return all(others_held)
        case "any_of":
            return not any(others_held)
        case _:
            return kind != "within_bars"
