"""The search finds what is there: what the other tests here do not find is not there."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from redis import Redis

from tests.integration.secrets.planted import PARTS, Found, in_bytes, in_files, in_postgres, in_redis, in_sqlite, secret

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in an address": lambda text: quote(text, safe="").encode(),
    "in JSON": lambda text: json.dumps({"key": text}).encode(),
    "as Python shows it": lambda text: repr(text).encode(),
    "in hexadecimal": lambda text: text.encode().hex().encode(),
    "in hexadecimal capitals": lambda text: text.encode().hex().upper().encode(),
    "in base64": lambda text: base64.b64encode(text.encode()),
    "in base64 behind a name": lambda text: base64.b64encode(f"user:{text}!".encode()),
    "in base64 behind another one": lambda text: base64.b64encode(f"trader:{text}".encode()),
    "in base64 of addresses": lambda text: base64.urlsafe_b64encode(f"x{text}".encode()),
    "in two bytes a letter": lambda text: text.encode("utf-16"),
}


def names(found: list[Found]) -> set[str]:
    return {one.name for one in found}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("sign", ["/", "\\"])
def test_a_secret_is_found_however_it_is_written(name: str, sign: str, written: Callable[[str], bytes]) -> None:
    assert names(in_bytes(b"before " + written(secret(name, sign)) + b" behind", "here")) == {name}


@pytest.mark.parametrize("name", PARTS)
def test_half_of_a_secret_is_found_too(name: str) -> None:
    for part in PARTS[name]:
        assert names(in_bytes(f"port could not be read as '{part}'".encode(), "here")) == {name}


def test_what_holds_none_is_clean(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("the key is not known; see BITMART_API_KEY, BITMART_SECRET_KEY and BITMART_API_MEMO")
    assert in_files(tmp_path) == []


def test_in_files_content_and_names_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "journal").write_bytes(b"\0\1" + secret("memo").encode())
    (tmp_path / f"{PARTS['token'][0]}.mark").touch()
    assert names(in_files(tmp_path)) == {"memo", "token"}


def test_in_an_sqlite_file_texts_bytes_and_the_log_beside_it_are_searched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mtf.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE things (text TEXT, bytes BLOB)")
        database.execute("INSERT INTO things VALUES (?, ?)", (secret("key"), secret("secret").encode()))
        assert names(in_sqlite(tmp_path / "mtf.db")) == {"key", "secret"}
        assert names(in_files(tmp_path)) == {"key", "secret"}


def test_in_postgresql_texts_bytes_and_documents_are_searched(migrated_postgres_url: str) -> None:
    with psycopg.connect(migrated_postgres_url) as database:
        database.execute("CREATE TABLE things (text TEXT, bytes BYTEA, document JSONB)")
        row = (secret("key"), secret("secret").encode(), json.dumps({"a": [secret("memo")]}))
        database.execute("INSERT INTO things VALUES (%s, %s, %s)", row)
    try:
        assert names(in_postgres(migrated_postgres_url)) == {"key", "secret", "memo"}
    finally:
        with psycopg.connect(migrated_postgres_url) as database:
            database.execute("DROP TABLE things")


def test_in_redis_keys_and_values_are_searched(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.flushall()
        client.hset("budget", mapping={"who": secret("redis")})
        client.set(secret("token"), 1)
        try:
            assert names(in_redis(client)) == {"redis", "token"}
        finally:
            client.flushall()
