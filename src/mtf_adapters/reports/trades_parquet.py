"""Trades as Parquet, with types: instants, exact decimals, numbers. Needs pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from types import ModuleType
from typing import Any

from mtf_adapters.reports.trade_columns import COLUMNS, Kind, trade_rows
from mtf_core.market import parse_instant
from mtf_core.replay.ledger import Ledger

DIGITS, BEHIND_THE_POINT = 38, 18
"""Of exact columns, the same in every file, so that files can be put together; the CSV has what is beyond."""
_STEP = Decimal(1).scaleb(-BEHIND_THE_POINT)
_EXACT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)


class ParquetNotInstalledError(RuntimeError):
    """pyarrow is not there; the message says how to get it."""


def trades_parquet(ledger: Ledger) -> bytes:
    """The same ledger gives the same bytes, by the same pyarrow; raises `ParquetNotInstalledError`."""
    arrow, parquet = _pyarrow()
    rows = list(trade_rows(ledger))
    columns = [
        arrow.array([None if row[place] is None else _VALUES[kind](row[place]) for row in rows], _type(arrow, kind))
        for place, kind in enumerate(COLUMNS.values())
    ]
    buffer = io.BytesIO()
    parquet.write_table(arrow.table(columns, names=list(COLUMNS)), buffer, compression="zstd")
    return buffer.getvalue()


_VALUES: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: str,
    Kind.INSTANT: parse_instant,
    Kind.EXACT: lambda text: Decimal(text).quantize(_STEP, context=_EXACT),
    Kind.NUMBER: float,
}


def _type(arrow: ModuleType, kind: Kind) -> Any:
    return {
        Kind.TEXT: arrow.string(),
        Kind.INSTANT: arrow.timestamp("ms", tz="UTC"),
        Kind.EXACT: arrow.decimal128(DIGITS, BEHIND_THE_POINT),
        Kind.NUMBER: arrow.float64(),
    }[kind]


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow  # noqa: PLC0415  # an optional extra: only those who write Parquet need it
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise ParquetNotInstalledError(
            "writing Parquet needs pyarrow; install the extra: pip install 'mtf-orchestrator[parquet]'"
        ) from None
    return pyarrow, pyarrow.parquet
