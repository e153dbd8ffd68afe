"""Trades as CSV: every digit, instants in UTC, nothing where a value is not known."""

from __future__ import annotations

from mtf_adapters.reports.csv_text import csv_bytes
from mtf_adapters.reports.trade_columns import COLUMNS, trade_rows
from mtf_core.replay.ledger import Ledger


def trades_csv(ledger: Ledger) -> bytes:
    """UTF-8; the same ledger gives the same bytes."""
    return csv_bytes(COLUMNS, trade_rows(ledger))
