"""Candles move from a row each into blocks of bytes, 240 places of a series in each."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PLACES = 240
STEP_MS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}
COLUMNS = ("open", "high", "low", "close", "volume")
CANDLE = np.dtype([("place", "u1"), *((name, "<f8") for name in COLUMNS)])


def upgrade() -> None:
    blocks = op.create_table(
        "candle_blocks",
        sa.Column("series_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("first_place", sa.Integer, nullable=False),
        sa.Column("last_place", sa.Integer, nullable=False),
        sa.Column("candles", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "number", name="pk_candle_blocks"),
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # Floats hardly become smaller, and trying costs time at every write.
        op.execute("ALTER TABLE candle_blocks ALTER COLUMN content SET STORAGE EXTERNAL")
    of_series = sa.text(f"SELECT open_ms, {', '.join(COLUMNS)} FROM candles WHERE series_id = :id ORDER BY open_ms")
    for id_, timeframe in connection.execute(sa.text("SELECT id, timeframe FROM series ORDER BY id")).all():
        rows = connection.execute(of_series, {"id": id_}).all()
        if rows:
            op.bulk_insert(blocks, list(_packed(id_, STEP_MS[timeframe], rows)))
    op.drop_table("candles")


def _packed(id_: int, step_ms: int, rows: Sequence[sa.Row[Any]]) -> Iterator[dict[str, object]]:
    table = np.array([tuple(row) for row in rows], dtype=[("open_ms", "i8"), *((name, "f8") for name in COLUMNS)])
    numbers, places = np.divmod(table["open_ms"] // step_ms, PLACES)
    packed = np.empty(len(table), dtype=CANDLE)
    packed["place"] = places
    for name in COLUMNS:
        packed[name] = table[name]
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1)).tolist()
    for start, stop in pairwise([*starts, len(table)]):
        yield {
            "series_id": id_,
            "number": int(numbers[start]),
            "first_place": int(places[start]),
            "last_place": int(places[stop - 1]),
            "candles": stop - start,
            "content": packed[start:stop].tobytes(),
        }
