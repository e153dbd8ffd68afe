"""The converted text: read back it is the same tree, and comments stay with what they stood beside."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.reference.comments import Comments, comments_of
from mtf_adapters.reference.writing import written
from mtf_core.settings.nodes import ConfigNode, Place
from tests.unit.reference.samples import convert_text, imported, tree

PLACE = Place("x.yaml", 1)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**6), max_value=10**6)
TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cn", "Co"]), max_size=20) | st.sampled_from(
    [
        "1m",
        "true",
        "null",
        "~",
        "1e5",
        "- x",
        "a: b",
        "#",
        "it's",
        "",
        " x ",
        "0x1",
        "<<",
        "n",
        "é",
        "\U0001f600",
        "=",
        "1:2",
    ]
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS | st.sampled_from([Decimal("1e-12"), Decimal("1E+40")])
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=25
)


def node(value: Any, lines: st.DataObject | None = None, depth: int = 1) -> ConfigNode:
    """A tree whose values stand in one line, or where the data puts them."""
    line = lines.draw(st.integers(depth, depth + 1)) if lines is not None else 1
    place = Place("x.yaml", line)
    if isinstance(value, list):
        return ConfigNode(tuple(node(item, lines, line) for item in value), place)
    if isinstance(value, dict):
        return ConfigNode({key: node(item, lines, line) for key, item in value.items()}, place)
    return ConfigNode(value, place)


@given(st.dictionaries(TEXTS, TREES, max_size=5), st.data())
def test_what_was_written_reads_back_as_the_same_tree(value: dict[str, Any], data: st.DataObject):
    document = node(value, data)
    text = written(ConfigNode(document.value, PLACE), Comments(), "Converted.")
    assert tree(text).to_plain() == document.to_plain()


@given(st.dictionaries(TEXTS, TREES, max_size=4), st.integers(1, 5))
def test_comments_never_change_what_is_said(value: dict[str, Any], line: int):
    comments = Comments({line: ["# above: [", "#"]}, {line: "# beside: }"}, ["# after"])
    text = written(node(value), comments, "Converted.")
    assert tree(text).to_plain() == node(value).to_plain()


def test_a_hash_within_text_is_no_comment():
    comments = comments_of("a: 'x # y' # yes\nb: x#y\nc: \"# no\"\nd: |\n  # text\n  more\n# above e\ne: 1\n# end\n")
    assert comments.beside == {1: "# yes"}
    assert comments.above == {8: ["# above e"]}
    assert comments.trailing == ["# end"]


@pytest.mark.parametrize("text", ["a: [", "\t", "", "#", "a: 1\r\n# x\r\nb: 2 # y\r\n", "\u2028# x\u2028a: 1"])
def test_comments_of_any_text_can_be_asked_for(text: str):
    comments_of(text)


def test_comments_stay_above_and_beside_what_they_explain():
    text = str(imported("validations.scalper_micro.yaml").text)
    lines = text.split("\n")
    assert lines[1] == "# Micro structure only: 5m gives the side, 1m the entry."
    assert lines[2] == "# everything below"
    assert "    gt_fields: [close, ma_9]  # the quick average" in lines
    assert "        - rsi_lt_70  # not too late" in lines


def test_comments_of_what_is_left_out_are_named_by_their_lines():
    assert imported("mtf_validations.scalper.yaml").lost_comments == (160,)
    assert imported("validations.regular.yaml").lost_comments == ()


def test_comments_above_a_section_stay_above_it(tmp_path: Path):
    text = "trade_entry:\n    # the money\n    risk: # all of it\n        daily_max_loss_usdt: 5 # a day\n"
    assert str(convert_text(tmp_path, text, "trade_entry.yaml").text).split("\n")[1:] == [
        "# the money",
        "risk:  # all of it",
        "  daily_max_loss_usdt: 5  # a day",
        "",
    ]


def test_a_document_of_which_nothing_is_left_is_an_empty_map(tmp_path: Path):
    outcome = convert_text(tmp_path, "indicator: {calculation: {mode: php}}", "indicator.yaml")
    assert outcome.ok
    assert tree(outcome.text).to_plain() == {}
