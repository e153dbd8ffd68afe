"""Whatever a file holds, importing it ends with a result or with reasons, never with an exception."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.reference import Findings, Imported, convert, detect, import_file
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.settings.nodes import Problems
from tests.unit.reference.samples import FILES, convert_text, tree

NAMES = (
    "validations.some.yaml",
    "mtf_validations.yaml",
    "trade_entry.some.yaml",
    "mtf_contracts.yaml",
    "indicator.yaml",
)
WRAPPERS = ("mtf_validation", "mtf_validations", "trade_entry", "mtf_contracts", "indicator", "other")
VARIANTS = 400

WORDS = st.sampled_from(
    [
        *("rules", "validation", "timeframe", "long", "short", "mode", "context_timeframes", "execution_timeframes"),
        *("execution_selector", "per_timeframe", "stay_on_if", "stay_on_15m_if", "drop_to_5m_if_any", "enabled"),
        *(
            "allow_1m_only_for",
            "conditions",
            "filters_mandatory",
            "defaults",
            "leverage",
            "risk",
            "entry",
            "entry_zone",
        ),
        *("timeframe_multipliers", "selection", "filters", "limits", "indicators", "atr", "pct_thresholds", "meta"),
        *("all_of", "any_of", "not", "gt_fields", "lt_fields", "op", "left", "right", "eps", "period", "field", "min"),
        *("max", "lt", "gt", "increasing", "derivative_gt", "slope_left", "validity_bars", "within_bars", "threshold"),
        *(
            "1m",
            "5m",
            "15m",
            "1h",
            "4h",
            "rsi",
            "adx_1h",
            "macd_hist",
            "leverage",
            "near_vwap",
            "rsi_lt_70",
            "lev_bounds",
        ),
        *(
            "get_false",
            "builtin.near_vwap",
            "order_mode",
            "tp_policy",
            "a.b",
            "",
            "<<",
            "on",
            "rule",
            "max_deviation_pct",
        ),
    ]
) | st.sampled_from(sorted(CONDITIONS))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 500)
    | st.floats(allow_nan=True, allow_infinity=True, width=32)
    | WORDS
    | st.text(max_size=8)
)
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=40,
)


def judged(text: str, name: str) -> Imported:
    """The outcome of importing a text, which always is a result or has reasons."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = convert_text(Path(folder), text, name)
    assert outcome.ok or outcome.problems
    assert all(problem.found and problem.allowed for problem in outcome.problems)
    assert all(finding.found and finding.done for finding in outcome.findings)
    assert not any("report this file" in problem.allowed for problem in outcome.problems)
    return outcome


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=200), st.sampled_from(NAMES))
def test_any_text_is_converted_or_refused(text: str, name: str):
    judged(text, name)


@given(st.sampled_from(NAMES), st.sampled_from(WRAPPERS), TREES)
def test_any_tree_is_converted_or_refused(name: str, wrapper: str, value: Any):
    judged(yaml.safe_dump({wrapper: value}, allow_unicode=True), name)


@given(st.dictionaries(st.sampled_from(sorted(CONDITIONS)) | WORDS, TREES, max_size=4), st.lists(TREES, max_size=4))
def test_any_rules_and_entries_are_converted_or_refused(rules: dict[str, Any], entries: list[Any]):
    document = {
        "mode": "pragmatic",
        "context_timeframes": ["1h"],
        "rules": rules,
        "filters_mandatory": entries[:1],
        "validation": {"timeframe": {"1h": {"long": ["rsi_lt_70"]}, "5m": {"long": entries}}},
    }
    judged(yaml.safe_dump({"mtf_validation": document}), "validations.some.yaml")


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(FILES)))
def test_hundreds_of_damaged_files_are_converted_or_refused(path: Path):
    """Each sample with values, keys and lines replaced, dropped, doubled or moved: as old and broken files are."""
    lines = path.read_text(encoding="utf-8").split("\n")
    random = Random(path.name)
    outcomes = [judged(damaged(lines, random), path.name) for _ in range(VARIANTS // 13)]
    assert any(outcome.text is not None for outcome in outcomes)


WORDS_OF_OLD = (
    "true",
    "false",
    "null",
    "0",
    "-1",
    "72",
    "'1m'",
    "[]",
    "{}",
    "[rsi_lt_70]",
    "{near_vwap: 1}",
    "&a *a",
    "'",
)
DAMAGES: tuple[Callable[[str, Random], list[str]], ...] = (
    lambda line, _: [],
    lambda line, _: [line, line],
    lambda line, random: [f"{line.partition(':')[0]}: {random.choice(WORDS_OF_OLD)}"],
    lambda line, random: [f"{line.partition('- ')[0]}- {random.choice(WORDS_OF_OLD)}"],
    lambda line, random: [line.replace(":", f"{random.choice('xyz')}:", 1)],
    lambda line, random: [" " * random.randint(0, 8) + line],
    lambda line, random: [line[: len(line) // 2] + random.choice("{}[]:,#&*!|>'\"%@`") + line[len(line) // 2 + 1 :]],
)


def damaged(lines: list[str], random: Random) -> str:
    """One or two lines changed in a way that is mostly still YAML."""
    changed = list(lines)
    for _ in range(random.randint(1, 2)):
        index = random.randrange(len(changed))
        changed[index : index + 1] = random.choice(DAMAGES)(changed[index], random)
    return "\n".join(changed)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"\x00",
        b"\xef\xbb\xbfmtf_validation:\n  mode: x\n",
        b"- 1",
        b"a: 1\n---\nb: 2",
        b"a: &x [*x]",
        b"a: !!python/object:x.Y {}",
    ],
)
def test_contents_that_are_no_settings_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "validations.some.yaml"
    path.write_bytes(content)
    assert import_file(path).problems


def test_rules_that_share_rules_many_times_over_are_converted_in_time():
    """Each rule uses the next one twice: written out as a tree, a million nodes."""
    depth = 20
    rules = "".join(f"  r{n}: {{any_of: [r{n + 1}, {{all_of: [r{n + 1}, near_vwap]}}]}}\n" for n in range(depth))
    root, findings = tree(f"rules:\n{rules}  r{depth}: rsi_lt_70\n"), Findings()
    source = detect(root, "validations.some.yaml", findings, Problems())
    assert source is not None
    document = convert(source, findings).document.to_plain()
    assert isinstance(document, dict)
    assert len(document["rules"]) == depth + 1
