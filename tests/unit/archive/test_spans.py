"""Spans of minutes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.archive.spans import Span, by_month, joined, missing, without
from mtf_core.market import MINUTE_MS, parse_instant, to_ms


def minutes(first: int, last: int) -> Span:
    return Span(first * MINUTE_MS, last * MINUTE_MS)


def at(text: str) -> int:
    return to_ms(parse_instant(text))


def test_spans_that_touch_or_lie_close_become_one() -> None:
    assert joined([minutes(5, 6), minutes(0, 3)]) == (minutes(0, 3), minutes(5, 6))
    assert joined([minutes(4, 6), minutes(0, 3)]) == (minutes(0, 6),)
    assert joined([minutes(0, 9), minutes(2, 3)]) == (minutes(0, 9),)
    assert joined([minutes(5, 6), minutes(0, 3)], apart=1) == (minutes(0, 6),)


def test_a_span_is_cut_where_months_begin() -> None:
    parts = by_month(Span(at("2025-11-30T23:58Z"), at("2026-01-01T00:00Z")))
    assert parts == (
        Span(at("2025-11-30T23:58Z"), at("2025-11-30T23:59Z")),
        Span(at("2025-12-01T00:00Z"), at("2025-12-31T23:59Z")),
        Span(at("2026-01-01T00:00Z"), at("2026-01-01T00:00Z")),
    )


spans = st.builds(lambda first, more: minutes(first, first + more), st.integers(0, 60), st.integers(0, 20))


@given(spans, st.sets(st.integers(0, 80)), st.lists(spans, max_size=4))
def test_missing_is_every_minute_that_is_neither_there_nor_known(
    whole: Span, there: set[int], known: list[Span]
) -> None:
    present = np.array(sorted(there), dtype=np.int64) * MINUTE_MS
    found = missing(whole, present, known)

    def of(span: Span) -> set[int]:
        return set(range(span.first_open_ms // MINUTE_MS, span.last_open_ms // MINUTE_MS + 1))

    assert set().union(*map(of, found)) == of(whole) - there - set().union(*map(of, known))
    assert joined(found) == found


@given(st.lists(spans, max_size=4), spans)
def test_without_keeps_what_lies_outside(many: list[Span], hole: Span) -> None:
    def of(*some: Span) -> set[int]:
        return {minute for span in some for minute in range(span.first_open_ms, span.last_open_ms + 1, MINUTE_MS)}

    assert of(*without(many, hole)) == of(*many) - of(hole)
