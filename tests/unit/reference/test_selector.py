"""The selector: lists that can act, in both of the reference's forms."""

from pathlib import Path
from typing import Any

import pytest

from mtf_adapters.reference import FindingKind, Imported
from tests.unit.reference.samples import about, convert_text, of_kind, plain

TEXT = """
mtf_validation:
    mode: strict
    context_timeframes: ['1h']
    execution_timeframes: ['15m', '5m', '1m']
    execution_selector:
{selector}
    validation:
        timeframe:
            '1h': {{long: [rsi_lt_70]}}
            '15m': {{long: [rsi_lt_70]}}
            '5m': {{long: [rsi_lt_70]}}
            '1m': {{long: [rsi_lt_70]}}
"""


def converted(folder: Path, selector: str) -> Imported:
    lines = "\n".join(f"        {line}" for line in selector.strip("\n").split("\n"))
    return convert_text(folder, TEXT.format(selector=lines))


def selector_of(outcome: Imported) -> Any:
    document: Any = plain(outcome)
    return document.get("execution_selector")


def test_legacy_keys_become_the_lists_of_the_timeframe_that_is_left(tmp_path: Path):
    outcome = converted(
        tmp_path,
        "stay_on_15m_if: [{expected_r_multiple_gte: 2}]\n"
        "drop_to_5m_if_any: {spread_bps_gt: 9, expected_r_multiple_lt: 1}\n"
        "forbid_drop_to_5m_if_any: [{adx_5m_lt: 15}]",
    )
    assert outcome.ok
    assert selector_of(outcome) == {
        "per_timeframe": {
            "15m": {
                "stay_on_if": [{"expected_r_multiple_gte": 2}],
                "drop_to_lower_if_any": [{"spread_bps_gt": 9}, {"expected_r_multiple_lt": 1}],
                "forbid_drop_to_lower_if_any": [{"adx_5m_lt": 15}],
            }
        }
    }


def test_a_legacy_drop_without_a_stay_leaves_the_next_higher_timeframe(tmp_path: Path):
    outcome = converted(tmp_path, "drop_to_1m_if_any: [{spread_bps_gt: 9}]")
    assert selector_of(outcome)["per_timeframe"] == {
        "5m": {"stay_on_if": ["get_false"], "drop_to_lower_if_any": [{"spread_bps_gt": 9}]}
    }
    assert any(item.reference == "D43" for item in of_kind(outcome, FindingKind.DECISION))


def test_an_empty_stay_stays(tmp_path: Path):
    outcome = converted(tmp_path, "per_timeframe: {'5m': {stay_on_if: []}, '1m': }")
    assert selector_of(outcome) == {"per_timeframe": {"5m": {"stay_on_if": []}, "1m": {"stay_on_if": []}}}
    assert outcome.ok


def test_lists_that_nothing_asks_for_are_left_out(tmp_path: Path):
    outcome = converted(
        tmp_path,
        "per_timeframe:\n"
        "    '15m': {stay_on_if: [get_true], forbid_drop_to_lower_if_any: [{spread_bps_gt: 9}]}\n"
        "    '1m': {stay_on_if: [get_true], drop_to_lower_if_any: [{spread_bps_gt: 9}]}\n"
        "    '4h': {stay_on_if: [get_true]}",
    )
    entries = selector_of(outcome)["per_timeframe"]
    assert entries == {"15m": {"stay_on_if": ["get_true"]}, "1m": {"stay_on_if": ["get_true"]}}
    assert len(of_kind(outcome, FindingKind.NO_EFFECT)) == 2
    assert [item.reference for item in about(outcome, "per_timeframe.4h")] == ["D43, decision 14"]


@pytest.mark.parametrize(
    "restriction", ["{enabled: false, conditions: [{scalping: true}]}", "{enabled: false, scalping: true}", "{}", ""]
)
def test_a_restriction_that_is_off_is_none(tmp_path: Path, restriction: str):
    outcome = converted(tmp_path, f"allow_1m_only_for: {restriction}")
    assert outcome.ok
    assert selector_of(outcome) is None


@pytest.mark.parametrize(
    "restriction",
    [
        "{enabled: true, conditions: [{spread_bps_gt: 9}]}",
        "{enabled: true, conditions: {spread_bps_gt: 9}}",
        "{spread_bps_gt: 9}",
        "[{spread_bps_gt: 9}]",
    ],
)
def test_a_restriction_that_is_on_keeps_its_conditions(tmp_path: Path, restriction: str):
    outcome = converted(tmp_path, f"allow_1m_only_for: {restriction}")
    assert outcome.problems == ()
    assert selector_of(outcome) == {"allow_1m_only_for": {"enabled": True, "conditions": [{"spread_bps_gt": 9}]}}


def test_flags_are_compared_and_a_restriction_to_them_needs_a_decision(tmp_path: Path):
    outcome = converted(tmp_path, "allow_1m_only_for: {enabled: true, conditions: [{scalping: false}]}")
    assert selector_of(outcome)["allow_1m_only_for"]["conditions"] == [{"scalping": False}]
    assert any("1m is never selected" in item.done for item in of_kind(outcome, FindingKind.DECISION))


def with_default(selector: str) -> str:
    return TEXT.format(selector=selector).replace("strict", "strict\n    execution_timeframe_default: '5m'")


def test_beside_a_selector_the_default_timeframe_is_left_out(tmp_path: Path):
    outcome = convert_text(tmp_path, with_default("        per_timeframe: {'5m': {stay_on_if: []}}"))
    assert outcome.ok
    assert [item.kind for item in about(outcome, "execution_timeframe_default")] == [FindingKind.NO_EFFECT]


def test_without_a_selector_the_default_timeframe_stays_and_acts(tmp_path: Path):
    outcome = convert_text(tmp_path, with_default(""))
    document: Any = plain(outcome)
    assert outcome.ok
    assert document["execution_timeframe_default"] == "5m"
