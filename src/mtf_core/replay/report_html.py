"""A report in a notebook: what speaks against it first, then the figures that count."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from mtf_core.market import format_instant
from mtf_core.replay.report_words import headline_rows

if TYPE_CHECKING:
    from mtf_core.replay.report import Report


def report_html(report: Report) -> str:
    """The report as a small table; the page of `mtf replay --out` shows all of it."""
    ledger = report.ledger
    title = f"{ledger.profile}, {format_instant(ledger.first_ms)} to {format_instant(ledger.last_ms)}"
    failed = [f"does not add up: {one.what}" for one in report.checks if not one.holds]
    warned = "".join(f"<li>{escape(text)}</li>" for text in (*failed, *report.honesty.warnings))
    return f"<b>{escape(title)}</b><ul>{warned}</ul>{_table(headline_rows(report))}"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows)
    return f"<table>{cells}</table>"
