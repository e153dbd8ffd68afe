"""Trades as CSV: every digit, instants in UTC, nothing where a value is not known."""

from __future__ import annotations

import csv
import io

from mtf_adapters.reports.trade_columns import COLUMNS, trade_rows
from mtf_core.replay.ledger import Ledger


def trades_csv(ledger: Ledger) -> bytes:
    """UTF-8; the same ledger gives the same bytes."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(trade_rows(ledger))
    return buffer.getvalue().encode()
