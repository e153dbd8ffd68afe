"""What the samples of a soak say: does memory grow, does the database, do files, threads or tasks stay behind?

What is compared are a while after the warm-up and the last while, by their medians: single samples say little, for
garbage is collected when Python sees fit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import median

from attrs import frozen

from mtf_adapters.sql.candle_blocks import PLACES
from mtf_adapters.telemetry.logs import Area
from mtf_core.features.history import BLOCK
from mtf_core.market import DAY_MS, MINUTE_MS, Timeframe
from mtf_core.ports import LEAST_KEPT
from mtf_core.settings.trading import RetentionSettings
from mtf_core.upkeep.cleanup import NEVER
from tests.application.databases import OF_RUNS, Stored
from tests.application.samples import Sample

MOST_GROWTH = 0.05
"""Of memory; of rows and bytes of what a cleanup bounds it is twice as much, for cleanups come once an hour."""
_CLEANUP_MINUTES = 60
_DAY_MINUTES = 1440
_KEPT_PREFIXES = tuple(prefix for prefix, _ in NEVER.values())
_AS_THE_MARKET = ("zone_events", "audit")
"""Tables whose rows are as many as something happens: how many there are says nothing."""
_OF_CANDLES = ("candle_blocks",)
_MOST_PAIRS = 200
_MB = 1 << 20


_LEAST_WIDTH, _MOST_WIDTH = 20.0, 360.0
"""Of a window that is no day, in minutes."""
_CONNECTIONS = 5
"""Of a database in a process, each with a thread: they are opened when they are first needed."""
_POOLED_THREADS = {"sqlite": _CONNECTIONS, "asyncio": min(32, (os.cpu_count() or 1) + 4)}
_POOLED_FILES = {
    # One more is the sampler's, which SQLite closes when nobody in the process holds a lock any more.
    **{f"mtf.db{end}": _CONNECTIONS + 1 for end in ("", "-wal")},
    **{f"{area}.log": 1 for area in Area},
}
"""Files that are opened when they are first needed, and of each how many at most."""


def _beyond(counts: Mapping[str, int], pooled: Mapping[str, int]) -> dict[str, int]:
    """Without those of a pool, as long as it is no larger than it may be."""
    return {name: count for name, count in counts.items() if count > pooled.get(name, 0)}


@frozen
class Finding:
    """One thing that was looked at; `holds` None: the soak was too short to say."""

    what: str
    holds: bool | None
    text: str


@frozen
class Windows:
    """When the process is looked at that is compared: how many minutes, and when each window begins.

    Candles of a session reach back to the beginning of the day, so memory follows the time of the day. Whole days are
    compared where there are two, else the same hours of two days; what is shorter than a day compares its beginning
    with its end, and grows with the day.
    """

    width: float
    first: float
    last: float

    @classmethod
    def of(cls, minutes: float, warm_up: float) -> Windows:
        rest = minutes - warm_up
        if rest >= 2 * _DAY_MINUTES:
            return cls(_DAY_MINUTES, warm_up, minutes - _DAY_MINUTES)
        if rest >= _DAY_MINUTES + _LEAST_WIDTH:
            width = min(_MOST_WIDTH, rest - _DAY_MINUTES)
            return cls(width, minutes - width - _DAY_MINUTES, minutes - width)
        width = min(_MOST_WIDTH, max(_LEAST_WIDTH, rest / 4))
        return cls(width, warm_up, minutes - width)

    def both(self, samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
        """The samples of each."""
        first, last = (
            [one for one in samples if begin <= one.minute <= begin + self.width] for begin in (self.first, self.last)
        )
        return first, last


@frozen
class Span:
    """The windows in which a database is looked at."""

    warm_up: float
    width: float
    last: float

    @classmethod
    def of(cls, minutes: float, warm_up: float) -> Span:
        return cls(warm_up, min(_MOST_WIDTH, max(_LEAST_WIDTH, (minutes - warm_up) / 4)), minutes)

    def first(self, samples: Sequence[Sample], from_minute: float) -> list[Sample]:
        begin = max(self.warm_up, from_minute)
        return [one for one in samples if begin <= one.minute <= begin + self.width]

    def end(self, samples: Sequence[Sample]) -> list[Sample]:
        return [one for one in samples if one.minute >= self.last - self.width]

    def reaches(self, from_minute: float) -> bool:
        """Whether there are two windows, apart from each other, from a minute on."""
        return max(self.warm_up, from_minute) + 2 * self.width <= self.last


@frozen
class Verdict:
    """Everything that was found."""

    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return all(finding.holds is not False for finding in self.findings)

    @property
    def broken(self) -> tuple[str, ...]:
        return tuple(finding.what for finding in self.findings if finding.holds is False)

    def text(self) -> str:
        words = {True: "good", False: "BAD", None: "-"}
        judged = sorted(self.findings, key=lambda one: one.holds is None)
        return "\n".join(f"{words[one.holds]:5} {one.what}: {one.text}" for one in judged)


def judge(samples: Sequence[Sample], retention: RetentionSettings, warm_up_minutes: float = 60) -> Verdict:
    """The verdict on a soak whose cleanup was to keep so much; raises ValueError for one that ended in its warm-up."""
    if not samples or samples[-1].minute < warm_up_minutes + 2 * _LEAST_WIDTH:
        raise ValueError(f"nothing to judge before minute {warm_up_minutes + 2 * _LEAST_WIDTH:.0f}")
    span = Span.of(samples[-1].minute, warm_up_minutes)
    return Verdict(
        (
            _worked(samples),
            _memory(samples, warm_up_minutes),
            _constant("files", samples, warm_up_minutes, lambda one: _beyond(one.files, _POOLED_FILES)),
            _constant("tasks", samples, warm_up_minutes, lambda one: one.tasks),
            _constant("threads", samples, warm_up_minutes, lambda one: _beyond(one.threads, _POOLED_THREADS)),
            *_rows(samples, span, retention),
            *_candles(samples, retention),
            *_bytes(samples, span, retention),
        )
    )


def _worked(samples: Sequence[Sample]) -> Finding:
    """A soak in which nothing happened would find nothing."""
    last = samples[-1]
    done = last.done
    runs, orders = done.get("runs", 0), done.get("order submitted", 0)
    answers = {name: count for name, count in done.items() if name.startswith("answered ")}
    wrong = {name: count for name, count in answers.items() if not name.startswith("answered 2")}
    errors = done.get("symbol ERROR", 0) + done.get("order error", 0)
    holds = runs >= last.minute - 1 and orders > 0 and bool(answers) and not wrong and not errors
    text = f"{runs} runs in {last.minute:.0f} minutes, {orders} orders submitted, {sum(answers.values())} answers"
    return Finding("work", holds, f"{text}, {errors} errors, other answers than 2xx: {wrong or 'none'}")


def _memory(samples: Sequence[Sample], warm_up: float) -> Finding:
    windows = Windows.of(samples[-1].minute, warm_up)
    first, last = (median(one.rss_kb for one in window) / 1024 for window in windows.both(samples))
    growth = last / first - 1
    slope = slope_of([(one.minute / 60, one.rss_kb / 1024) for one in samples if one.minute >= warm_up])
    times = f"{windows.width:.0f} minutes from {windows.first:.0f} and from {windows.last:.0f} on"
    text = f"{first:.1f} MB, {last:.1f} MB at the end: {growth:+.1%}, {slope:+.3f} MB an hour ({times})"
    return Finding("memory", growth < MOST_GROWTH, text)


def slope_of(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs (Theil and Sen), of evenly chosen points where there are many."""
    step = max(1, len(points) // _MOST_PAIRS)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points[::step], 2)]
    return median(slopes) if slopes else 0.0


def _constant(
    what: str, samples: Sequence[Sample], warm_up: float, counts: Callable[[Sample], Mapping[str, int]]
) -> Finding:
    """As many at the end as after the warm-up, or fewer."""
    first, last = Windows.of(samples[-1].minute, warm_up).both(samples)
    before = median(sum(counts(one).values()) for one in first)
    after = median(sum(counts(one).values()) for one in last)
    names = {name for one in (*first, *last) for name in counts(one)}
    grown = {
        name: f"{_median(first, counts, name):g} to {_median(last, counts, name):g}"
        for name in sorted(names)
        if _median(last, counts, name) > _median(first, counts, name)
    }
    return Finding(what, after <= before, f"{before:g} at first, {after:g} at the end{_more(grown)}")


def _more(grown: Mapping[str, str]) -> str:
    return f"; more: {', '.join(f'{name} {how}' for name, how in grown.items())}" if grown else ""


def _median(samples: Sequence[Sample], counts: Callable[[Sample], Mapping[str, int]], name: str) -> float:
    return median(counts(one).get(name, 0) for one in samples)


def _rows(samples: Sequence[Sample], span: Span, retention: RetentionSettings) -> Iterator[Finding]:
    """Runs as many as the retention says; of each other table no more than when its retention was first reached."""
    stored = [one for one in samples if one.stored is not None]
    if not stored:
        return
    most = max(retention.runs_most, LEAST_KEPT) + _CLEANUP_MINUTES + 1
    found = max(_of(one).tables["runs"] for one in stored)
    yield Finding("rows of runs", found <= most, f"{found} at most; the retention and an hour allow {most}")
    known, possible = _of(stored[-1]).tables["series"], _of(stored[-1]).tables["contracts"] * len(Timeframe)
    yield Finding(
        "rows of series", known <= possible, f"{known} at the end; one for each contract and timeframe is fine"
    )
    for table in sorted(_of(stored[-1]).tables):
        if table.startswith(_KEPT_PREFIXES):
            yield Finding(f"rows of {table}", None, f"kept for ever, {_of(stored[-1]).tables[table]} at the end")
        elif table in OF_RUNS and any(_of(one).orphans for one in stored):
            lost = max(_of(one).orphans.get(table, 0) for one in stored)
            yield Finding(
                f"rows of {table}", lost == 0, f"{_of(stored[-1]).tables[table]:,}, of gone runs {lost} at most"
            )
        elif table == "audit":
            yield _audit(stored, retention)
        elif table not in ("runs", "series", *_AS_THE_MARKET, *_OF_CANDLES):
            yield _steady(f"rows of {table}", stored, span, retention, table, lambda one, name: one.tables.get(name, 0))


def _audit(stored: Sequence[Sample], retention: RetentionSettings) -> Finding:
    """No event older than its retention and the hour between two cleanups, but for those that always stay."""
    most = retention.audit_days * _DAY_MINUTES + _CLEANUP_MINUTES + 1
    reach = max((_of(one).audit_minutes or 0 for one in stored if _of(one).tables["audit"] > LEAST_KEPT), default=None)
    text = f"reaches back {reach or 0:.0f} minutes at most; the retention and an hour allow {most}"
    is_told = reach is not None and stored[-1].minute > most
    return Finding("rows of audit", reach <= most if is_told and reach is not None else None, text)


def _steady(
    what: str,
    stored: Sequence[Sample],
    span: Span,
    retention: RetentionSettings,
    table: str,
    measure: Callable[[Stored, str], int],
) -> Finding:
    begin = _settled_minute(table, retention)
    first, last = span.first(stored, begin), span.end(stored)
    if not span.reaches(begin) or not first or not last:
        return Finding(what, None, f"{measure(_of(stored[-1]), table):,} at the end; too short to say")
    before, after = (max(measure(_of(one), table) for one in window) for window in (first, last))
    holds = after <= before * (1 + 2 * MOST_GROWTH) + _least_growth(what)
    return Finding(what, holds, f"{before:,} when its retention was reached, {after:,} at the end")


def _least_growth(what: str) -> int:
    """What counts for nothing: a few rows, a few pages."""
    return 10 if what.startswith("rows") else 256 * 1024


def _settled_minute(table: str, retention: RetentionSettings) -> float:
    """From when on as much goes as comes. What runs leave behind goes when it is a day old."""
    by_age = retention.runs_days * _DAY_MINUTES
    by_count = max(retention.runs_most, LEAST_KEPT) if retention.runs_most else by_age
    if table in (*OF_RUNS, "runs", "keyed_runs"):
        return by_count + _CLEANUP_MINUTES
    if table in ("documents", "locks", "processes", "alerts", "alert_receipts"):
        return by_count + _DAY_MINUTES + _CLEANUP_MINUTES
    return 0


def _candles(samples: Sequence[Sample], retention: RetentionSettings) -> Iterator[Finding]:
    """Each series as long as the retention says, as its warm-up was, or as verifying the kept runs needs, which look
    back to the beginning of their day; candles go by whole blocks.

    A symbol that left the universe keeps what it had. When it comes back, the whole of its window is loaded beside
    that, and what is too much goes with the next cleanup.
    """
    stored = [_of(one) for one in samples if one.stored is not None]
    keep = retention.candles_per_series
    for timeframe in Timeframe if stored and keep else ():
        name = str(timeframe)
        if name in stored[-1].candles:
            hour = -(-_CLEANUP_MINUTES * MINUTE_MS // timeframe.ms)
            verified = (max(retention.runs_most, LEAST_KEPT) + _DAY_MINUTES) * MINUTE_MS // timeframe.ms + BLOCK
            back_again = -(-DAY_MS // timeframe.ms)
            most = max(keep, stored[0].candles.get(name, 0), verified) + back_again + 2 * PLACES + hour
            found = max(one.candles.get(name, 0) for one in stored)
            text = f"{found} at most in a series; the retention allows {most}"
            yield Finding(f"candles of {name}", found <= most, text)


def _bytes(samples: Sequence[Sample], span: Span, retention: RetentionSettings) -> Iterator[Finding]:
    """Of each table that is neither kept for ever nor candles, whose longer timeframes fill up for months."""
    stored = [one for one in samples if one.stored is not None and one.stored.bytes]
    if not stored:
        return
    for table in sorted(_of(stored[-1]).bytes):
        if not table.startswith(_KEPT_PREFIXES) and table not in (*_AS_THE_MARKET, *_OF_CANDLES):
            yield _steady(f"bytes of {table}", stored, span, retention, table, lambda one, name: one.bytes.get(name, 0))
    files = {one.minute: _of(one).file + _of(one).wal for one in stored}
    by_day = {f"{minute / _DAY_MINUTES:.2f} days": f"{size / _MB:.1f} MB" for minute, size in _a_few(files).items()}
    yield Finding("file", None, ", ".join(f"{size} after {day}" for day, size in by_day.items()))


def _a_few(values: Mapping[float, int]) -> dict[float, int]:
    minutes = sorted(values)
    chosen = {minutes[round(place * (len(minutes) - 1) / 6)] for place in range(7)}
    return {minute: values[minute] for minute in sorted(chosen)}


def _of(sample: Sample) -> Stored:
    assert sample.stored is not None
    return sample.stored
