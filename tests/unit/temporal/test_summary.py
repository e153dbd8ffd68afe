"""The summary of a run: one screen, however large the run."""

from __future__ import annotations

import json

import pytest

from mtf_entrypoints.temporal.summary import summary_of
from tests.unit.temporal.reports import STARTED_MS, report

NOMINAL_MS = STARTED_MS - 3_100


@pytest.mark.parametrize(
    ("ready", "errors", "reasons"), [(0, 0, 0), (1, 0, 1), (300, 0, 30), (0, 300, 0), (300, 300, 30)]
)
def test_it_has_no_more_than_fifteen_lines_and_two_kilobytes(ready: int, errors: int, reasons: int) -> None:
    summary = summary_of(report(ready, errors, reasons), NOMINAL_MS)
    assert len(summary.text.splitlines()) <= 15
    assert len(summary.text.encode()) < 2048
    assert len(json.dumps(summary.to_json())) < 8192


def test_it_says_what_the_run_was_and_how_late_it_started() -> None:
    summary = summary_of(report(2), NOMINAL_MS)
    head, symbols, *rest = summary.text.splitlines()
    assert head == "run 3bdc1af3 regular · dry run · minute 02:40Z, started 3.1 s after it · 15.4 s"
    assert symbols == "symbols   2 requested, 2 processed, 2 READY (100.0 %), 0 INVALID, 0 skipped, 0 errors"
    assert rest[-1] == "slowest   candles 9.2 s, decisions 1.7 s, universe 1.6 s"
    assert rest[-2] == "calls     candles 1350, book 38 · waited for limits 0.0 s"
    assert (summary.lateness_s, summary.counts["ready"], summary.nominal) == (3.1, 2, "2026-02-02T02:40:00Z")


def test_a_live_run_says_so() -> None:
    assert " · LIVE · " in summary_of(report(dry_run=False), NOMINAL_MS).text


def test_what_is_empty_has_no_line_and_what_is_cut_says_how_much() -> None:
    small, large = summary_of(report(), NOMINAL_MS), summary_of(report(300, 300, 30), NOMINAL_MS)
    assert not any(line.startswith(("READY", "errors", "stopped", "orders")) for line in small.text.splitlines())
    assert large.ready_by_tf["5m"][-1].startswith("+")
    assert large.errors[-1].startswith("+29")
    assert "+24" in large.text
