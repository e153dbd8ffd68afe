"""`mtf risk show` and `mtf risk reset`, on a database that outlives each command."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from mtf_adapters.sql import Database, SqlRiskStore
from mtf_core.market import parse_instant, to_ms
from mtf_core.risk import RiskDay, RiskLock, Span
from tests.integration.cli.conftest import Mtf

WORLD = ("--universe-size", "12", "--at", "2026-02-01T13:00Z", "--profile", "regular")
NAMESPACE = "sandbox-seed-1-12"
NOW_MS = to_ms(parse_instant("2026-02-01T13:00Z"))


@pytest.fixture
def store(mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that outlives a command, with its tables."""
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    assert mtf("db", "upgrade").code == 0
    return url


def lose(url: str, amount: int) -> None:
    """The day began with so much more than there is."""
    day_start = Span.DAY.start_of(NOW_MS)
    equity = Decimal(10_000 + amount)

    async def open_day() -> None:
        async with Database.open(url) as database:
            await SqlRiskStore(database, NAMESPACE).open_day(RiskDay(day_start, equity, equity, day_start))

    asyncio.run(open_day())


def test_what_is_left_of_the_day_is_shown_in_words_and_as_json(mtf: Mtf, store: str) -> None:
    lose(store, 12)
    words = mtf("risk", "show", *WORLD).out
    assert "against real entries: nothing" in words
    assert "10012.00" in words
    assert "-12.00" in words
    day = json.loads(mtf("risk", "show", *WORLD, "--json").out)["day"]
    assert (day["result_usdt"], day["limit_usdt"], day["left_usdt"]) == ("-12", "30", "18")


def test_a_lock_is_shown_is_lifted_by_who_confirms_and_stands_in_the_trail(mtf: Mtf, store: str) -> None:
    lose(store, 31)
    shown = json.loads(mtf("risk", "show", *WORLD, "--json").out)
    assert shown["refused_by"] == ["daily_loss_limit_reached"]
    assert [(one["span"], one["loss"], one["holds"]) for one in shown["locks"]] == [("day", "31", True)]
    asked = mtf("risk", "reset", *WORLD, "--reason", "late deposit")
    assert (asked.code, "--confirm does it" in asked.err) == (2, True)
    assert json.loads(mtf("risk", "show", *WORLD, "--json").out)["refused_by"] == ["daily_loss_limit_reached"]
    lifted = mtf("risk", "reset", *WORLD, "--reason", "late deposit", "--confirm").out
    assert lifted == "the lock of regular for the day is lifted; its limit counts on from a loss of 31 USDT\n"
    after = json.loads(mtf("risk", "show", *WORLD, "--json").out)
    assert (after["refused_by"], after["day"]["left_usdt"]) == ([], "30")
    (event,) = json.loads(mtf("audit", *WORLD[:2], "--action", "risk_lock_lifted", "--json").out)["events"]
    assert (event["subject"], event["details"]["reason"], event["details"]["forgiven_usdt"]) == (
        "regular",
        "late deposit",
        "31",
    )


def test_a_lock_needs_a_reason_to_be_lifted(mtf: Mtf, store: str) -> None:
    lose(store, 31)
    mtf("risk", "show", *WORLD)
    assert mtf("risk", "reset", *WORLD, "--confirm").code == 2
    assert mtf("risk", "reset", *WORLD, "--confirm", "--reason", "  ").code == 2
    assert json.loads(mtf("risk", "show", *WORLD, "--json").out)["refused_by"] == ["daily_loss_limit_reached"]


def test_a_streak_and_locks_of_other_profiles_are_told_apart(mtf: Mtf, store: str) -> None:
    streak = RiskLock(0, "regular", Decimal(0), Decimal(4), NOW_MS - 5, Span.STREAK)
    other = RiskLock(Span.DAY.start_of(NOW_MS), "scalper", Decimal(10_000), Decimal(50), NOW_MS - 5)

    async def lock() -> None:
        async with Database.open(store) as database:
            for one in (streak, other):
                await SqlRiskStore(database, NAMESPACE).put_lock(one)

    asyncio.run(lock())
    shown = json.loads(mtf("risk", "show", *WORLD, "--json").out)
    assert shown["refused_by"] == ["consecutive_losses_reached"]
    assert [(one["profile"], one["span"]) for one in shown["locks"]] == [("regular", "streak"), ("scalper", "day")]
    assert mtf("risk", "reset", *WORLD, "--reason", "x", "--confirm").out == (
        "the lock of regular for the streak is lifted\n"
    )
    still = json.loads(mtf("risk", "show", *WORLD, "--json").out)["locks"]
    assert [(one["profile"], one["holds"]) for one in still] == [("regular", False), ("scalper", True)]
