"""Trees of verdicts: what they show, and which parts decide."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings

from mtf_core.rules.capture import TraceTemplate
from mtf_core.rules.evaluate import Evaluator
from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Arithmetic,
    Compare,
    Comparison,
    Computed,
    Feature,
    Known,
    Metric,
    Named,
    Not,
    Number,
    Test,
    WithinBars,
)
from mtf_core.rules.trace import TraceNode
from tests.unit.rules.expression_strategies import PlainAxis, axes, metrics, trees

CLOSE, RSI = Feature("close"), Feature("rsi")
RESULTS = {"true": 1, "unknown": 0, "false": -1}


def traced(test: Test, axis: PlainAxis, known: dict[str, float] | None = None, row: int = 0) -> TraceNode:
    arrays = {name: np.full(axis.shape, value) for name, value in (known or {}).items()}
    return TraceTemplate.of(test).capture(Evaluator(axis, arrays)).node(row)


def market(**values: float) -> PlainAxis:
    series = {name: np.array([[value]]) for name, value in {"close": math.nan, "rsi": math.nan, **values}.items()}
    return PlainAxis(series, 1)


def above(operand: Feature | Metric, limit: float) -> Compare:
    return Compare(Comparison.GT, operand, Number(float(limit)))


# --- which parts decide, by brute force -----------------------------------------------------------------------
def result_with(node: TraceNode, place: tuple[int, ...], result: int) -> int:
    """The node's truth if the part at that place (child numbers from the top) had another result."""
    if not place:
        return result
    parts = [RESULTS[child.result] for child in node.children]
    parts[place[0]] = result_with(node.children[place[0]], place[1:], result)
    match node.kind:
        case "all_of":
            return min(parts)
        case "any_of":
            return max(parts)
        case "not":
            return -parts[0]
        case "known":  # shown only where a missing feature hides what is below, whatever that says
            return 0
        case "known_unless_true":
            return max(parts[0], 0) if parts[0] == 1 else 0
        case "within_bars":  # another candle may hold: the part that is shown turns nothing by itself
            return RESULTS[node.result]
        case _:
            return parts[0]


def places(node: TraceNode, place: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], TraceNode]]:
    found = [(place, node)]
    for number, child in enumerate(node.children):
        found += places(child, (*place, number))
    return found


@settings(max_examples=500)
@given(trees(), axes(), metrics())
def test_a_part_is_marked_exactly_when_its_change_alone_turns_the_verdict(
    test: Test, axis: PlainAxis, known: dict[str, float]
) -> None:
    tree = traced(test, axis, known)
    holds = tree.result == "true"
    for place, node in places(tree):
        turns = any((result_with(tree, place, result) == 1) != holds for result in (-1, 0, 1))
        assert node.decides == turns, (place, node.label)


@settings(max_examples=300)
@given(trees(), axes(), metrics())
def test_a_tree_agrees_with_itself_and_with_the_evaluator(test: Test, axis: PlainAxis, known: dict[str, float]) -> None:
    arrays = {name: np.full(axis.shape, value) for name, value in known.items()}
    captured = TraceTemplate.of(test).capture(Evaluator(axis, arrays))
    for row in range(axis.shape[0]):
        tree = captured.node(row)
        assert RESULTS[tree.result] == Evaluator(axis, arrays).truth(test)[row, -1]
        assert (captured.label(row), captured.holds(row)) == (tree.label, tree.result == "true")
        for place, node in places(tree):
            if node.children:
                number = len(node.children) - 1
                inner = RESULTS[node.children[number].result]
                assert result_with(node, (number,), inner) == RESULTS[node.result], (place, node.kind)


def test_one_false_part_of_several_decides_and_two_do_not() -> None:
    axis = market(close=1.0, rsi=50.0)
    tree = traced(AllOf((above(CLOSE, 0), above(RSI, 60))), axis)
    assert [child.decides for child in tree.children] == [False, True]
    tree = traced(AllOf((above(CLOSE, 2), above(RSI, 60))), axis)
    assert [child.decides for child in tree.children] == [False, False]


def test_below_not_the_part_that_keeps_the_inner_test_false_decides() -> None:
    """Not(false and unknown) is true, and only the false part keeps it so."""
    tree = traced(Not(AllOf((above(CLOSE, 2), above(RSI, 60)))), market(close=1.0))
    assert tree.result == "true"
    assert [part.decides for part in tree.children[0].children] == [True, False]
    tree = traced(Not(AnyOf((above(RSI, 1), above(RSI, 2)))), market())
    assert [part.decides for part in tree.children[0].children] == [False, False]


def test_nothing_decides_below_a_guard_that_hides_it() -> None:
    guarded = Named("built-in", Known(AllOf((above(CLOSE, 2), above(RSI, 60)))), builtin=True)
    tree = traced(guarded, market(close=1.0))
    assert (tree.result, tree.missing) == ("unknown", ("rsi",))
    guard = tree.children[0]
    assert (guard.kind, guard.decides) == ("known", True)
    assert not any(node.decides for node in list(guard.walk())[1:])


# --- what is shown --------------------------------------------------------------------------------------------
def test_a_comparison_shows_both_sides_and_the_features_of_a_computed_one() -> None:
    side = Computed(Arithmetic.PLUS, RSI, Number(1.0))
    node = traced(Compare(Comparison.GT, CLOSE, side), market(close=60.0, rsi=50.0))
    assert (node.label, node.comparison, node.result) == ("close > (rsi + 1)", ">", "true")
    assert dict(node.values) == {"close": 60.0, "(rsi + 1)": 51.0, "rsi": 50.0}
    assert node.distance == 9.0


def test_the_distance_is_positive_by_how_far_a_comparison_holds() -> None:
    axis = market(close=60.0)
    assert traced(Compare(Comparison.LTE, CLOSE, Number(50.0)), axis).distance == -10.0
    assert traced(Compare(Comparison.LT, CLOSE, Number(70.0)), axis).distance == 10.0
    assert traced(above(RSI, 1), axis).distance is None


def test_what_is_missing_is_named_once_in_every_node_above() -> None:
    test = Named("rule", AllOf((above(RSI, 1), above(RSI, 2), above(Metric("leverage"), 3), above(CLOSE, 1))))
    tree = traced(test, market(close=2.0))
    assert tree.missing == ("rsi", "leverage")
    assert tree.children[0].missing == ("rsi", "leverage")
    assert TraceTemplate.of(test).capture(Evaluator(market(close=2.0))).missing(0) == ("rsi", "leverage")


def test_a_guard_that_changes_nothing_is_not_shown() -> None:
    tree = traced(Named("built-in", Known(above(CLOSE, 1)), (("threshold", 1.0),), builtin=True), market(close=2.0))
    assert (tree.kind, tree.label, tree.parameters) == ("builtin", "built-in", (("threshold", 1.0),))
    assert tree.children[0].kind == "compare"


def test_each_row_has_its_own_tree() -> None:
    axis = PlainAxis({"close": np.array([[1.0], [3.0]])}, 1)
    test = WithinBars(1, above(CLOSE, 2))
    assert [traced(test, axis, row=row).result for row in (0, 1)] == ["false", "true"]
    taken = TraceTemplate.of(test).capture(Evaluator(axis)).rows([1])
    assert taken.node(0) == traced(test, axis, row=1)
