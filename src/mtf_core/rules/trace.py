"""The tree that led to a verdict, with every operand's value: captured for all symbols at once, shown for one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

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
from mtf_core.rules.truth import FALSE, NAMES, TRUE, Truth


@frozen
class TraceNode:
    """One node of a verdict's tree, as a person reads it. `result` is true, false or unknown.

    `values` are the operands of a comparison by their text (NaN: missing), left and right first; `distance` is how
    far the left side is from where the comparison would turn (positive: it holds by that much). `decides`: flipping
    it alone flips the verdict.
    """

    label: str
    kind: str
    result: str
    decides: bool = False
    parameters: tuple[tuple[str, float | bool], ...] = ()
    comparison: str = ""
    left: str = ""
    right: str = ""
    """The two sides of a comparison as texts; those that are not constants have their value in `values`."""
    values: Mapping[str, float] = field(factory=dict)
    distance: float | None = None
    missing: tuple[str, ...] = ()
    children: tuple[TraceNode, ...] = ()

    def walk(self) -> Iterator[TraceNode]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@frozen
class Slot:
    """One operand of a comparison; `supplied` when it is a feature or metric, so that it can be missing."""

    text: str
    supplied: bool
    constant: bool = False


@frozen
class TemplateNode:
    """A node of a test's tree without its results. `slots` begin with the left and right side of a comparison."""

    label: str
    kind: str
    parameters: tuple[tuple[str, float | bool], ...] = ()
    comparison: str = ""
    slots: tuple[Slot, ...] = ()
    children: tuple[TemplateNode, ...] = ()


@frozen(eq=False)
class TraceTemplate:
    """A test, and the order in which its nodes and operands are captured: parents first, left to right."""

    test: Test
    root: TemplateNode
    nodes: tuple[Test, ...]
    operands: tuple[Operand, ...]

    @classmethod
    def of(cls, test: Test) -> TraceTemplate:
        nodes = tuple(_preorder(test))
        operands = tuple(operand for node in nodes if isinstance(node, Compare) for operand in _operands(node))
        return cls(test, _template(test), nodes, operands)

    def capture(self, evaluator: Evaluator) -> Captured:
        """What the evaluator found for this test, at its last column."""
        rows = evaluator.axis.shape[0]
        truths = np.empty((rows, len(self.nodes)), dtype=np.int8)
        for i, node in enumerate(self.nodes):
            truths[:, i] = evaluator.truth(node)[:, -1]
        values = np.empty((rows, len(self.operands)))
        for i, operand in enumerate(self.operands):
            found = evaluator.value(operand)
            values[:, i] = found if isinstance(found, float) else found[:, -1]
        return Captured(self, truths, values)


@frozen(eq=False)
class Captured:
    """Truths and operand values of one test's tree for many symbols, in the order of the template.

    `truths` is int8 (n_symbols, n_nodes), `values` float64 (n_symbols, n_operands).
    """

    template: TraceTemplate
    truths: Truth
    values: Floats

    def node(self, row: int) -> TraceNode:
        """The tree of one symbol."""
        return trace_tree(self.template.root, self.truths[row].tolist(), self.values[row].tolist())

    def missing(self, row: int) -> tuple[str, ...]:
        """Features and metrics that one symbol lacked, each once."""
        return self._missing.get(row, ())

    @cached_property
    def _missing(self) -> Mapping[int, tuple[str, ...]]:
        """What was missing, by row; most rows lack nothing."""
        absent: dict[int, dict[str, None]] = {}
        for row, index in np.argwhere(np.isnan(self.values)).tolist():
            operand = self.template.operands[index]
            if isinstance(operand, Feature | Metric):
                absent.setdefault(row, {})[str(operand)] = None
        return {row: tuple(names) for row, names in absent.items()}

    def rows(self, rows: Sequence[int]) -> Captured:
        return Captured(self.template, self.truths[rows], self.values[rows])


GUARDS = ("known", "known_unless_true")
"""Kinds of nodes that hide what is below them while a feature is missing; shown only where they do."""


def trace_tree(root: TemplateNode, truths: Sequence[int], values: Sequence[float]) -> TraceNode:
    """The tree of one verdict from what was captured of it, deciding nodes marked."""
    return marked(_Reader(truths, values).build(root))


def _preorder(test: Test) -> Iterator[Test]:
    yield test
    for child in children(test):
        yield from _preorder(child)


def _operands(node: Compare) -> tuple[Operand, ...]:
    """Both sides, and the features below them where a side is computed."""
    sides: tuple[Operand, ...] = (node.left, node.right)
    return sides + tuple(leaf for leaf in leaves(node) if leaf not in sides)


def _template(test: Test) -> TemplateNode:
    if isinstance(test, Compare):
        slots = tuple(
            Slot(str(one), isinstance(one, Feature | Metric), isinstance(one, Number)) for one in _operands(test)
        )
        return TemplateNode(f"{test.left} {test.op} {test.right}", "compare", (), str(test.op), slots)
    label, kind = _name_and_kind(test)
    parameters = test.parameters if isinstance(test, Named) else ()
    return TemplateNode(label, kind, parameters, children=tuple(_template(child) for child in children(test)))


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
        case Known(_, True):
            return "all features known, unless true", "known_unless_true"
        case _:
            return "all features known", "known"


class _Reader:
    """Builds one symbol's tree, consuming captured truths and values in the template's order."""

    def __init__(self, truths: Sequence[int], values: Sequence[float]) -> None:
        self._truths = iter(truths)
        self._values = iter(values)

    def build(self, node: TemplateNode) -> TraceNode:
        result = NAMES[next(self._truths)]
        if node.comparison:
            return self._comparison(node, result)
        parts = tuple(self.build(child) for child in node.children)
        if node.kind in GUARDS and parts[0].result == result:
            return parts[0]  # the guard changed nothing: the inner test speaks for itself
        missing = tuple(dict.fromkeys(name for part in parts for name in part.missing))
        return TraceNode(node.label, node.kind, result, parameters=node.parameters, missing=missing, children=parts)

    def _comparison(self, node: TemplateNode, result: str) -> TraceNode:
        values = [next(self._values) for _ in node.slots]
        left, right = values[:2]
        distance = left - right if node.comparison in (Comparison.GT, Comparison.GTE) else right - left
        shown = [(slot, value) for slot, value in zip(node.slots, values, strict=True) if not slot.constant]
        return TraceNode(
            label=node.label,
            kind="compare",
            result=result,
            comparison=node.comparison,
            left=node.slots[0].text,
            right=node.slots[1].text,
            values={slot.text: value for slot, value in shown},
            distance=None if math.isnan(distance) else distance,
            missing=tuple(dict.fromkeys(slot.text for slot, value in shown if slot.supplied and math.isnan(value))),
        )


def marked(node: TraceNode, *, true_counts: bool = True) -> TraceNode:
    """The node, and below it every part whose change alone would turn it, marked as deciding.

    A verdict turns between true and not true; below `not`, what counts is whether a part is false (`true_counts`
    False). Below `within_bars` nothing is marked: another candle may hold instead of the one that is shown.
    """
    counts = true_counts is not (node.kind == "not")
    good = [child.result == NAMES[int(TRUE if counts else FALSE)] for child in node.children]
    below = tuple(
        marked(child, true_counts=counts) if _turns(node.kind, good[:i] + good[i + 1 :], counts) else child
        for i, child in enumerate(node.children)
    )
    return evolve(node, decides=True, children=below)


def _turns(kind: str, others_good: list[bool], true_counts: bool) -> bool:
    """Whether a parent of that kind turns when one part alone turns, given the other parts."""
    match kind:
        case "all_of" | "any_of":
            needs_every_part = (kind == "all_of") is true_counts
            return all(others_good) if needs_every_part else not any(others_good)
        case "known_unless_true":
            return true_counts
        case _:
            return kind not in ("within_bars", "known")
