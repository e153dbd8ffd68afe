"""What goes wrong is told without what must not show: by a plain line, and by a traceback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.integration.orders.nursery import Nursery
from tests.integration.secrets.place import COMMAND, Place, until
from tests.integration.secrets.planted import in_files, secret
from tests.integration.sql.postgres_server import PostgresServer

NOWHERE = "127.0.0.1:1"
KEY = {
    "MTF_EXCHANGE": "bitmart",
    "BITMART_API_KEY": secret("key", "/"),
    "BITMART_SECRET_KEY": secret("secret", "/"),
    "BITMART_API_MEMO": secret("memo", "/"),
    "BITMART_PUBLIC_API_URL": f"http://{NOWHERE}",
    "BITMART_PRIVATE_API_URL": f"http://{NOWHERE}",
    "BITMART_WS_PUBLIC_URL": f"ws://{NOWHERE}/",
    "BITMART_WS_PRIVATE_URL": f"ws://{NOWHERE}/",
}
OKX_KEY = {
    "MTF_EXCHANGE": "okx",
    "OKX_API_KEY": secret("key", "/"),
    "OKX_SECRET_KEY": secret("secret", "/"),
    "OKX_PASSPHRASE": secret("memo", "/"),
    "OKX_REST_URL": f"http://{NOWHERE}",
    "OKX_WS_PUBLIC_URL": f"ws://{NOWHERE}/",
    "OKX_WS_BUSINESS_URL": f"ws://{NOWHERE}/",
    "OKX_WS_PRIVATE_URL": f"ws://{NOWHERE}/",
}
RUN = ("run", "--symbols", "BTCUSDT", "--universe-size", "5", "--at", "2026-02-02T11:20Z")
ASKS = ("audit",)
TELLS = ("alerts", "test")


def database(sign: str) -> str:
    return f"postgresql://u:{secret('database', sign)}@{NOWHERE}/x"


def redis(sign: str) -> str:
    return f"redis://:{secret('redis', sign)}@{NOWHERE}/0"


def mail(sign: str) -> str:
    return f"smtp://u:{secret('token', sign)}@{NOWHERE}"


MAIL = {"MTF_ALERT_EMAIL_FROM": "mtf@example.org", "MTF_ALERT_EMAIL_TO": "anna@example.org"}
SIGNS = {"slash": "/", "hash": "#", "question mark": "?", "at": "@", "colon": ":", "bracket": "[", "percent": "%zz"}
CASES: dict[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    **{f"a database, password with a {name}": ({"DATABASE_URL": database(sign)}, ASKS) for name, sign in SIGNS.items()},
    "a database that is away": ({"DATABASE_URL": database("%2F")}, ASKS),
    "a database at no port": ({"DATABASE_URL": database("+").replace(":1/", ":port/")}, ASKS),
    "a database of another kind": ({"DATABASE_URL": database("+").replace("postgresql", "mysql")}, ASKS),
    "a database with odd parameters": (
        {"DATABASE_URL": f"postgresql://{NOWHERE}/x?user=u&password={secret('database')}&sslmode=odd"},
        ASKS,
    ),
    "a password in the place of a database": ({"DATABASE_URL": secret("database", "/")}, ASKS),
    "a database on the command line": ({}, (*ASKS, "--database", database("#"))),
    **{f"a Redis, password with a {name}": ({"REDIS_URL": redis(sign)}, RUN) for name, sign in SIGNS.items()},
    "a Redis that is away": ({"REDIS_URL": redis("%2F")}, RUN),
    "a password in the place of a number": ({"REDIS_URL": f"redis://{NOWHERE}/{secret('redis')}"}, RUN),
    "a Redis with odd parameters": ({"REDIS_URL": f"redis://{NOWHERE}/0?password={secret('redis')}&odd=1"}, RUN),
    "a Redis without TLS that is asked for": ({"REDIS_URL": redis("+").replace("redis:", "rediss:")}, RUN),
    "an exchange that is away": (KEY, ("positions",)),
    "a key with a blank": ({**KEY, "BITMART_API_KEY": secret("key", " ")}, ("positions",)),
    "a key with an accent": ({**KEY, "BITMART_API_KEY": secret("key", "é")}, ("positions",)),
    "a key with a bell": ({**KEY, "BITMART_API_KEY": secret("key", "\x07")}, ("positions",)),
    "half a key": ({**KEY, "BITMART_API_MEMO": ""}, ("positions",)),
    "a memo of bytes": ({**KEY, "BITMART_API_MEMO": secret("memo", os.fsdecode(b"\xff"))}, ("positions",)),
    "an address with a password": (
        {**KEY, "BITMART_PRIVATE_API_URL": f"http://u:{secret('wrong', '/')}@{NOWHERE}"},
        ("positions",),
    ),
    "a stream with a password": (
        {**KEY, "BITMART_WS_PRIVATE_URL": f"ws://u:{secret('wrong', '+')}@{NOWHERE}"},
        ("positions",),
    ),
    "OKX that is away": (OKX_KEY, ("positions",)),
    "a check of OKX that is away": (OKX_KEY, ("venues", "check")),
    "a passphrase with a blank": ({**OKX_KEY, "OKX_PASSPHRASE": secret("memo", " ")}, ("positions",)),
    "half a key of OKX": ({**OKX_KEY, "OKX_SECRET_KEY": ""}, ("venues", "check")),
    "a passphrase under a wrong name": ({**OKX_KEY, "OKX_PASSPHRAS": secret("memo")}, ("positions",)),
    "an address of OKX with a password": (
        {**OKX_KEY, "OKX_REST_URL": f"http://u:{secret('wrong', '/')}@{NOWHERE}"},
        ("venues", "check"),
    ),
    "a stream of OKX with a password": (
        {**OKX_KEY, "OKX_WS_BUSINESS_URL": f"ws://u:{secret('wrong', '+')}@{NOWHERE}"},
        ("positions",),
    ),
    "a webhook that is no address": ({"MTF_ALERT_WEBHOOK_URL": secret("token", "/")}, TELLS),
    "a webhook that is away": ({"MTF_ALERT_WEBHOOK_URL": f"http://{NOWHERE}/{secret('token', '/')}"}, TELLS),
    "a webhook at no port": ({"MTF_ALERT_WEBHOOK_URL": f"http://h:{secret('token', '-')}/x"}, TELLS),
    "a bot that is away": (
        {
            "MTF_ALERT_TELEGRAM_TOKEN": secret("token", ":"),
            "MTF_ALERT_TELEGRAM_CHAT": "1",
            "MTF_ALERT_TELEGRAM_URL": f"http://{NOWHERE}",
        },
        TELLS,
    ),
    **{
        f"a mail server, password with a {name}": ({"MTF_ALERT_SMTP_URL": mail(sign), **MAIL}, TELLS)
        for name, sign in SIGNS.items()
    },
    "a mail server at no port": ({"MTF_ALERT_SMTP_URL": mail("+").replace(":1", ":port"), **MAIL}, TELLS),
    "an outside service that is no address": (
        {"MTF_ALERT_WEBHOOK_URL": f"http://{NOWHERE}", "MTF_ALERT_PING_URL": secret("token", "/")},
        ("alerts", "watch", "--universe-size", "3"),
    ),
    "a token under a wrong name": ({"MTF_API_TOKN": secret("token")}, ASKS),
    "a service without an address": ({"MTF_API_TOKEN": secret("token")}, ("serve", "--host", "300.300.1.1")),
    "a folder of logs that cannot be": ({"MTF_API_TOKEN": secret("token"), "MTF_LOG_DIR": "/dev/null/x"}, RUN),
    "all of it at once": (
        {**KEY, "DATABASE_URL": database("%2F"), "REDIS_URL": redis("%2F"), "MTF_API_TOKEN": secret("token")},
        ("health",),
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_no_error_of_what_a_process_is_told_shows_a_secret(name: str, tmp_path: Path, children: Nursery) -> None:
    variables, words = CASES[name]
    place = Place(tmp_path, children, {"DATABASE_URL": "memory", "MTF_LOG_LEVEL": "debug", **variables})
    (code, said), (traced, trace) = await asyncio.gather(place.run(*words), place.run(*words, "--debug"))
    assert (code != 0, traced != 0, "internal error" in said) == (True, True, False), (said, trace)
    assert in_files(tmp_path) == []


async def test_a_bug_whose_error_shows_everything_shows_no_secret(tmp_path: Path, children: Nursery) -> None:
    told = {**KEY, "MTF_EXCHANGE": "sandbox", "DATABASE_URL": "memory", "MTF_API_TOKEN": secret("token", "+/=")}
    place = Place(tmp_path, children, {**told, "MTF_LOG_LEVEL": "debug"})
    for words in (RUN, (*RUN, "--debug")):
        code, said = await place.run(*words, work=f"{COMMAND}:broken")
        assert (code, "RuntimeError: it broke: {" in said) == (1, True), said
    assert "Traceback" in said
    pid, out = place.begin("serve", "--port", "0", *RUN[3:], work=f"{COMMAND}:broken")
    address = await until(
        lambda: "http://" in out.read_text() and out.read_text().partition("on ")[2].partition(",")[0]
    )
    right = {"authorization": f"Bearer {secret('token', '+/=')}"}
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        answer = await client.post("/api/mtf/run", json={}, headers=right)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:mtf:problem:internal")
    assert await place.end(pid) == 0
    assert "RuntimeError: it broke: {" in out.read_text()
    place.said("answer").write_bytes(answer.content)
    assert in_files(tmp_path) == []


@pytest.mark.parametrize("dotenv", ["MTF_API_TOKN={}", "BITMART_SECRET_KEY '{}'", "BITMART_SECRET_KEY='{}", "{}"])
async def test_no_line_of_a_file_that_cannot_be_read_is_shown(dotenv: str, tmp_path: Path, children: Nursery) -> None:
    """The file itself is where secrets belong."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / ".env").write_text(dotenv.format(secret("secret", "/")))
    place = Place(tmp_path / "there", children, {})
    place.folder.mkdir()
    work = f"{COMMAND}:within"
    for words in (ASKS, (*ASKS, "--debug")):
        code, said = await place.run(str(tmp_path / "here"), *words, work=work)
        assert (code != 0, ".env" in said) == (True, True), said
    assert in_files(place.folder) == []


IN_FILES: dict[str, tuple[Mapping[str, str], Mapping[str, str], tuple[str, ...]]] = {
    "of a database that is away": ({"DATABASE_URL": database("%2F")}, {}, ASKS),
    "of a Redis that is away": ({"REDIS_URL": redis("%2F")}, {}, RUN),
    "of an exchange that is away": (
        {name: value for name, value in KEY.items() if name.endswith(("_KEY", "_MEMO"))},
        {name: value for name, value in KEY.items() if not name.endswith(("_KEY", "_MEMO"))},
        ("positions",),
    ),
    "that is set in both ways": ({"MTF_API_TOKEN": secret("token")}, {"MTF_API_TOKEN": secret("token", "/")}, ASKS),
    "of two lines": ({"MTF_API_TOKEN": secret("token", "\n")}, {}, ASKS),
    "of a receiver that is away": ({"MTF_ALERT_WEBHOOK_URL": f"http://{NOWHERE}/{secret('token')}"}, {}, TELLS),
    "beside a setting that is wrong": ({"MTF_API_TOKEN": secret("token")}, {"MTF_LOG_LEVEL": "loud"}, ASKS),
}


@pytest.mark.parametrize("name", IN_FILES)
async def test_no_error_shows_a_secret_that_stands_in_a_file(
    name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, children: Nursery
) -> None:
    """The files themselves lie elsewhere: they are where secrets belong."""
    secrets, variables, words = IN_FILES[name]
    elsewhere, told = tmp_path_factory.mktemp("secrets"), {"DATABASE_URL": "memory", **variables}
    for variable, content in secrets.items():
        (elsewhere / variable).write_text(content)
        told[f"{variable}_FILE"] = str(elsewhere / variable)
    if "DATABASE_URL" in secrets:
        del told["DATABASE_URL"]
    place = Place(tmp_path, children, told)
    (code, said), (traced, trace) = await asyncio.gather(place.run(*words), place.run(*words, "--debug"))
    assert (code != 0, traced != 0, "internal error" in said) == (True, True, False), (said, trace)
    assert in_files(tmp_path) == []


@pytest.mark.parametrize("words", [ASKS, (*ASKS, "--debug"), ("health", "--json")])
async def test_passwords_that_a_server_refuses_are_not_shown(
    words: tuple[str, ...], postgres: PostgresServer, redis_url: str, tmp_path: Path, children: Nursery
) -> None:
    refused = {
        "DATABASE_URL": postgres.url(password=quote(secret("wrong", "/"), safe="")),
        "REDIS_URL": f"{redis_url}?username=nobody&password={quote(secret('wrong', '/'), safe='')}",
    }
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(refused["DATABASE_URL"])
    place = Place(tmp_path, children, {**refused, "MTF_LOG_LEVEL": "debug", "MTF_LOG_DIR": str(tmp_path / "logs")})
    code, said = await place.run(*words)
    assert (code != 0, "password authentication failed" in said) == (True, True), said
    assert in_files(tmp_path) == []
