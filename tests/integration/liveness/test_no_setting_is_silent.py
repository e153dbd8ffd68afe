"""Every key of every settings class changes some decision, plan, action or report.

A key for which this cannot be shown does not belong in the settings: a new one needs a case in the modules
`*_cases.py`, and one that cannot have any is removed.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from tests.integration.liveness.placing_cases import CASES as PLACING_CASES
from tests.integration.liveness.run_cases import CASES as RUN_CASES
from tests.integration.liveness.supervising_cases import CASES as SUPERVISING_CASES
from tests.unit.settings.liveness.case import Case
from tests.unit.settings.liveness.decision_cases import CASES as DECISION_CASES
from tests.unit.settings.liveness.keys import Key, every_key, matches
from tests.unit.settings.liveness.order_cases import CASES as ORDER_CASES
from tests.unit.settings.liveness.plans import LONG
from tests.unit.settings.liveness.trade_entry_cases import CASES as TRADE_ENTRY_CASES
from tests.unit.settings.liveness.worlds import content_with, profile_of

CASES: tuple[Case, ...] = (
    *TRADE_ENTRY_CASES,
    *DECISION_CASES,
    *ORDER_CASES,
    *PLACING_CASES,
    *RUN_CASES,
    *SUPERVISING_CASES,
)


def cases_of(key: Key) -> list[Case]:
    """The cases that show a key at work; an AssertionError when there is none."""
    found = [case for case in CASES if matches(case.path, key.path)]
    assert found, f"nothing shows that {key.path} does anything: give it a case, or take it out of the settings"
    return found


@pytest.mark.parametrize("key", every_key(), ids=lambda key: key.path)
def test_changing_a_key_alone_changes_what_is_decided_planned_or_done(key: Key) -> None:
    for case in cases_of(key):
        case.assert_alive()


def test_a_key_without_a_case_fails_under_its_name() -> None:
    key = evolve(every_key()[0], path="trade_entry.defaults.conviction")
    with pytest.raises(AssertionError, match=r"nothing shows that trade_entry\.defaults\.conviction does anything"):
        cases_of(key)


def test_a_key_that_only_shows_in_the_configuration_itself_fails() -> None:
    idle = Case("trade_entry.defaults.pivot_sl_buffer_pct", 0.001, 0.002, LONG)  # the stop comes from the ATR
    assert len({profile_of(content_with({idle.path: value})).digest for value in (idle.one, idle.other)}) == 2
    with pytest.raises(AssertionError, match="come to the same"):
        idle.assert_alive()


def test_an_observation_that_does_not_repeat_itself_proves_nothing() -> None:
    for case in {case.scenario: case for case in CASES}.values():
        content = content_with({**case.given, case.path: case.one})
        first, second = (case.scenario(profile_of(content, warned=case.warned)) for _ in range(2))
        assert first == second, case.path


def test_every_case_is_about_a_key_that_exists() -> None:
    unknown = [case.path for case in CASES if not any(matches(case.path, key.path) for key in every_key())]
    assert unknown == []
