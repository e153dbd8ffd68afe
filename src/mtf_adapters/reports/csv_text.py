"""Tables as CSV, written in one way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def csv_bytes(columns: Iterable[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8, a header and the rows; None is nothing."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().encode()
