"""The tree that led to a verdict, with every operand's value, as a person reads it: from what was captured of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from mtf_core.rules.truth import FALSE, NAMES, TRUE


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


_UPWARD = (">", ">=")
"""The comparisons that hold while the left side is the greater one."""

GUARDS = ("known", "known_unless_true")
"""Kinds of nodes that hide what is below them while a feature is missing; shown only where they do."""


def trace_tree(root: TemplateNode, truths: Sequence[int], values: Sequence[float]) -> TraceNode:
    """The tree of one verdict from what was captured of it, deciding nodes marked."""
    return marked(_Reader(truths, values).build(root))


def top_label(root: TemplateNode, truths: Sequence[int]) -> str:
    """The label that the top of `trace_tree` has, without the tree."""
    place = 0
    while root.kind in GUARDS and truths[place] == truths[place + 1]:  # its one part comes right behind it
        root, place = root.children[0], place + 1
    return root.label


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
        distance = left - right if node.comparison in _UPWARD else right - left
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
