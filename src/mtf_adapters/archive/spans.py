"""Spans of minutes: what of them is missing, what lies together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.market import MINUTE_MS, from_ms, to_ms


@frozen(order=True)
class Span:
    """Minutes from one open time to another, both included."""

    first_open_ms: int
    last_open_ms: int

    @property
    def minutes(self) -> int:
        return (self.last_open_ms - self.first_open_ms) // MINUTE_MS + 1


def joined(spans: Iterable[Span], apart: int = 0) -> tuple[Span, ...]:
    """The same minutes in as few spans as can be, in order; those with at most `apart` minutes between are one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first_open_ms <= found[-1].last_open_ms + (apart + 1) * MINUTE_MS:
            found[-1] = Span(found[-1].first_open_ms, max(found[-1].last_open_ms, span.last_open_ms))
        else:
            found.append(span)
    return tuple(found)


def without(spans: Iterable[Span], hole: Span) -> tuple[Span, ...]:
    """The same spans as far as they lie outside of another one."""
    parts = []
    for span in spans:
        before = Span(span.first_open_ms, min(span.last_open_ms, hole.first_open_ms - MINUTE_MS))
        after = Span(max(span.first_open_ms, hole.last_open_ms + MINUTE_MS), span.last_open_ms)
        parts += [part for part in (before, after) if part.minutes > 0]
    return tuple(parts)


def missing(span: Span, present_ms: NDArray[np.int64], known: Sequence[Span]) -> tuple[Span, ...]:
    """What of a span is neither among these open times (sorted) nor within the known spans."""
    absent = np.ones(span.minutes, dtype=np.bool_)
    inside = present_ms[(present_ms >= span.first_open_ms) & (present_ms <= span.last_open_ms)]
    absent[(inside - span.first_open_ms) // MINUTE_MS] = False
    for one in known:
        start = max(0, (one.first_open_ms - span.first_open_ms) // MINUTE_MS)
        stop = min(span.minutes, (one.last_open_ms - span.first_open_ms) // MINUTE_MS + 1)
        absent[start : max(start, stop)] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], absent, [False]]).astype(np.int8)))
    return tuple(
        Span(span.first_open_ms + int(start) * MINUTE_MS, span.first_open_ms + (int(stop) - 1) * MINUTE_MS)
        for start, stop in edges.reshape(-1, 2)
    )


def by_month(span: Span) -> tuple[Span, ...]:
    """A span cut where calendar months (UTC) begin, oldest first."""
    parts = []
    first = span.first_open_ms
    while first <= span.last_open_ms:
        moment = from_ms(first)
        following = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
        last = min(span.last_open_ms, to_ms(following) - MINUTE_MS)
        parts.append(Span(first, last))
        first = last + MINUTE_MS
    return tuple(parts)
