"""From a profile's rule trees to tests. Nothing here raises: every problem is collected, and a broken rule is None."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from mtf_core.config_nodes import ConfigNode, Problems, nearest_name
from mtf_core.rules.expressions import AllOf, Test
from mtf_core.rules.parse_forms import FORM_KEYS, FORMS, form_of, read_entries, read_form
from mtf_core.rules.parse_names import Use, read_use, rule_name_problem, use_of
from mtf_core.rules.scope import Reading, Scope


def parse_test(node: ConfigNode, scope: Scope, problems: Problems) -> Test | None:
    """The test that a node stands for, or None after every problem in it was added to `problems`.

    Named rules of the scope are read where they are used, so a problem inside one is reported by its own place, once.
    """
    return Reading(scope, problems, _read).test(node)


def parse_side(node: ConfigNode, scope: Scope, problems: Problems) -> Test | None:
    """The test of a side's list: all entries must be true. An empty list is refused."""
    tests = read_entries(node, Reading(scope, problems, _read), "leave the side out to disable it")
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else AllOf(tests)


def parse_rules(scope: Scope, problems: Problems) -> Mapping[str, Test]:
    """Every named rule of the scope that is sound, each wrapped in its name; reports the problems of all of them.

    Selector metrics are allowed while rules stand alone: only where a rule is used can that be wrong.
    """
    reading = Reading(evolve(scope, metrics=True), problems, _read)
    sound: dict[str, Test] = {}
    for name, body in scope.rules.items():
        problem = rule_name_problem(name, FORM_KEYS)
        if problem:
            reading.error(body.place, f"a rule may not be called {name!r}: {problem}", "give it another name")
            continue
        test = read_use(Use(name, body.place), reading)
        if test is not None:
            sound[name] = test
    return sound


def _read(node: ConfigNode, reading: Reading) -> Test | None:
    use = use_of(node)
    if use is not None:
        return read_use(use, reading)
    if not isinstance(node.value, Mapping):
        reading.error(node.place, f"found {node.shown()}", "allowed is the name of a rule, or a map with one form")
        return None
    form = form_of(node.value)
    if form is not None:
        return read_form(form, node, reading)
    keys = ", ".join(node.value) or "no keys"
    reading.error(
        node.place,
        f"found a map with {keys}",
        f"allowed is one name with its parameters, or one form: {', '.join(FORMS)}",
        next((near for key in node.value if (near := nearest_name(key, FORMS))), None),
    )
    return None
