"""The tree of a test captured for all symbols at once: its nodes' truths and its operands' values, in one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import frozen

from mtf_core.market.candles import Floats
from mtf_core.rules.evaluate import Evaluator, leaves
from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
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
from mtf_core.rules.trace import Slot, TemplateNode, TraceNode, top_label, trace_tree
from mtf_core.rules.truth import TRUE, Truth


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

    def label(self, row: int) -> str:
        """The name of the tree of one symbol: what `node` calls it."""
        return top_label(self.template.root, self.truths[row].tolist())

    def holds(self, row: int) -> bool:
        """Whether the test is true for one symbol."""
        return bool(self.truths[row, 0] == TRUE)

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
