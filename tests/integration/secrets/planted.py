"""Secrets that nobody could write by chance, and the search for them in whatever somebody may read.

Each secret has parts around signs that addresses, JSON, shells and YAML write in ways of their own. Whoever shows a
part shows too much: a message that a port is no number repeats half of a password. The parts are letters and digits,
which look the same quoted in any of these ways; how they look in hexadecimal and in base64, alone or within a longer
text, is searched for as well.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psycopg
from attrs import frozen
from psycopg import sql
from redis import Redis

PARTS: Mapping[str, tuple[str, str]] = {
    "key": ("Kx7plantedKEY", "ofBITMART4tr"),
    "secret": ("Sx7plantedSECRET", "ofBITMART9wd"),
    "memo": ("Mx7plantedMEMO", "ofBITMART2zu"),
    "token": ("Tx7plantedTOKEN", "ofTHEservice8"),
    "database": ("Dx7plantedPASSWORD", "ofPOSTGRES5k"),
    "redis": ("Rx7plantedPASSWORD", "ofREDISacl6j"),
    "wrong": ("Wx7plantedGUESS", "ofANYBODY3vq"),
}
_SHORTEST = 9
"""What is left of a part in base64 must not be there by chance."""


def secret(name: str, between: str = "+") -> str:
    """A whole secret, its parts with some sign between."""
    return between.join(PARTS[name])


@frozen
class Found:
    """A secret where it must not be."""

    name: str
    form: str
    where: str


def _base64_cores(part: bytes) -> Iterator[bytes]:
    """What base64 makes of the part wherever it stands in a longer text, without what its neighbours decide."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + part)
        first = -(-before * 8 // 6)
        last = (before + len(part)) * 8 // 6
        yield written[first:last]


def _forms() -> Iterator[tuple[str, str, bytes]]:
    for name, parts in PARTS.items():
        for part in map(str.encode, parts):
            yield name, "plain", part
            yield name, "two bytes a letter", part.decode().encode("utf-16-le")
            yield name, "hexadecimal", part.hex().encode()
            yield name, "hexadecimal in capitals", part.hex().upper().encode()
            for core in _base64_cores(part):
                assert len(core) >= _SHORTEST
                yield name, "base64", core
                yield name, "base64 of addresses", core.translate(bytes.maketrans(b"+/", b"-_"))


FORMS = tuple(dict.fromkeys(_forms()))


def in_bytes(content: bytes, where: str) -> list[Found]:
    """Every secret, in any form, within these bytes."""
    return [Found(name, form, where) for name, form, written in FORMS if written in content]


def in_files(folder: Path) -> list[Found]:
    """Within every file of the folder, by its name and its content."""
    found = []
    for path in sorted(folder.rglob("*")):
        found += in_bytes(str(path.relative_to(folder)).encode(), f"name of {path}")
        if path.is_file():
            found += in_bytes(path.read_bytes(), str(path))
    return found


def _cells(rows: Iterable[Iterable[object]], table: str) -> list[Found]:
    found = []
    for row in rows:
        for cell in row:
            if cell is not None:
                content = bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
                found += in_bytes(content, f"table {table}")
    return found


def in_sqlite(path: Path) -> list[Found]:
    """Within every cell of a database file; its bytes are those of a file (`in_files`), pages of its log included."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert tables
        return [one for table in tables for one in _cells(connection.execute(f'SELECT * FROM "{table}"'), table)]


def in_postgres(url: str) -> list[Found]:
    """Within every cell of a database's own tables."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert rows
        found = []
        for (table,) in rows:
            cells = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            found += _cells(cells, table)
        return found


def in_redis(client: Redis) -> list[Found]:
    """Within every key, and what each holds."""
    found = []
    for key in client.scan_iter("*"):
        content = client.dump(key)
        found += in_bytes(bytes(key), "a key of Redis") + in_bytes(bytes(content or b""), f"Redis: {key!r}")
    return found
