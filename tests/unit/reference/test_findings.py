"""What a report says: nothing is changed without a word, and every number in it is explained."""

import re
from collections import Counter
from pathlib import Path

import pytest

import mtf_adapters.reference as package
from mtf_adapters.reference import FindingKind
from tests.unit.reference.samples import VALIDATIONS, convert_text, imported, of_kind

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "import-a-configuration.md"

SCALPER_MICRO = [
    (40, "needs a decision", "open point 5, decision 4"),  # eps of 5m long, in price units
    (48, "needs a decision", "open point 5, decision 4"),
    (58, "needs a decision", "open point 5, decision 4"),
    (68, "needs a decision", "open point 5, decision 4"),
    (69, "needs a decision", "open point 5, decision 4"),
    (5, "meaning corrected", "D49"),  # pragmatic
    (18, "meaning corrected", "D21, D35"),  # the field vwap
    (22, "meaning corrected", "D36"),  # the field ma_9
    (41, "meaning corrected", "D12, decision 5"),  # 49 on 5m
    (56, "meaning corrected", "D35"),  # near_vwap
    (59, "meaning corrected", "D1, D2, D3"),  # macd_hist_increasing_n
    (2, "no effect there", ""),  # version
    (8, "no effect there", "D42"),  # execution_timeframe_default
    (9, "no effect there", ""),  # allow_skip_lower_tf
    (17, "no effect there", "D26"),  # five rules that say what the built-in says
    (19, "no effect there", "D26"),
    (21, "no effect there", "D26"),
    (23, "no effect there", "D26"),
    (25, "no effect there", "D26"),
    (33, "no effect there", ""),  # start_from_timeframe
    (12, "dropped", ""),  # dry_run_validate_all_timeframes
    (16, "dropped", "D27"),  # near_vwap: {near_vwap: true}
]


def test_the_findings_on_scalper_micro_one_by_one():
    found = [
        (item.place.line, str(item.kind), item.reference)
        for item in imported(VALIDATIONS["scalper_micro"]).findings
        if item.kind is not FindingKind.RENAMED
    ]
    assert found == SCALPER_MICRO


HIDDEN = {"scalper_micro": 5, "scalper": 38, "regular": 40, "crash": 29}
"""Rules that bear a built-in's name: 6, 40, 42 and 31, without the rules that only name the built-in itself."""


@pytest.mark.parametrize("name", HIDDEN)
def test_every_rule_that_a_built_in_hid_is_named_once(name: str):
    found = [item for item in imported(VALIDATIONS[name]).findings if "D26" in item.reference]
    assert len(found) == HIDDEN[name]
    assert len({item.place for item in found}) == len(found)


def test_the_empty_sides_of_crash_are_named_five_times():
    outcome = imported(VALIDATIONS["crash"])
    assert Counter(item.reference for item in outcome.findings)["D28"] == 5


def test_what_the_specification_leaves_to_a_person_is_a_decision():
    references = {item.reference for item in of_kind(imported(VALIDATIONS["crash"]), FindingKind.DECISION)}
    assert references == {
        "open point 5, decision 4",
        "open point 2, decision 6",
        "decision 10",
        "D8, D33, decision 11",
    }


def test_every_deviation_that_a_finding_may_name_is_explained_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    named: set[str] = set()
    for file in Path(str(package.__file__)).parent.glob("*.py"):
        named |= set(re.findall(r"\bD\d+\b", file.read_text(encoding="utf-8")))
    assert named
    assert {number for number in named if f"| {number} |" not in page} == set()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("validations.scalping.yaml", "mtf_validation: {mode: strict}", "mtf_validations.scalper.yaml"),
        ("validations.yaml", "mtf_validations: {profile: night}", "mtf_validations.night.yaml"),
        ("validations.yaml", "mtf_validations: {profile: ../x}", "mtf_validations.imported.yaml"),
        ("anything.yaml", "trade_entry: {risk: {}, leverage: {floor: 2}}", "trade_entry.yaml"),
        ("old.crash.yaml", "leverage: {floor: 2}", "trade_entry.crash.yaml"),
        ("x.yaml", "selection: {limits: {top_n: 3}}", "mtf_contracts.yaml"),
        ("indicator.dev.yaml", "indicator: {atr: {period: 14}}", "indicator.yaml"),
    ],
)
def test_kind_and_profile_follow_from_what_the_file_holds_then_from_its_name(
    tmp_path: Path, name: str, text: str, expected: str
):
    assert convert_text(tmp_path, text, name).file_name == expected


def test_documents_beside_the_converted_one_are_named(tmp_path: Path):
    text = "mtf_contracts: {selection: {limits: {top_n: 3}}}\ntrade_entry: {risk: {}}\n"
    (finding,) = of_kind(convert_text(tmp_path, text, "all.yaml"), FindingKind.DECISION)
    assert finding.found == "the key 'trade_entry' beside mtf_contracts"
