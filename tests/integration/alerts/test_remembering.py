"""What is not read again at each look is seen all the same when it changes."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field

from mtf_adapters.sql import Database, SqlContractStore, SqlRunStore
from mtf_core.market import ContractStatus
from mtf_core.records import RunStatus
from mtf_core.watching.remembered import Remembered
from tests.integration.runs.world import NOW_MS
from tests.integration.sql.examples import contract, run

PROFILE = "scalper"


@define(eq=False)
class Asked:
    """A store, and what it was asked for."""

    store: Any
    calls: list[str] = field(factory=list)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)

        def call(*given: Any, **named: Any) -> Any:
            self.calls.append(f"{name} {' '.join(str(one) for one in given)}".strip())
            return method(*given, **named)

        return call


async def test_runs_are_read_again_when_one_begins_or_ends_and_only_then() -> None:
    async with Database.open("memory") as database:
        store = SqlRunStore(database, "here")
        asked, remembered = Asked(store), Remembered()
        first, second = run("r1", NOW_MS, profile=PROFILE), run("r2", NOW_MS + 60_000, profile=PROFILE)
        assert await remembered.runs(asked, PROFILE) == ()
        await store.start(first, {"sha-1": {}})
        (seen,) = await remembered.runs(asked, PROFILE)
        assert seen.finished_ms is None
        await store.finish(evolve(first, status=RunStatus.FAILED, finished_ms=NOW_MS + 5), [])
        (seen,) = await remembered.runs(asked, PROFILE)
        assert seen.finished_ms == NOW_MS + 5
        asked.calls.clear()
        assert await remembered.runs(asked, PROFILE) == (seen,)
        assert asked.calls == ["history 1"]
        await store.start(second, {"sha-1": {}})
        assert [one.run_id for one in await remembered.runs(asked, PROFILE)] == ["r2", "r1"]


async def test_contracts_are_read_again_when_they_were_synchronised_and_only_then() -> None:
    async with Database.open("memory") as database:
        store = SqlContractStore(database, "here")
        asked, remembered = Asked(store), Remembered()
        assert await remembered.statuses(asked) == {}
        await store.replace_all([contract("BTCUSDT")], NOW_MS)
        assert await remembered.statuses(asked) == {"BTCUSDT": ContractStatus.TRADING}
        asked.calls.clear()
        assert await remembered.statuses(asked) == {"BTCUSDT": ContractStatus.TRADING}
        assert asked.calls == ["synced_ms"]
        await store.replace_all([contract("BTCUSDT", status=ContractStatus.DELISTED)], NOW_MS + 1)
        assert await remembered.statuses(asked) == {"BTCUSDT": ContractStatus.DELISTED}
