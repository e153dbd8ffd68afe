"""One sentence says what became of a symbol, in a trader's words."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from mtf_core.inquiry.sentence import order_words, remedies, sentence
from mtf_core.market import Gap, Timeframe
from mtf_core.reasons import Reason, meaning_of
from mtf_core.records import (
    DecisionRecord,
    OrderOutcome,
    OrderStatus,
    PlanRecord,
    ResultRecord,
    SymbolStatus,
    TimeframeResult,
)
from mtf_core.rules.trace import marked
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.shortage import CandleShortage
from mtf_core.validation.verdicts import ContextVerdict, DecisionTrace, TimeframeVerdict
from tests.unit.planning.examples import example, plan_of
from tests.unit.validation.profiles import H1, M1, M5, decided, profile_of

H1_SHORT = {H1: "SHORT"}


def told(said: dict[Timeframe, str], **changed: Any) -> str:
    """The sentence of a decision in which the timeframes said this; H1 is the context, M5 and M1 may take the entry."""
    profile = profile_of((H1,), (M5, M1))
    (decision,) = decided(profile, [said])
    return sentence(record(decision.trace, **changed), decision.trace)


def record(trace: DecisionTrace, **changed: Any) -> DecisionRecord:
    neutral = TimeframeResult(Outcome.NEUTRAL, None, ())
    result = ResultRecord(
        status=SymbolStatus(trace.status),
        reason=trace.reason,
        side=trace.side,
        execution_timeframe=trace.execution_timeframe,
        last_timeframe=M1,
        decision_key=trace.key,
        context={H1: neutral},
        execution={M5: neutral, M1: neutral},
        order=changed.pop("order", None),
        plan=changed.pop("plan", None),
    )
    reason = str(trace.reason) if trace.reason else None
    plain = DecisionRecord("r", trace.symbol, trace.status, reason, None, None, None, result, None, None)
    return evolve(plain, **changed)


def test_a_context_without_a_side_is_told_by_its_timeframes() -> None:
    assert told({H1: "NEUTRAL", M5: "LONG"}) == "no context: 1h has no side"
    assert told({H1: "CONFLICT", M5: "LONG"}) == "no context: 1h holds for both sides"


def test_an_execution_timeframe_is_told_by_what_it_lacked() -> None:
    text = told({H1: "SHORT", M5: "LONG", M1: "NEUTRAL"})
    assert text.startswith("context short (1h); 5m blocked by ")
    assert "; 1m blocked by " in text


def test_a_ready_symbol_without_an_order_reads_as_such() -> None:
    facts = {"check": "no common point", "reference": "13.216", "entry_low": "13.1", "entry_high": "13.163"}
    ready = told(
        {H1: "SHORT", M5: "SHORT"},
        reason="skipped_out_of_zone",
        order=OrderOutcome(OrderStatus.SKIPPED, Reason.SKIPPED_OUT_OF_ZONE, facts),
    )
    assert ready == (
        "context short (1h); READY short on 5m; no order: price 13.216 is 0.403 % above the zone's top 13.163"
    )
    plan = plan_of(example())
    assert told({H1: "SHORT", M5: "SHORT"}, reason=None, plan=PlanRecord.of(plan)).endswith(
        f"READY short on 5m; order simulated at {plan.entry_price}"
    )


@pytest.mark.parametrize(
    ("reason", "hole", "words", "remedy"),
    [
        (Reason.NOT_ENOUGH_CANDLES, None, "1h has 300 of 682 candles (usable from 1970-01-29T10:00:00Z)", ()),
        (
            Reason.CANDLES_HAVE_GAPS,
            Gap(0, 0, 1),
            "1h has 300 of 682 candles without a hole "
            "(1 missing at 1970-01-01T00:00:00Z; unusable until 1970-01-29T10:00:00Z)",
            ("`mtf klines gaps --symbol S0 --timeframe 1h --repair` asks the exchange again",),
        ),
    ],
)
def test_short_history_and_holes_are_told_with_their_numbers_and_holes_with_what_fills_them(
    reason: Reason, hole: Gap | None, words: str, remedy: tuple[str, ...]
) -> None:
    shortage = CandleShortage(H1, 300, 682, 0, hole, 682 * H1.ms)
    verdict = TimeframeVerdict(H1, 0, Outcome.INVALID, reason, None, None, (), (), shortage)
    context = ContextVerdict(None, Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES)
    trace = DecisionTrace("S0", 0, reason, None, None, None, context, (verdict,), ())
    assert sentence(record(trace), trace) == f"no context: {words}"
    assert remedies(trace, None, final=False) == remedy


def test_what_an_older_version_stored_without_numbers_is_told_in_words() -> None:
    verdict = TimeframeVerdict(H1, 0, Outcome.INVALID, Reason.NOT_ENOUGH_CANDLES, None, None, (), ())
    context = ContextVerdict(None, Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES)
    trace = DecisionTrace("S0", 0, context.reason, None, None, None, context, (verdict,), ())
    assert sentence(record(trace), trace) == f"no context: 1h is invalid: {meaning_of(Reason.NOT_ENOUGH_CANDLES)}"


def test_numbers_that_decide_are_told_with_what_they_needed() -> None:
    (decision,) = decided(profile_of((H1,), (M5, M1)), [{H1: "SHORT", M5: "NEUTRAL", M1: "NEUTRAL"}])
    verdict = decision.timeframe(M5)
    assert verdict.short is not None
    tree = marked(verdict.short)
    deciding = [node for node in tree.walk() if node.kind == "compare" and node.decides]
    text = sentence(record(decision.trace), decision.trace)
    assert all(f"{node.left} " in text and f"needs {node.comparison}" in text for node in deciding[:1])


@pytest.mark.parametrize(
    ("reason", "facts", "words"),
    [
        (
            Reason.SKIPPED_OUT_OF_ZONE,
            {
                "check": "zone_max_deviation_pct",
                "reference": "99",
                "zone_low": "100",
                "zone_high": "101",
                "allowed": "0.005",
            },
            "price 99 is 1 % below the zone's bottom 100, allowed 0.5 %",
        ),
        (
            Reason.SPREAD_TOO_WIDE,
            {"spread_bps": "12.5", "spread_guard_bps": "8"},
            "the spread is 12.5 bps, allowed 8",
        ),
        (
            Reason.SIZE_BELOW_MIN_VOLUME,
            {"size": "0", "min_size": "1"},
            "the risk buys 0 contracts, the smallest size is 1",
        ),
        (
            Reason.MAX_CONCURRENT_POSITIONS_REACHED,
            {"open": "4", "allowed": "4"},
            "4 positions are open or about to be, 4 allowed",
        ),
        (Reason.SKIPPED_OUT_OF_ZONE, {"check": "of an older version"}, meaning_of(Reason.SKIPPED_OUT_OF_ZONE)),
        (Reason.KILL_SWITCH_ON, {}, meaning_of(Reason.KILL_SWITCH_ON)),
    ],
)
def test_orders_that_were_not_made_are_told_in_words(reason: Reason, facts: dict[str, str], words: str) -> None:
    assert order_words(reason, facts) == words
