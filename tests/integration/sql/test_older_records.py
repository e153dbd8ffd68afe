"""A database as the first version left it, with a run in it: upgraded, and every question about the run answered.

`stored/schema_0001.db.xz` was written by the code before sizes and settings got their present names: one run of the
profile `regular` over three symbols of the generated market (seed 1), at 2026-03-01T01:00Z.
"""

from __future__ import annotations

import lzma
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest_asyncio

from mtf_adapters.sql import Database, SqlContractStore
from mtf_core.inquiry import Finding, funnel, verify_run, why
from mtf_core.market import ContractStatus, Timeframe
from mtf_core.ports import Stores
from mtf_core.reasons import Stage
from mtf_entrypoints.stores import build_stores

STORED = Path(__file__).parent / "stored" / "schema_0001.db.xz"
NAMESPACE = "sandbox-seed-1-60"


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    file = tmp_path / "old.db"
    file.write_bytes(lzma.decompress(STORED.read_bytes()))
    async with Database.open(f"sqlite:///{file}") as database:
        await database.upgrade()
        await database.check()
        assert len(await SqlContractStore(database, NAMESPACE).all()) == 3
        yield build_stores(database, NAMESPACE)


async def test_decisions_read_back_with_what_they_were_made_from(stores: Stores) -> None:
    (run,) = await stores.runs.latest()
    planned = await stores.runs.decision(run.run_id, "BCHUSDT")
    assert planned is not None
    assert planned.unreadable is planned.reason is None
    assert planned.inputs is not None
    assert planned.inputs.plan is not None
    assert planned.inputs.plan.book.best_bid == Decimal("492.30")
    contract = planned.inputs.plan.contract
    assert (contract.min_size, contract.max_market_size) == (1, 745_800), "was min_volume, market_max_volume"
    assert contract.status is ContractStatus.TRADING
    assert planned.inputs.candles[Timeframe.H4].count == 682
    assert planned.trace is not None
    assert (planned.trace.key, planned.trace.execution_timeframe) == (planned.decision_key, Timeframe.M5)
    whole = await stores.runs.run(run.run_id)
    assert whole is not None
    assert whole.report is not None
    assert whole.report["results"].keys() == {"ADAUSDT", "BCHUSDT", "BTCUSDT"}  # type: ignore[union-attr]


async def test_why_and_funnel_answer(stores: Stores) -> None:
    told = await why(stores.runs, "ADAUSDT")
    assert told is not None
    assert told.trace is not None
    assert "macd_line_cross" in told.render()
    counted = await funnel(stores)
    assert counted is not None
    assert counted.unread == 1, "its trees have other parameters than those of today"
    stopped = {stage.stage: dict(stage.stopped) for stage in counted.stages if stage.stopped}
    assert stopped == {
        Stage.SELECTION: {"no_timeframe_selected": 1},
        Stage.PLAN: {"skipped_out_of_zone": 1},
    }


async def test_verify_reads_the_candles_and_the_renamed_settings_and_names_what_differs_today(stores: Stores) -> None:
    (run,) = await stores.runs.latest()
    found = await verify_run(stores, run.run_id)
    assert found is not None
    assert (found.decisions, found.plans) == (3, 2), "candles, configuration and facts were all read"
    unexpected = {Finding.RECORD_UNREADABLE, Finding.CONFIGURATION_REFUSED, Finding.CANDLES_CHANGED}
    assert not {one.finding for one in found.differences} & unexpected
    assert not [one for one in found.differences if one.what.startswith(("summary", "rejected_by", "result.status"))]
