"""The section `rules` of a validation file: what each named rule becomes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from attrs import evolve, field, frozen

from mtf_adapters.reference.corrections import IGNORED_PARAMETERS
from mtf_adapters.reference.expressions import GROUPS, Where, converted_entry
from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.parameters import canonical_parameter, converted_argument
from mtf_adapters.reference.trees import (
    Entries,
    as_list,
    as_map,
    entries_of,
    is_empty,
    items_of,
    plain_number,
    said,
    scalar,
)
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Condition
from mtf_core.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
    Known,
    Metric,
    Named,
    Not,
    Test,
    WithinBars,
    children,
    operand_leaves,
)
from mtf_core.rules.parse import parse_test
from mtf_core.rules.scope import BUILTIN_PREFIX, Scope
from mtf_core.settings.nodes import ConfigNode, Problems

_STRUCTURE = frozenset(
    {*GROUPS, "gt_fields", "lt_fields", "left", "slope_left", "increasing", "decreasing", "not", "within_bars"}
)
_IDLE = frozenset({"use_atr_tf", "adapt_with_vol_bucket", "field", "period"})


class _Shape(Enum):
    ITSELF = auto()
    """The built-in of that name, unchanged."""
    PARAMETERS = auto()
    """The built-in of that name with other parameters."""
    DEFINITION = auto()
    """A rule of its own."""


@frozen
class ConvertedRules:
    """The rules after conversion, and what the rest of the file needs to know of them."""

    bodies: Mapping[str, ConfigNode] = field(factory=dict)
    where: Where = field(factory=lambda: Where(Findings()))
    metric_rules: frozenset[str] = frozenset()
    """Rules that read a selector metric; only the selector may use them."""


def converted_rules(node: ConfigNode | None, findings: Findings) -> ConvertedRules:
    """Every named rule of the section, in its order."""
    source = entries_of(node)
    shapes = {name: _shape(name, body) for name, body in source.items()}
    where = Where(
        findings,
        rules=frozenset(name for name, shape in shapes.items() if shape is not _Shape.ITSELF),
        parametric=frozenset(name for name, shape in shapes.items() if shape is _Shape.PARAMETERS),
    )
    bodies: Entries = {}
    for name, body in source.items():
        converted = _converted(name, body, shapes[name], where)
        if converted is not None:
            bodies[name] = converted
    scope = Scope(rules=bodies, metrics=True)
    _report_hidden(bodies, source, scope, findings)
    tests = {name: test for name, body in bodies.items() if (test := _compiled(name, body, scope)) is not None}
    known: dict[int, bool] = {}
    return ConvertedRules(bodies, where, frozenset(name for name in tests if _reads_metrics(tests[name], known)))


def _shape(name: str, body: ConfigNode) -> _Shape:
    condition = CONDITIONS.get(name)
    if condition is None:
        return _Shape.DEFINITION
    inner = _own_argument(name, body)
    if inner is None or is_empty(inner) or inner.value is True:
        return _Shape.ITSELF
    keys = entries_of(inner)
    if inner is not body or plain_number(inner) is not None:
        return _Shape.PARAMETERS
    if (
        keys
        and not keys.keys() & _STRUCTURE
        and any(key in _IDLE or canonical_parameter(condition, key) for key in keys)
    ):
        is_form = "field" in keys and any(key.startswith("derivative_") for key in keys)
        return _Shape.DEFINITION if is_form else _Shape.PARAMETERS
    return _Shape.DEFINITION


def _own_argument(name: str, body: ConfigNode) -> ConfigNode | None:
    """What a rule says of the built-in of its name: its body, or what stands below the name within it."""
    if body.value == name:
        return None
    keys = entries_of(body)
    return keys[name] if list(keys) == [name] else body


def _converted(name: str, body: ConfigNode, shape: _Shape, where: Where) -> ConfigNode | None:
    findings = where.findings
    if shape is _Shape.ITSELF:
        findings.dropped(body, f"the rule {name} is the built-in of that name", "left out: the name says it", "D27")
        return None
    if shape is _Shape.PARAMETERS:
        return _with_parameters(CONDITIONS[name], body, where)
    if isinstance(body.value, tuple) and body.value:
        findings.decision(body, f"the rule {name} is a list", "all of its entries are required", "open point 10")
        inner = [converted_entry(item, evolve(where, inside=name)) for item in items_of(body)]
        return as_map(body, {"all_of": as_list(body, inner)})
    _note_short_tolerance(body, findings)
    return converted_entry(body, evolve(where, inside=name))


def _with_parameters(condition: Condition, body: ConfigNode, where: Where) -> ConfigNode | None:
    argument = _own_argument(condition.name, body)
    quiet = Findings()
    kept = converted_argument(condition, argument, quiet) if argument is not None else None
    _, deviation = IGNORED_PARAMETERS.get(condition.name, (frozenset(), ""))
    # That its parameters did not count is said once, for the whole rule.
    where.findings.take(item for item in quiet.items if item.reference not in ("D30", deviation or "D30"))
    if kept is None:
        where.findings.dropped(
            body, f"the rule {condition.name} says nothing of its own", "left out: the built-in counts"
        )
        return None
    return as_map(body, {f"{BUILTIN_PREFIX}{condition.name}": kept})


def _note_short_tolerance(body: ConfigNode, findings: Findings) -> None:
    """`close_below_ema_200 or close_minus_ema_200_lt: -0.003`: the second is implied by the first."""
    items = items_of(entries_of(body).get("any_of"))
    if not any(item.value == "close_below_ema_200" for item in items):
        return
    for item in items:
        bound = entries_of(item).get("close_minus_ema_200_lt")
        number = plain_number(bound) if bound is not None else None
        if bound is not None and number is not None and number < 0:
            findings.decision(
                bound,
                f"{said('close_minus_ema_200_lt', bound)} is implied by close_below_ema_200 and never decides",
                f"kept as written; a tolerance like that of the long side is {-number}",
                "open point 2, decision 6",
            )


# --- what the reference's built-ins hid -----------------------------------------------------------------------


def _report_hidden(bodies: Mapping[str, ConfigNode], source: Entries, scope: Scope, findings: Findings) -> None:
    for name in (name for name in bodies if name in CONDITIONS):
        hidden = f"the rule {name} was hidden by the built-in of that name"
        own, built_in = (_compiled(each, bodies[name], scope) for each in (name, f"{BUILTIN_PREFIX}{name}"))
        if _bare(own) == _bare(built_in):
            findings.no_effect(source[name], hidden, "kept: it says the same", "D26")
        else:
            findings.corrected(source[name], hidden, "here the rule counts", "D19, D26")


def _compiled(name: str, like: ConfigNode, scope: Scope) -> Test | None:
    return parse_test(scalar(like, name), scope, Problems())


def _bare(test: Test | None, known: dict[int, Test] | None = None) -> Test | None:
    """The test without names and without groups of one; each part once, for rules may share many."""
    known = {} if known is None else known
    if test is None or id(test) in known:
        return known.get(id(test))
    inner = tuple(bare for child in children(test) if (bare := _bare(child, known)) is not None)
    bare = test
    match test:
        case Named():
            bare = inner[0]
        case AllOf() | AnyOf():
            bare = inner[0] if len(inner) == 1 else type(test)(inner)
        case Not():
            bare = Not(inner[0])
        case WithinBars(bars, _):
            bare = WithinBars(bars, inner[0])
        case Known(_, unless_true):
            bare = Known(inner[0], unless_true)
    known[id(test)] = bare
    return bare


def _reads_metrics(test: Test, known: dict[int, bool]) -> bool:
    if id(test) not in known:
        below = any(_reads_metrics(child, known) for child in children(test))
        own = isinstance(test, Compare) and any(
            isinstance(leaf, Metric) for side in (test.left, test.right) for leaf in operand_leaves(side)
        )
        known[id(test)] = below or own
    return known[id(test)]
