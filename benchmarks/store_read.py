"""How long a cold process takes to read 300 symbols × 5 timeframes × 661 candles, against the plainest driver code.

Every figure is a new process, from the start of the interpreter to the last array: imports, connecting, reading. The
floor is the bare driver and numpy: the stored bytes into one array. Best of three rounds, in which store and floor take
turns. PostgreSQL runs in a temporary folder, from a wheel of the test dependencies.

    python benchmarks/store_read.py
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SYMBOLS, CANDLES, ROUNDS = 300, 661, 3
NAMESPACE = "sandbox-seed-1-300"
TIMEFRAMES = ("1m", "5m", "15m", "1h", "4h")
LIMIT_S: Mapping[str, float] = {"SQLite": 1.5, "PostgreSQL": 1.5}

_STORE = f"""
import asyncio, sys
from mtf_adapters.sql import Database, SqlCandleStore
from mtf_core.market import Timeframe

async def main(url):
    async with Database.open(url) as database:
        await database.check()
        store, count = SqlCandleStore(database, "{NAMESPACE}"), 0
        symbols = [f"S{{number:03d}}USDT" for number in range({SYMBOLS})]
        for name in {TIMEFRAMES}:
            found = await store.read(symbols, Timeframe.parse(name), 0, 2**53)
            count += sum(map(len, found.values()))
        print(count)

asyncio.run(main(sys.argv[1]))
"""

_QUERY = "SELECT b.content FROM candle_blocks b JOIN series s ON s.id = b.series_id WHERE s.timeframe = '{timeframe}'"
_QUERY += " ORDER BY b.series_id, b.number"
_ARRAY = 'np.frombuffer(b"".join(content for content, in rows), dtype=np.dtype([("place", "u1"), ("rest", "5<f8")]))'

_SQLITE_FLOOR = f"""
import sqlite3, sys
import numpy as np
connection, count = sqlite3.connect(sys.argv[1].removeprefix("sqlite:///")), 0
for timeframe in {TIMEFRAMES}:
    rows = connection.execute("{_QUERY}".format(timeframe=timeframe)).fetchall()
    count += len({_ARRAY}["rest"].T.copy().T)
print(count)
"""

_POSTGRES_FLOOR = f"""
import sys
import numpy as np
import psycopg
count = 0
with psycopg.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    for timeframe in {TIMEFRAMES}:
        rows = cursor.execute("{_QUERY}".format(timeframe=timeframe)).fetchall()
        count += len({_ARRAY}["rest"].T.copy().T)
print(count)
"""


def main() -> None:
    """Prints, for each database, seconds and the ratio to the floor."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))  # for the server that the tests bring along
    from tests.integration.sql.postgres_server import postgres_server  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        _measure("SQLite", f"sqlite:///{folder}/mtf.db", _SQLITE_FLOOR)
    with postgres_server() as server:
        _measure("PostgreSQL", server.url(), _POSTGRES_FLOOR)


def _measure(kind: str, url: str, floor: str) -> None:
    asyncio.run(_fill(url))
    rounds = [(_seconds(_STORE, [url]), _seconds(floor, [url])) for _ in range(ROUNDS)]
    store_s, floor_s = (min(column) for column in zip(*rounds, strict=True))
    verdict = "within" if store_s <= LIMIT_S[kind] else "ABOVE"
    candles = SYMBOLS * len(TIMEFRAMES) * CANDLES
    print(
        f"{kind}: {candles:,} candles in {store_s:.2f} s cold ({verdict} the {LIMIT_S[kind]:.1f} s allowed);"
        f" floor {floor_s:.2f} s, ratio {store_s / floor_s:.2f}"
    )


def _seconds(program: str, arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    read, due = int(done.stdout), SYMBOLS * len(TIMEFRAMES) * CANDLES
    if read != due:
        raise RuntimeError(f"read {read} candles instead of {due}")
    return seconds


async def _fill(url: str) -> None:
    """A database with its tables and random candles."""
    import numpy as np  # noqa: PLC0415

    from mtf_adapters.sql import Database, SqlCandleStore  # noqa: PLC0415
    from mtf_core.market import Candles, Timeframe  # noqa: PLC0415

    random = np.random.default_rng(7)
    async with Database.open(url) as database:
        await database.upgrade()
        for name in TIMEFRAMES:
            timeframe = Timeframe.parse(name)
            opens = 1_600_000_000_000 // timeframe.ms * timeframe.ms + np.arange(CANDLES) * timeframe.ms
            series = {
                (f"S{number:03d}USDT", timeframe): Candles.trusted(timeframe, opens, *random.random((5, CANDLES)))
                for number in range(SYMBOLS)
            }
            await SqlCandleStore(database, NAMESPACE).write(series)


if __name__ == "__main__":
    main()
