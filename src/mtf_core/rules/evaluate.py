"""Expressions over arrays: one evaluator for a live run, a replay and an explanation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from mtf_core.market.candles import Floats
from mtf_core.rules.axis import Axis
from mtf_core.rules.expressions import Compare, Feature, Metric, Number, Operand, Test, operand_leaves
from mtf_core.rules.program import Array, Program, Workspace
from mtf_core.rules.truth import Truth


@frozen(eq=False)
class Evaluator:
    """Truths and values of expressions on one axis, each computed once. Arrays have the axis' shape.

    `metrics` are the selector metrics, of the axis' shape (or one that broadcasts to it); one that is not given is
    missing. Give the same `program` to evaluators of the same tests, and these are compiled once. Results are
    shared: never write to them.
    """

    axis: Axis
    metrics: Mapping[str, Floats] = field(factory=dict)
    program: Program = field(factory=Program)
    _space: Workspace = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_space", Workspace(self.axis, self.metrics))

    def truth(self, test: Test, ago: int = 0) -> Truth:
        """The three-valued truth of a test, `ago` candles before each column."""
        found = self._result(self.program.place(test, ago))
        assert isinstance(found, np.ndarray)
        return found  # type: ignore[return-value]

    def value(self, operand: Operand, ago: int = 0) -> Floats | float:
        """The numbers of an operand; a constant is a plain float."""
        return self._result(self.program.place(operand, ago))  # type: ignore[return-value]

    def _result(self, place: int) -> Array:
        results = self._space.results
        if place >= len(results):
            for step in self.program.steps[len(results) : place + 1]:
                results.append(step(self._space))
        return results[place]


def leaves(test: Compare) -> tuple[Feature | Metric, ...]:
    """The features and metrics that a comparison reads, left to right, each once."""
    found = [leaf for side in (test.left, test.right) for leaf in operand_leaves(side)]
    return tuple(dict.fromkeys(leaf for leaf in found if not isinstance(leaf, Number)))
