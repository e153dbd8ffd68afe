"""Reading the operands of a form: features, selector metrics and numbers."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.config_nodes import ConfigNode, nearest_name
from mtf_core.features.names import feature_problem, known_feature_names
from mtf_core.market import Timeframe
from mtf_core.rules.catalogue import METRICS
from mtf_core.rules.expressions import Feature, Metric, Number, Operand
from mtf_core.rules.scope import Reading

_TIMEFRAMES = ", ".join(Timeframe)


def read_field(node: ConfigNode, reading: Reading) -> Feature | Metric | None:
    """`ema_20`, `5m.atr_pct`, or where the selector is read, a metric."""
    text = node.value
    if not isinstance(text, str):
        reading.error(node.place, f"found {node.shown()}", "allowed is the name of a feature, such as ema_20 or 1h.adx")
        return None
    prefix, dot, name = text.partition(".")
    if dot and prefix in tuple(Timeframe):
        return Feature(name, timeframe=Timeframe(prefix)) if _is_feature(name, node, reading) else None
    if dot and feature_problem(text) is not None and feature_problem(name) is None:
        reading.error(
            node.place,
            f"unknown timeframe {prefix!r} in {text!r}",
            f"allowed: {_TIMEFRAMES}",
            nearest_name(prefix, tuple(Timeframe)),
        )
        return None
    if text in METRICS and feature_problem(text) is not None:
        return _metric(text, node, reading)
    return Feature(text) if _is_feature(text, node, reading) else None


def read_feature(node: ConfigNode, reading: Reading) -> Feature | None:
    """A feature; a selector metric has no earlier values and is refused."""
    operand = read_field(node, reading)
    if isinstance(operand, Metric):
        reading.error(node.place, f"{operand} is a selector metric, without earlier values", "allowed is a feature")
        return None
    return operand


def read_operand(node: ConfigNode, reading: Reading) -> Operand | None:
    """A number or a field."""
    if isinstance(node.value, Decimal):
        number = reading.number(node)
        return None if number is None else Number(number)
    if isinstance(node.value, str):
        return read_field(node, reading)
    reading.error(node.place, f"found {node.shown()}", "allowed is a number or the name of a feature")
    return None


def _metric(name: str, node: ConfigNode, reading: Reading) -> Metric | None:
    if reading.scope.metrics:
        return Metric(name)
    reading.error(
        node.place, f"{name} is a selector metric", "allowed here are features only; metrics exist in the selector"
    )
    return None


def _is_feature(name: str, node: ConfigNode, reading: Reading) -> bool:
    problem = feature_problem(name)
    if problem is None:
        return True
    known = known_feature_names() + (tuple(METRICS) if reading.scope.metrics else ())
    reading.error(node.place, problem.partition(";")[0], _feature_hint(name), nearest_name(name, known))
    return False


def _feature_hint(name: str) -> str:
    try:
        float(name)
    except ValueError:
        return "allowed is the name of a feature, with a timeframe before it if it is another one (1h.adx_14)"
    return "a number is written without quotes"
