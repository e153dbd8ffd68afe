"""Evaluates the formula of a step with the step's own inputs, as a person with a calculator would."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from typing import Any

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning import PlanOutcome, Step
from mtf_core.planning.exact import whole_down, whole_up
from mtf_core.planning.formulas import clamp

_SIGNS = str.maketrans({"·": "*", "−": "-"})
_CLOSE = Decimal("1e-24")
"""A step shows 28 digits of a quotient, so what is computed from it again may differ in the last ones."""

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "clamp": clamp,
    "down": on_grid_at_or_below,
    "max": max,
    "min": min,
    "up": on_grid_at_or_above,
    "whole_down": lambda value: Decimal(whole_down(value)),
    "whole_up": lambda value: Decimal(whole_up(value)),
}
_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}


def assert_every_step_can_be_computed_again(outcome: PlanOutcome) -> None:
    for step in outcome.steps:
        again = evaluate(step)
        if isinstance(again, Decimal) and not isinstance(step.value, str):
            with localcontext(prec=120):
                value = Decimal(step.value)
                assert abs(again - value) <= _CLOSE * max(abs(value), 1) * 10, (step, again)
        else:
            assert again == step.value, step


def evaluate(step: Step) -> Decimal | str:
    """What the formula gives; KeyError for a name that is not among the inputs."""
    tree = ast.parse(step.formula.translate(_SIGNS), mode="eval")
    with localcontext(prec=120):
        return _value(tree.body, dict(step.inputs))


def _value(node: ast.expr, inputs: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Constant(value=number):
            return Decimal(str(number))
        case ast.Name(id=name):
            known = inputs[name]
            return Decimal(known) if isinstance(known, int | Decimal) and not isinstance(known, bool) else known
        case ast.BinOp(left=left, op=operator, right=right):
            return _OPERATORS[type(operator)](_value(left, inputs), _value(right, inputs))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(argument, inputs) for argument in arguments))
    raise AssertionError(f"a formula may not hold {ast.dump(node)}")
