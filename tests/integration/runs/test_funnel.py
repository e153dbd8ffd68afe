"""Where symbols fall out: stages partition them, and over many runs counts add up."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import Connection, update

from mtf_adapters.sql import Database
from mtf_adapters.sql.schema import documents, runs
from mtf_adapters.sql.transactions import changing
from mtf_core.inquiry import Funnel, funnel
from mtf_core.inquiry.funnel import stages_of
from mtf_core.market import Timeframe
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.reasons import Reason, Stage, stage_of
from mtf_core.runs import RunReport, RunRequest
from tests.integration.runs.world import NOW_MS, World, eager, reasons, world, world_on
from tests.unit.files.shipped import NAMES, shipped

EAGER = eager()
DOWN = ExchangeUnavailableError("down")


async def of(there: World, run_id: str | None = None, since_ms: int | None = None) -> Funnel:
    found = await funnel(there.stores, run_id, since_ms)
    assert found is not None
    return found


def assert_partition(found: Funnel, reports: list[RunReport]) -> None:
    """Each symbol of each run is stopped at one stage, or passes them all."""
    finals = [reason for report in reports for reason in reasons(report).values()]
    finals += [str(skip.reason) for report in reports for skip in report.left_out.values()]
    assert [stage.stage for stage in found.stages] == list(Stage)
    assert found.stages[0].reached == len(finals)
    for stage, following in zip(found.stages, found.stages[1:], strict=False):
        assert stage.passed == following.reached
    assert found.stages[-1].passed == sum(reason is None for reason in finals)
    stopped = Counter({str(reason): count for stage in found.stages for reason, count in stage.stopped.items()})
    assert stopped == Counter(reason for reason in finals if reason)
    for stage in found.stages:
        assert all(stage_of(reason) is stage.stage for reason in stage.stopped)


async def eventful(there: World) -> list[RunReport]:
    """Three runs in which symbols stop for many reasons."""
    symbols = tuple(contract.symbol for contract in await there.exchange.contracts())
    there.exchange.faults["candles:BTCUSDT"] = DOWN
    there.hold("ETHUSDT")
    await there.switch_off("SOLUSDT")
    reports = []
    for _ in range(3):
        reports.append(await there.run(RunRequest(symbols=symbols)))
        there.later(minutes=1)
    return reports


@pytest.mark.parametrize("name", NAMES)
async def test_stages_partition_the_symbols_and_counts_of_many_runs_add_up(name: str) -> None:
    async with world(shipped(name)) as there:
        reports = await eventful(there)
        whole = await of(there, since_ms=NOW_MS)
        assert (whole.runs, whole.unread) == (3, 0)
        assert (whole.first_instant_ms, whole.last_instant_ms) == (NOW_MS, NOW_MS + 120_000)
        assert_partition(whole, reports)
        single = [await of(there, report.run_id) for report in reports]
        for one, report in zip(single, reports, strict=True):
            assert_partition(one, [report])
        totals: dict[object, Counter[str]] = {}
        for part in single:
            for row in part.conditions:
                counts = {"blocks": row.blocks, "decides": row.decides, "admits": row.admits}
                totals.setdefault(row.key, Counter()).update(counts)
        assert {row.key: (row.blocks, row.decides, row.admits) for row in whole.conditions} == {
            key: (counts["blocks"], counts["decides"], counts["admits"]) for key, counts in totals.items()
        }
        assert whole.most_blocking is not None
        assert whole.most_blocking.admits == max(row.admits for row in whole.conditions)


def test_stages_of_all_reasons_are_a_partition() -> None:
    stages = stages_of({**dict.fromkeys(Reason, 1), None: 2})
    assert stages[0].reached == len(Reason) + 2
    assert stages[-1].passed == 2
    assert sum(sum(stage.stopped.values()) for stage in stages) == len(Reason)


async def test_the_newest_finished_run_is_shown_while_another_works_and_after_one_failed() -> None:
    async with world(EAGER) as there:
        assert await funnel(there.stores) is None
        first = await there.run()
        there.later(minutes=1)
        there.exchange.faults["account_state"] = ValueError("a bug")  # type: ignore[assignment]
        with pytest.raises(ValueError, match="a bug"):
            await there.run()
        (failed,) = (await there.stores.runs.history(1)).items
        assert failed.run_id != first.run_id
        assert await funnel(there.stores, failed.run_id) is None, "it has nothing to show"
        del there.exchange.faults["account_state"]
        there.later(minutes=1)
        there.watched.pause = 0.01
        working = asyncio.create_task(there.run())
        while len((await there.stores.runs.history(9)).items) < 3:
            await asyncio.sleep(0)
        assert_partition(await of(there), [first])
        assert (await of(there, since_ms=0)).runs == 1
        await working


async def test_one_funnel_is_about_one_profile() -> None:
    async with Database.open("memory") as database:
        profiles = {name: shipped(name) for name in ("scalper", "crash")}
        there = world_on(database, lambda name: profiles[name or "scalper"])
        for name in ("scalper", "crash", "crash"):
            await there.run(RunRequest(profile=name))
            there.later(minutes=1)
        newest = await of(there, since_ms=0)
        assert (newest.profile, newest.runs) == ("crash", 2)
        other = await funnel(there.stores, None, 0, "scalper")
        assert other is not None
        assert (other.profile, other.runs) == ("scalper", 1)
        assert await funnel(there.stores, None, 0, "regular") is None
        assert await funnel(there.stores, None, NOW_MS + 999_999) is None


async def test_more_runs_than_fit_on_a_page_are_all_counted() -> None:
    async with world(EAGER) as there:
        reports = []
        for _ in range(23):
            reports.append(await there.run(RunRequest(symbols=("BTCUSDT",))))
            there.later(seconds=1)
        assert_partition(await of(there, since_ms=0), reports)
        assert (await of(there, since_ms=NOW_MS + 3000)).runs == 20
        heard: list[tuple[str, int, int]] = []
        await funnel(there.stores, None, 0, None, lambda *said: heard.append(said))
        assert heard[-1] == ("runs", 23, 23)


async def test_runs_of_an_unreadable_configuration_count_for_the_stages_alone() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        report = await there.run()

        def work(connection: Connection) -> None:
            where = documents.c.digest == EAGER.digest
            connection.execute(update(documents).where(where).values(content={"profile": "alive"}))

        await database.write(work)
        assert (await of(there)).unread == 0, "its conditions were counted when it was stored"
        await database.write(changing(update(runs).values(counts=None)))
        found = await of(there)
        assert (found.unread, found.conditions) == (1, ())
        assert_partition(found, [report])
        assert found.to_json()["most_blocking"] is None


async def test_a_run_that_let_one_timeframe_enter_admits_symbols_on_that_one_alone() -> None:
    async with world(EAGER) as there:
        await there.run(RunRequest(current_tf=Timeframe.M1))
        found = await of(there)
        assert {row.key.timeframe for row in found.conditions if row.admits} <= {
            Timeframe.M1,
            Timeframe.H1,
            Timeframe.M15,
        }


async def test_the_document_and_the_notebook_show_stages_and_conditions() -> None:
    async with world(shipped("scalper")) as there:
        await there.run()
        found = await of(there)
        document = found.to_json()
        assert [stage["stage"] for stage in document["stages"]] == [str(stage) for stage in Stage]
        assert document["conditions"][0].keys() == {"timeframe", "tree", "condition", "blocks", "decides", "admits"}
        assert document["most_admitting"] is None or document["most_admitting"]["admits"] > 0
        assert "<td>" in found._repr_html_()
        assert str(document["stages"][0]["reached"]) in found._repr_html_()
