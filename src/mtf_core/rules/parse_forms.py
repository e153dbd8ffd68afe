"""The forms of the rule language, each as data: its keys, which of them are required, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from mtf_core.config_nodes import ConfigNode, nearest_name
from mtf_core.rules.conditions.condition import Bounds
from mtf_core.rules.conditions.terms import (
    LONGEST_LOOKBACK,
    LONGEST_STEPS,
    RATIO,
    minus,
    scaled,
    steps,
)
from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Feature,
    Metric,
    Not,
    Number,
    Operand,
    Test,
    WithinBars,
    used,
)
from mtf_core.rules.parse_fields import read_feature, read_field, read_operand
from mtf_core.rules.scope import Reading

Keys = Mapping[str, ConfigNode]
_STEPS = Bounds(1, LONGEST_STEPS)
_BARS = Bounds(1, LONGEST_LOOKBACK)
_NOT_NEGATIVE = Bounds(0)


@frozen
class Form:
    """One form: the key that announces it, the keys it requires beside, those it allows, and its reader."""

    key: str
    read: Callable[[Keys, ConfigNode, Reading], Test | None]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, *self.required, *self.optional)


@frozen
class _Slack:
    """The tolerance of a comparison: absolute, or a share of the close."""

    amount: float = 0.0
    relative: bool = False

    def operand(self, sign: int, ago: int = 0) -> Operand:
        return scaled(sign * self.amount, ago, relative_to_close=self.relative)


# --- logic ----------------------------------------------------------------------------------------------------


def read_entries(node: ConfigNode, reading: Reading, when_empty: str) -> tuple[Test, ...] | None:
    """Every entry of a list; None if one is wrong, after reading them all."""
    if not isinstance(node.value, tuple):
        reading.error(node.place, f"found {node.shown()}", "allowed is a list of rules")
        return None
    if not node.value:
        reading.error(node.place, "found an empty list", when_empty)
        return None
    tests = [reading.test(item) for item in node.value]
    return None if None in tests else tuple(test for test in tests if test is not None)


def _all_of(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
    tests = read_entries(keys["all_of"], reading, "at least one entry is required")
    return AllOf(tests) if tests else None


def _any_of(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
    tests = read_entries(keys["any_of"], reading, "at least one entry is required")
    return AnyOf(tests) if tests else None


def _not(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
    test = reading.test(keys["not"])
    return Not(test) if test else None


def _within_bars(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
    bars, test = reading.whole(keys["within_bars"], _BARS), reading.test(keys["rule"])
    if bars is None or test is None:
        return None
    metrics = sorted({leaf.name for leaf, _ in used(test) if isinstance(leaf, Metric)})
    if metrics:
        found = f"within_bars over the selector metric {', '.join(metrics)}"
        reading.error(keys["rule"].place, found, "a metric has no earlier values; allowed are features")
        return None
    return WithinBars(bars, test)


# --- comparisons ----------------------------------------------------------------------------------------------


def _fields(comparison: Comparison) -> Callable[[Keys, ConfigNode, Reading], Test | None]:
    def read(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
        node = next(iter(keys.values()))
        if not isinstance(node.value, tuple) or len(node.value) != 2:
            reading.error(node.place, f"found {node.shown()}", "allowed is a list of two features")
            return None
        left, right = (read_field(item, reading) for item in node.value)
        return Compare(comparison, left, right) if left and right else None

    return read


def _bound(key: str, comparison: Comparison) -> Callable[[Keys, ConfigNode, Reading], Test | None]:
    def read(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
        number, operand = reading.number(keys[key]), read_field(keys["field"], reading)
        return Compare(comparison, operand, Number(number)) if operand and number is not None else None

    return read


def _range(keys: Keys, node: ConfigNode, reading: Reading) -> Test | None:
    low, high = reading.number(keys["min"]), reading.number(keys["max"])
    operand = read_field(keys["field"], reading)
    if low is not None and high is not None and low > high:
        reading.error(node.place, f"min {low:g} is above max {high:g}", "it can never be true; min ≤ max must hold")
        return None
    if operand is None or low is None or high is None:
        return None
    return AllOf((Compare(Comparison.GTE, operand, Number(low)), Compare(Comparison.LTE, operand, Number(high))))


def _slack(keys: Keys, node: ConfigNode, reading: Reading) -> _Slack | None:
    if "eps" in keys and "eps_pct" in keys:
        reading.error(
            node.place, "found both eps and eps_pct", "allowed is one: eps in price units, or a ratio of close"
        )
        return None
    if "eps_pct" in keys:
        share = reading.number(keys["eps_pct"], RATIO)
        return None if share is None else _Slack(share, relative=True)
    if "eps" in keys:
        amount = reading.number(keys["eps"], _NOT_NEGATIVE)
        return None if amount is None else _Slack(amount)
    return _Slack()


def _comparison(node: ConfigNode, reading: Reading) -> Comparison | None:
    signs = [str(member) for member in Comparison]
    if node.value not in signs:
        reading.error(node.place, f"found {node.shown()}", f"allowed: {' '.join(signs)}")
        return None
    return Comparison(str(node.value))


def compare_with_slack(comparison: Comparison, left: Operand, right: Operand, slack: _Slack) -> Compare:
    """With a tolerance, left − right ≥ −eps (or ≤ eps), strict or not; without one, exact (decision 1)."""
    if slack.amount == 0:
        return Compare(comparison, left, right)
    difference = left if right == Number(0.0) else minus(left, right)
    if comparison in (Comparison.GT, Comparison.GTE):
        return Compare(Comparison.GTE, difference, slack.operand(-1))
    return Compare(Comparison.LTE, difference, slack.operand(1))


def _op(keys: Keys, node: ConfigNode, reading: Reading) -> Test | None:
    comparison, slack = _comparison(keys["op"], reading), _slack(keys, node, reading)
    left, right = read_operand(keys["left"], reading), read_operand(keys["right"], reading)
    if comparison is None or slack is None or left is None or right is None:
        return None
    if isinstance(left, Number) and isinstance(right, Number):
        reading.error(node.place, f"found {left} {comparison} {right}", "at least one of left and right is a feature")
        return None
    return compare_with_slack(comparison, left, right, slack)


# --- movement over candles ------------------------------------------------------------------------------------


def _slope(keys: Keys, node: ConfigNode, reading: Reading) -> Test | None:
    feature, back = read_feature(keys["slope_left"], reading), reading.whole(keys["slope_lookback"], _BARS)
    comparison, slack = _comparison(keys["op"], reading), _slack(keys, node, reading)
    right = read_operand(keys["right"], reading)
    if feature is None or back is None or comparison is None or slack is None or right is None:
        return None
    earlier = Feature(feature.name, back, feature.timeframe)
    if right == Number(0.0) and slack.amount == 0:
        return Compare(comparison, feature, earlier)
    return compare_with_slack(comparison, minus(feature, earlier), right, slack)


def _monotonic(key: str, comparison: Comparison) -> Callable[[Keys, ConfigNode, Reading], Test | None]:
    def read(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
        body = keys[key]
        inner = checked_keys(body, reading, f"{key}:", ("field", "n"), ("eps", "eps_pct"))
        if inner is None:
            return None
        feature, count = read_feature(inner["field"], reading), reading.whole(inner["n"], _STEPS)
        slack = _slack(inner, body, reading)
        if feature is None or count is None or slack is None:
            return None
        sign = 1 if comparison is Comparison.GT else -1
        return _together(steps(comparison, feature, count, lambda ago: slack.operand(sign, ago)))

    return read


def _derivative(key: str, comparison: Comparison) -> Callable[[Keys, ConfigNode, Reading], Test | None]:
    def read(keys: Keys, _: ConfigNode, reading: Reading) -> Test | None:
        limit, feature = reading.number(keys[key]), read_feature(keys["field"], reading)
        count = reading.whole(keys["persist_n"], _STEPS) if "persist_n" in keys else 1
        if limit is None or feature is None or count is None:
            return None
        return _together(steps(comparison, feature, count, lambda _: Number(limit)))

    return read


def _together(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else AllOf(tests)


# --- the table ------------------------------------------------------------------------------------------------

_EPS = ("eps", "eps_pct")
_ALL = (
    Form("all_of", _all_of),
    Form("any_of", _any_of),
    Form("not", _not),
    Form("gt_fields", _fields(Comparison.GT)),
    Form("lt_fields", _fields(Comparison.LT)),
    Form("slope_left", _slope, ("slope_lookback", "op", "right"), _EPS),
    Form("op", _op, ("left", "right"), _EPS),
    Form("gt", _bound("gt", Comparison.GT), ("field",)),
    Form("gte", _bound("gte", Comparison.GTE), ("field",)),
    Form("lt", _bound("lt", Comparison.LT), ("field",)),
    Form("lte", _bound("lte", Comparison.LTE), ("field",)),
    Form("min", _range, ("max", "field")),
    Form("max", _range, ("min", "field")),
    Form("increasing", _monotonic("increasing", Comparison.GT)),
    Form("decreasing", _monotonic("decreasing", Comparison.LT)),
    Form("derivative_gt", _derivative("derivative_gt", Comparison.GT), ("field",), ("persist_n",)),
    Form("derivative_lt", _derivative("derivative_lt", Comparison.LT), ("field",), ("persist_n",)),
    Form("within_bars", _within_bars, ("rule",)),
)
FORMS: Mapping[str, Form] = {form.key: form for form in _ALL}
FORM_KEYS = frozenset(key for form in _ALL for key in form.keys)

INSTEAD = {
    "validity_bars": "write {within_bars: k, rule: …}",
    "allow_touch": "write {op: '<=', left: …, right: …}",
    "period": "write the period into the name (adx_14, 1h.adx_14)",
    "use_atr_tf": "leave it out: the ATR is that of the evaluated timeframe",
    "adapt_with_vol_bucket": "leave it out: it has no defined meaning",
}
"""Keys of older files, and what to write instead."""


def form_of(keys: Keys) -> Form | None:
    """The form that a map's keys announce; None when it names a rule instead."""
    return next((form for key, form in FORMS.items() if key in keys), None)


def read_form(form: Form, node: ConfigNode, reading: Reading) -> Test | None:
    """The test of a form, all of its keys checked."""
    hint = ""
    if form.key in ("gt", "gte", "lt", "lte", "min", "max"):
        hint = "; for a built-in with another number write {builtin.name: {parameter: value}}"
    keys = checked_keys(node, reading, f"{form.key}:", (form.key, *form.required), form.optional, hint)
    return form.read({form.key: keys[form.key], **keys}, node, reading) if keys is not None else None


def checked_keys(
    node: ConfigNode,
    reading: Reading,
    where: str,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    hint: str = "",
) -> Keys | None:
    """The map below a node if it has all required keys and no unknown one; every deviation is reported."""
    allowed = (*required, *optional)
    if not isinstance(node.value, Mapping):
        reading.error(node.place, f"{where} found {node.shown()}", f"allowed is a map with {', '.join(allowed)}")
        return None
    unknown = [key for key in node.value if key not in allowed]
    for key in unknown:
        advice = INSTEAD.get(key) or f"known keys: {', '.join(allowed)}"
        reading.error(node.value[key].place, f"{where} unknown key {key!r}", advice, nearest_name(key, allowed))
    missing = [key for key in required if key not in node.value]
    for key in missing:
        reading.error(node.place, f"{where} the key {key!r} is missing", f"required: {', '.join(required)}{hint}")
    return None if unknown or missing else node.value
