"""An explanation holds every operand with its value, marks what decides, and is safe to show in a page."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Side, Timeframe, format_instant
from mtf_core.reasons import Reason
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.explain import (
    decision_html,
    decision_to_json,
    number,
    render_decision,
    render_timeframe,
    trace_to_json,
)
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step
from mtf_core.validation.verdicts import ContextVerdict, DecisionTrace, SelectorVerdict, TimeframeVerdict

AT_MS = 1_643_637_600_000


def compare(
    label: str, result: str, *, decides: bool = False, missing: tuple[str, ...] = (), **values: float
) -> TraceNode:
    left, comparison, right = label.split()
    return TraceNode(label, "compare", result, decides, (), comparison, left, right, values, None, missing)


RSI = TraceNode(
    "rsi_lt_70", "builtin", "true", False, (("max", 73.0),), children=(compare("rsi < 73", "true", rsi=61.25),)
)
VOLUME = TraceNode(
    "volume_ratio_ok",
    "builtin",
    "false",
    True,
    (("min", 1.4),),
    children=(evolve(compare("volume_ratio > 1.4", "false", decides=True, volume_ratio=0.93), distance=-0.47),),
)
VWAP = TraceNode(
    "close_above_vwap",
    "rule",
    "unknown",
    missing=("vwap",),
    children=(compare("close > vwap", "unknown", missing=("vwap",), close=67123.4, vwap=math.nan),),
)
LONG = TraceNode("all_of", "all_of", "false", True, missing=("vwap",), children=(RSI, VOLUME, VWAP))
VERDICT = TimeframeVerdict(Timeframe.M5, AT_MS - 300_000, Outcome.NEUTRAL, None, LONG, None, (RSI,), ("both",))
DECISION = DecisionTrace(
    "BTCUSDT",
    AT_MS,
    Reason.NO_TIMEFRAME_SELECTED,
    Side.LONG,
    None,
    None,
    ContextVerdict(Side.LONG, None),
    (VERDICT,),
    (SelectorVerdict(Timeframe.M5, Step.NOT_CANDIDATE, False, 1, 0, -1),),
)


def test_a_timeframe_reads_as_a_tree_with_values_and_one_mark_where_it_was_decided() -> None:
    assert render_timeframe(VERDICT).splitlines() == [
        "5m 2022-01-31T13:55:00Z: NEUTRAL",
        "5m filter for both: true",
        "  rsi_lt_70 (max 73)           true     rsi 61.25 < 73",
        "5m long: false",
        "  all_of                       false",
        "    rsi_lt_70 (max 73)         true     rsi 61.25 < 73",
        "    volume_ratio_ok (min 1.4)  false    volume_ratio 0.93 > 1.4   off by 0.47   ← decides",
        "    close_above_vwap           unknown  close 67123.4 > vwap missing",
        "5m short: no rules",
    ]


def test_the_text_ends_with_the_context_and_each_step_of_the_selector() -> None:
    text = render_decision(DECISION).splitlines()
    assert text[0] == "BTCUSDT at 2022-01-31T14:00:00Z: INVALID no_timeframe_selected"
    assert text[-2:] == [
        "context: long",
        "selector 5m: not candidate (no candidate; stay true, drop unknown, forbid false)",
    ]


@pytest.mark.parametrize(
    ("context", "shown"),
    [
        (None, "context: skipped"),
        (ContextVerdict(None, Reason.NO_CONTEXT_TIMEFRAMES), "context: no_context_timeframes"),
    ],
)
def test_a_context_that_was_skipped_or_failed_is_told(context: ContextVerdict | None, shown: str) -> None:
    assert shown in render_decision(evolve(DECISION, context=context))


def test_a_ready_decision_begins_with_its_side_and_timeframe() -> None:
    ready = evolve(DECISION, reason=None, execution_timeframe=Timeframe.M5, key="BTCUSDT:5m:1:long")
    assert render_decision(ready).startswith("BTCUSDT at 2022-01-31T14:00:00Z: READY long on 5m")
    document = decision_to_json(ready)
    assert (document["status"], document["reason"], document["decision_key"]) == ("READY", None, "BTCUSDT:5m:1:long")


def test_json_holds_the_tree_with_missing_values_as_null() -> None:
    document = decision_to_json(DECISION)
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    tree = document["timeframes"]["5m"]["long"]
    assert tree["children"][2]["children"][0]["values"] == {"close": 67123.4, "vwap": None}
    assert document["timeframes"]["5m"]["missing"] == ["vwap"]
    assert [child.get("decides", False) for child in tree["children"]] == [False, True, False]
    assert document["context"] == {"skipped": False, "side": "long", "reason": None}
    assert document["selection"][0] == {
        "timeframe": "5m",
        "step": "NOT_CANDIDATE",
        "candidate": False,
        "stay": "true",
        "drop": "unknown",
        "forbid": "false",
    }


class Page(HTMLParser):
    """What a browser would see: tags, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(min_size=1, max_size=30).map(lambda text: text.replace("\n", " ").replace("\r", " ")))
def test_no_name_of_a_rule_or_symbol_breaks_the_page(name: str) -> None:
    evil = evolve(LONG, label=f"<b onload='x'>{name}&lt;", kind="rule", children=(RSI, VOLUME))
    verdict = evolve(VERDICT, long=evil, filters=(), filter_sides=())
    page = Page()
    page.feed(decision_html(evolve(DECISION, symbol=f"<script>{name}</script>", timeframes=(verdict,))))
    page.close()
    assert page.tags == ["b", "details", "summary", "pre", "pre"]
    assert f"<script>{name}</script>"[:8] in page.text
    assert "← decides" in page.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (72.0, "72"),
        (100.0, "100"),
        (1e6, "1000000"),
        (0.00042, "0.00042"),
        (67123.4, "67123.4"),
        (67123.456, "67123.5"),
        (-61.234567, "-61.2346"),
        (0.1 + 0.2, "0.3"),
        (123456789.0, "123456789"),
        (1e-9, "1e-09"),
        (1e20, "1e+20"),
        (0.9999999, "1"),
        (math.inf, "inf"),
    ],
)
def test_numbers_are_short_and_plain(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_to_six_digits(value: float) -> None:
    assert float(number(value)) == pytest.approx(value, rel=6e-6, abs=1e-300)


@given(st.lists(st.floats(1e-6, 1e14), min_size=2, max_size=5))
def test_larger_numbers_never_read_smaller(values: list[float]) -> None:
    shown = [float(number(value)) for value in sorted(values)]
    assert all(one <= other for one, other in pairwise(shown))


def test_a_leaf_says_how_far_it_is_from_turning() -> None:
    leaf = evolve(compare("rsi < 73", "true", rsi=61.0), distance=12.0)
    assert trace_to_json(leaf)["distance"] == 12.0
    assert "distance" not in trace_to_json(compare("rsi < 73", "unknown", rsi=math.nan))


def test_the_instant_is_the_one_of_the_trace() -> None:
    assert decision_to_json(DECISION)["at"] == format_instant(AT_MS)
