"""Every key of a validation file, of the forms of the rule language and of the built-in conditions decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Condition, Parameter, ParameterKind
from mtf_core.rules.parse_forms import FORMS
from mtf_core.settings.nodes import Place, Problems
from mtf_core.settings.plain import node_from
from mtf_core.settings.profile import Profile, build_profile
from tests.unit.settings.liveness import rule_cases
from tests.unit.settings.liveness.histories import decisions, decisions_when_flat
from tests.unit.settings.liveness.worlds import content_with

LIST_FORMS = ("increasing", "decreasing")
FORM_KEYS = [(form.key, key) for form in FORMS.values() for key in form.keys] + [
    (form, key) for form in LIST_FORMS for key in ("field", "n", "eps", "eps_pct")
]


@pytest.mark.parametrize("form_key", FORM_KEYS, ids=".".join)
def test_every_key_of_a_form_changes_decisions(form_key: tuple[str, str]) -> None:
    rule_cases.FORMS[form_key].assert_alive()


@pytest.mark.parametrize("section", rule_cases.SECTIONS)
def test_every_section_of_a_validation_file_changes_decisions(section: str) -> None:
    rule_cases.SECTIONS[section].assert_alive()


@pytest.mark.parametrize(
    ("broken", "known"),
    [
        ({"mtf_validations.x": 1}, {"rules", "filters_mandatory", "execution_selector", "validation"}),
        ({"mtf_validations.execution_selector.x": 1}, {"per_timeframe", "allow_1m_only_for"}),
        (
            {"mtf_validations.execution_selector.per_timeframe.15m.x": 1},
            {"stay_on_if", "drop_to_lower_if_any", "forbid_drop_to_lower_if_any"},
        ),
        ({"mtf_validations.execution_selector.allow_1m_only_for.x": 1}, {"enabled", "conditions"}),
        ({"mtf_validations.filters_mandatory": [{"rule": "near_vwap", "x": 1}]}, {"rule", "on", "timeframes"}),
        ({"mtf_validations.validation.timeframe.1m.x": 1}, {"long", "short"}),
    ],
    ids=str,
)
def test_the_sections_shown_at_work_are_all_that_there_are(broken: dict[str, Any], known: set[str]) -> None:
    """What an unknown key is answered with: were there another key, this would tell."""
    problems = Problems()
    build(content_with(broken), problems)
    (problem,) = [item for item in problems.errors if item.found == "unknown key 'x'"]
    listed = problem.allowed.removeprefix("known keys: ")
    header = {"mode", "context_timeframes", "execution_timeframes", "execution_timeframe_default"}
    assert set(listed.split(", ")) - header == known


def build(content: dict[str, Any], problems: Problems) -> Profile | None:
    documents = {name: node_from(document, Place(name, 1)) for name, document in content.items()}
    return build_profile("alive", documents, problems)


_SMALL_GAP = {"cool_down_bars": 5, "min_gap_pct": 0.00001}
BESIDE = {
    "atr_volatility_ok": {"min": 0.0001},
    "macd_line_cross_up_with_hysteresis": _SMALL_GAP,
    "macd_line_cross_down_with_hysteresis": _SMALL_GAP,
}
"""Other parameters, where those by default leave nothing to decide in the market that is looked at."""


def others(parameter: Parameter) -> Iterator[float | bool]:
    """Values that a parameter may take, the plausible ones first."""
    if parameter.kind is ParameterKind.BOOLEAN:
        yield from (True, False)
        return
    default = float(parameter.default or 0)
    whole = parameter.kind is ParameterKind.INTEGER
    guesses = (default, 2 * default, default / 2, 1, 3, 20, 50, 90, 0, 0.01, 0.001, 0.0001, 0.00001, 0.1, 200, 800)
    for guess in dict.fromkeys(guesses):
        if parameter.bounds.admits(node_from(guess, Place("", 1)).value) and (not whole or guess == int(guess)):  # type: ignore[arg-type]
            yield int(guess) if whole else guess


def observed(condition: Condition, parameter: Parameter, value: float | bool) -> object:
    """The decisions where the condition is asked on 1m, or for a selector metric where 15m is chosen; None: refused."""
    beside = {name: given for name, given in BESIDE.get(condition.name, {}).items() if parameter.name not in name}
    rule = {f"builtin.{condition.name}": {**beside, parameter.name: value}}
    if condition.metrics_only:
        changes: dict[str, Any] = {"mtf_validations.execution_selector.per_timeframe.15m.stay_on_if": [rule]}
    else:
        changes = {"mtf_validations.validation.timeframe.1m.long": [rule]}
    profile = build(content_with(changes), Problems())
    return None if profile is None else (decisions(profile), decisions_when_flat(profile))


PARAMETERS = [(condition, parameter) for condition in CONDITIONS.values() for parameter in condition.parameters]


@pytest.mark.parametrize(
    ("condition", "parameter"), PARAMETERS, ids=[f"{condition.name}.{item.name}" for condition, item in PARAMETERS]
)
def test_every_parameter_of_a_built_in_condition_changes_decisions(condition: Condition, parameter: Parameter) -> None:
    seen: list[object] = []
    for value in others(parameter):
        found = observed(condition, parameter, value)
        if found is not None and any(found != before for before in seen):
            return
        if found is not None:
            seen.append(found)
    pytest.fail(f"no value of {parameter.name} changes a decision by {condition.name}")
