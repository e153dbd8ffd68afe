"""Guards on money hold whoever asks at the same time: tasks, connections, processes."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.sql import Database, SqlOrderStore
from mtf_core.market import Side
from mtf_core.orders import Intent
from mtf_core.planning import Skip
from mtf_core.risk import Books, GuardFacts, Losses, ProposedEntry, Reservation, guard_of
from mtf_core.upkeep import kill
from tests.integration.runs.world import eager, world_on
from tests.integration.sql.orders_shop import draft, planned, store_on
from tests.unit.orders.intents import ACCOUNT, terms
from tests.unit.risk.facts import ENTRY, NOW_MS, facts, result, usdt

ROUNDS = int(os.environ.get("ORDER_ROUNDS", "25")) // 5
LOOP = """
import asyncio, json, sys, time
from tests.integration.risk.test_at_once import entering
asyncio.run(entering(*sys.argv[1:]))
"""


def an_entry(number: int, notional: int, loss: int, side: Side = Side.LONG) -> ProposedEntry:
    return evolve(
        ENTRY,
        symbol=f"S{number}USDT",
        decision_key=f"k{number}",
        side=side,
        notional=Decimal(notional),
        loss_at_stop=Decimal(loss),
    )


async def enter(store: SqlOrderStore, entry: ProposedEntry, known: GuardFacts) -> Skip | Intent:
    """Guards and intent in one transaction, as a real entry passes them."""
    reserved = terms(notional_usdt=entry.notional, loss_at_stop_usdt=entry.loss_at_stop)
    make = draft(entry.decision_key, entry.symbol, terms=reserved)
    return await store.reserve("scalper_micro", entry.decision_key, NOW_MS, guard_of(entry, known), make, planned)


def without_supervisor(known: GuardFacts) -> GuardFacts:
    """Nobody supervises in these tests; the guard that asks for it has tests of its own."""
    return evolve(known, live=None)


async def test_whatever_the_order_limits_are_never_passed_and_always_used(database_url: str) -> None:
    """Entries of different sizes race over two sets of connections; what was let in fits, what was refused did not."""
    drawn = random.Random(8)
    risk = evolve(usdt(max_notional_usdt=500, daily_max_loss_usdt=40), max_concurrent_positions=4)
    known = without_supervisor(facts(risk=risk, losses=Losses(result(realised=-10))))
    async with Database.open(database_url) as one, Database.open(database_url) as two:
        for number in range(ROUNDS):
            stores = [store_on(database, f"world-{number}") for database in (one, two)]
            for store in stores:
                await store.bind(ACCOUNT)
            entries = [an_entry(at, drawn.randint(50, 250), drawn.randint(1, 15)) for at in range(12)]
            outcomes = await asyncio.gather(*(enter(drawn.choice(stores), entry, known) for entry in entries))
            live = [Reservation.of(intent) for intent in await stores[0].live()]
            assert sum(each.notional for each in live) <= 500
            assert 10 + sum(each.loss_at_stop for each in live) <= 40
            assert 1 <= len(live) <= 4
            for entry, outcome in zip(entries, outcomes, strict=True):
                if isinstance(outcome, Skip):
                    after = evolve(known, reservations=tuple(live))
                    assert guard_of(entry, after)(await books_of(stores[0])) is not None, "it would not fit now either"


async def books_of(store: SqlOrderStore) -> Books:
    """What the store shows a guard; nothing is stored."""
    seen: list[Books] = []

    def look(books: Books) -> Skip:
        seen.append(books)
        raise _SeenError

    with pytest.raises(_SeenError):
        await store.reserve("scalper_micro", "never", NOW_MS, look, draft("never"), planned)
    return seen[0]


class _SeenError(Exception):
    pass


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def entering(url: str, name: str) -> None:
    """A process that enters one symbol after the other, and says when each was asked for and what came of it."""
    async with Database.open(url) as database:
        store, known = store_on(database, guarded_by="test"), without_supervisor(facts())
        say("ready")
        for number in range(100_000):
            asked = time.time_ns()
            entry = evolve(an_entry(number, 10, 1), symbol=f"{name}{number}USDT", decision_key=f"{name}{number}")
            outcome = await enter(store, entry, known)
            said = str(outcome.reason) if isinstance(outcome, Skip) else "entered"
            say(json.dumps([asked, time.time_ns(), said]))
            await asyncio.sleep(0.01)


async def test_the_kill_switch_ends_the_entries_of_every_process_at_once(
    database_url: str, pytestconfig: pytest.Config
) -> None:
    """Two processes enter as fast as they can; after the switch is thrown nobody of them enters anything more."""
    async with Database.open(database_url) as database:
        await store_on(database, guarded_by="test").bind(ACCOUNT)
        there = world_on(database, eager())
        processes = [started(pytestconfig.rootpath, database_url, name) for name in ("A", "B")]
        try:
            for process in processes:
                assert process.stdout is not None
                assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
            await asyncio.sleep(0.7)
            await kill(there.environment, "anna", "odd prices")
            killed = time.time_ns()
            await asyncio.sleep(0.7)
        finally:
            for process in processes:
                process.kill()
        told = [(await asyncio.to_thread(process.communicate))[0] for process in processes]
    for lines in told:
        seen = [json.loads(line) for line in lines.splitlines() if line.endswith("]")]
        before = [said for _, answered, said in seen if answered < killed]
        after = [(asked, said) for asked, _, said in seen if asked > killed]
        assert "entered" in before
        assert {said for _, said in after} == {"kill_switch_on"}
        assert len(after) > 5
        late = [answered - killed for asked, answered, said in seen if said == "entered" and answered > killed]
        assert all(ns < 1_000_000_000 for ns in late), "what was on its way ends within the second"


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOOP, *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
