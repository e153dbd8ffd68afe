"""Reading the use of a name: a rule of the profile, else a built-in condition, with its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

from mtf_core.config_nodes import ConfigNode, Place, nearest_name
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Condition, Given, Parameter, ParameterKind
from mtf_core.rules.expressions import Named, Test
from mtf_core.rules.parse_forms import INSTEAD, form_of
from mtf_core.rules.scope import BUILTIN_PREFIX, Reading


@frozen
class Use:
    """A name where it is used: with what was written beside it, and parameters that stand above that."""

    name: str
    place: Place
    argument: ConfigNode | None = None
    above: Given = field(factory=dict)


def use_of(node: ConfigNode) -> Use | None:
    """The name that a node consists of (`name` or `{name: …}`), or None when it is something else."""
    if isinstance(node.value, str):
        return Use(node.value, node.place)
    if isinstance(node.value, Mapping) and len(node.value) == 1 and form_of(node.value) is None:
        ((name, argument),) = node.value.items()
        return Use(name, argument.place, argument)
    return None


def read_use(use: Use, reading: Reading) -> Test | None:
    """The named test, or None after reporting why the name, or what stands beside it, cannot be used."""
    if use.name in reading.scope.rules:
        return _read_rule(use, reading)
    condition = _builtin(use.name)
    if condition is None:
        known = reading.scope.known_names()
        reading.error(
            use.place,
            f"unknown rule {use.name!r}",
            "allowed is a rule of this profile or a built-in condition",
            nearest_name(use.name, known),
        )
        return None
    return _read_condition(condition, use, reading)


def _builtin(name: str) -> Condition | None:
    return CONDITIONS.get(name.removeprefix(BUILTIN_PREFIX))


# --- built-in conditions --------------------------------------------------------------------------------------


def _read_condition(condition: Condition, use: Use, reading: Reading) -> Named | None:
    given = read_arguments(condition, use, reading)
    if condition.metrics_only and not reading.scope.metrics:
        reading.error(
            use.place, f"{condition.name} reads a selector metric", "allowed here are conditions on features only"
        )
        return None
    if given is None:
        return None
    merged = condition.merged(given, use.above)
    problem = condition.problem(merged, reading.scope.context)
    if problem:
        reading.error(use.place, f"{condition.name}: {problem}", "change one of them")
        return None
    return condition.named(merged, reading.scope.context)


def read_arguments(condition: Condition, use: Use, reading: Reading) -> Given | None:
    """What stands beside a condition's name, as parameters by canonical name; None after reporting a problem."""
    argument = use.argument
    if argument is None or argument.value is True:
        return {}
    if isinstance(argument.value, Mapping):
        return _read_map(condition, argument, argument.value, reading)
    main = condition.main
    if argument.value is False and (main is None or main.kind is not ParameterKind.BOOLEAN):
        reading.error(
            argument.place, f"{condition.name}: false", "false only negates a flag; leave it out, or use not:"
        )
        return None
    if main is None or argument.kind in ("text", "list", "nothing"):
        reading.error(argument.place, f"{condition.name}: found {argument.shown()}", _allowed_beside(condition))
        return None
    value = _read_value(main, argument, reading)
    return None if value is None else {main.name: value}


def _read_map(
    condition: Condition, argument: ConfigNode, keys: Mapping[str, ConfigNode], reading: Reading
) -> Given | None:
    given: dict[str, float | bool] = {}
    written: dict[str, str] = {}
    sound = True
    for key, node in keys.items():
        parameter = condition.parameter(key)
        if parameter is None:
            _unknown_parameter(condition, key, node, reading)
            sound = False
            continue
        if parameter.name in written:
            found = f"{condition.name}: both {written[parameter.name]!r} and {key!r}"
            reading.error(node.place, found, f"they are the same parameter, {parameter.name}; write it once")
            sound = False
        written[parameter.name] = key
        value = _read_value(parameter, node, reading)
        if value is None:
            sound = False
        else:
            given[parameter.name] = value
    for parameter in condition.parameters:
        if parameter.instead_of in written and parameter.name in written:
            found = f"{condition.name}: both {parameter.instead_of} and {parameter.name}"
            reading.error(argument.place, found, "allowed is one of them: absolute, or a ratio of close")
            sound = False
    return given if sound else None


def _read_value(parameter: Parameter, node: ConfigNode, reading: Reading) -> float | bool | None:
    match parameter.kind:
        case ParameterKind.BOOLEAN:
            return reading.flag(node)
        case ParameterKind.INTEGER:
            return reading.whole(node, parameter.bounds)
        case _:
            return reading.number(node, parameter.bounds)


def _unknown_parameter(condition: Condition, key: str, node: ConfigNode, reading: Reading) -> None:
    names = [item.name for item in condition.parameters]
    known = [*names, *(alias for item in condition.parameters for alias in item.aliases)]
    allowed = INSTEAD.get(key) or (f"its parameters: {', '.join(names)}" if names else "it takes no parameters")
    reading.error(node.place, f"{condition.name}: unknown parameter {key!r}", allowed, nearest_name(key, known))


def _allowed_beside(condition: Condition) -> str:
    if not condition.parameters:
        return "it takes no parameters; write the name alone"
    names = ", ".join(item.name for item in condition.parameters)
    alone = f"{condition.main.kind} for {condition.main.name}, or " if condition.main else ""
    return f"allowed is {alone}a map of its parameters: {names}"


# --- rules of the profile -------------------------------------------------------------------------------------


def _read_rule(use: Use, reading: Reading) -> Named | None:
    name, body = use.name, reading.scope.rules[use.name]
    if name in reading.trail:
        _report_cycle(name, reading)
        return None
    above = _rule_arguments(use, reading)
    if above is None:
        return None
    if not above and name in reading.finished:
        inner = reading.finished[name]
    else:
        inside = reading.within_rule(name)
        below = use_of(body) if above else None
        inner = read_use(evolve(below, above=above), inside) if below else inside.test(body)
        if not above:
            reading.finished[name] = inner
    if inner is None:
        return None
    if isinstance(inner, Named) and inner.builtin and inner.name == name:
        # The rule is the built-in of its name with other parameters: one name, said once.
        return evolve(inner, builtin=False)
    return Named(name, inner, tuple(above.items()))


def _rule_arguments(use: Use, reading: Reading) -> Given | None:
    """The parameters that override those of the built-in that the rule consists of."""
    argument = use.argument
    if argument is None or argument.value is True:
        return use.above
    condition = _condition_below(use.name, reading)
    if condition is None:
        reading.error(
            argument.place,
            f"the rule {use.name!r} takes no parameters; found {argument.shown()}",
            "only a rule that consists of one built-in with parameters takes them",
        )
        return None
    given = read_arguments(condition, use, reading)
    return None if given is None else condition.merged(given, use.above)


def _condition_below(name: str, reading: Reading) -> Condition | None:
    """The built-in that a rule consists of, through rules that are nothing but another name."""
    seen: set[str] = set()
    while name in reading.scope.rules:
        below = use_of(reading.scope.rules[name])
        if below is None or name in seen:
            return None
        seen.add(name)
        name = below.name
    return _builtin(name)


def _report_cycle(name: str, reading: Reading) -> None:
    """One problem per cycle, wherever the reading came upon it: the path starts at its first name by alphabet."""
    cycle = reading.trail[reading.trail.index(name) :]
    first = cycle.index(min(cycle))
    path = (*cycle[first:], *cycle[: first + 1])
    place = reading.scope.rules[path[0]].place
    if len(cycle) == 1:
        advice = f"for the built-in write {BUILTIN_PREFIX}{name}" if name in CONDITIONS else "give it another body"
        if name in CONDITIONS:
            advice += ", or leave the rule out"
        reading.error(place, f"the rule {name!r} refers to itself", advice)
    else:
        reading.error(place, f"rules in a circle: {' → '.join(path)}", "a rule may only use rules that do not use it")


def rule_name_problem(name: str, form_keys: frozenset[str]) -> str | None:
    """Why a profile may not give a rule this name, or None."""
    if name in form_keys:
        return "it is a word of the rule language"
    if name.startswith(BUILTIN_PREFIX) or not name:
        return f"{BUILTIN_PREFIX}… always means the built-in"
    return None
