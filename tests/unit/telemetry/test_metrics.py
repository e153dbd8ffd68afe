"""What a process counts of its runs, and of what it waits for."""

from __future__ import annotations

import pytest

from mtf_adapters.limits import Bucket, BucketTable, Scope
from mtf_adapters.limits.local import LocalBudget
from mtf_adapters.sql import Database
from mtf_adapters.telemetry.catalogue import ALL
from mtf_adapters.telemetry.metrics import Metrics
from mtf_adapters.telemetry.news import StreamMetrics, WatchMetrics
from mtf_core.ports import Priority, StoreUnavailableError
from mtf_core.records import ReportRecord
from mtf_core.upkeep.streaming import StreamChange, StreamMinute, StreamState
from mtf_core.watching import Troubled
from mtf_entrypoints.temporal.measures import WorkerMetrics
from tests.integration.runs.world import eager, world
from tests.unit.telemetry.exposition import Series, families, series, value

TABLE = BucketTable({"kline": Bucket("kline", 2, 50, Scope.IP)}, "SANDBOX")


async def report() -> ReportRecord:
    async with world(eager(trade_entry__risk__max_concurrent_positions=2)) as there:  # so that some are refused
        return (await there.run()).record


async def everything() -> Metrics:
    """The metrics of a process that did all that a process can do."""
    metrics, done = Metrics(), await report()
    metrics.ran(done)
    metrics.transaction("read", "done", 0.002)
    metrics.transaction("write", "failed", 0.1)
    budget = LocalBudget(TABLE)
    metrics.watch_limits("sandbox", budget)
    async with budget.permit("kline", Priority.MARKET):
        pass
    WorkerMetrics(metrics).ran("scalper", True, 1.0)
    stream = StreamMetrics(metrics, "sandbox")
    stream.hear(StreamMinute(0, 3, 1, 1, 1, 1500))
    stream.hear(StreamChange(StreamState.CALLS, "gone"))
    WatchMetrics(metrics).hear(Troubled("webhook", "no answer"))
    return metrics


async def test_a_run_is_counted_with_its_stages_reasons_orders_and_calls() -> None:
    metrics, done = Metrics(), await report()
    metrics.ran(done)
    metrics.ran(done)
    metrics.did_not_run("alive", "locked")
    text, profile = metrics.text().decode(), done.profile
    assert value(text, "mtf_runs_total", profile=profile, status="completed") == 2
    assert value(text, "mtf_runs_total", profile="alive", status="locked") == 1
    assert value(text, "mtf_run_stage_seconds_count", profile=profile, stage="candles") == 2
    assert value(text, "mtf_symbols", profile=profile, status="READY") == done.summary.ready > 0
    assert value(text, "mtf_decisions_total", profile=profile, status="READY") == 2 * done.summary.ready
    placed = done.orders_placed
    assert placed is not None
    assert value(text, "mtf_orders_total", profile=profile, status="simulated") == 2 * placed.simulated
    calls = done.performance.exchange_calls["candles"]
    assert value(text, "mtf_exchange_calls_total", exchange="sandbox", endpoint="candles") == 2 * calls
    assert value(text, "mtf_last_run_timestamp_seconds", profile=profile) == done.finished_at_ms / 1000


async def test_no_symbol_is_a_label() -> None:
    metrics, done = Metrics(), await report()
    metrics.ran(done)
    text = metrics.text().decode()
    assert "mtf_run_seconds_bucket" in text
    assert not [symbol for symbol in done.results or {} if symbol in text]


async def test_a_process_tells_what_the_catalogue_says_and_nothing_else() -> None:
    text = (await everything()).text().decode()
    own = [metric for metric in ALL if metric.teller.name != "STORE" and metric.name != "mtf_store_up"]
    assert families(text) == {metric.name: metric.kind.value for metric in own}
    assert series(text) == {Series(name, tuple(sorted(one.labels))) for one in own for name in one.series}


async def test_the_use_of_a_rate_limit_is_told_as_it_is_when_it_is_asked_for() -> None:
    metrics, budget = Metrics(), LocalBudget(TABLE)
    metrics.watch_limits("sandbox", budget)
    its = {"exchange": "sandbox", "bucket": "kline"}
    assert value(metrics.text().decode(), "mtf_rate_limit_slots", **its) is None  # nobody has called
    for _ in range(3):
        async with budget.permit("kline", Priority.MARKET):
            pass
    text = metrics.text().decode()
    assert value(text, "mtf_rate_limit_calls_total", **its) == 3
    assert value(text, "mtf_rate_limit_slots", **its) == 2
    assert value(text, "mtf_rate_limit_slots_used", **its) == 1  # the third waited for the first two to be free
    assert value(text, "mtf_rate_limit_window_seconds", **its) == 0.05
    assert (value(text, "mtf_rate_limit_wait_seconds_total", **its) or 0) > 0.04


async def test_transactions_are_counted_by_what_became_of_them() -> None:
    metrics = Metrics()
    async with Database.open("memory", heard=metrics.transaction) as database:
        await database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
        with pytest.raises(StoreUnavailableError):
            await database.write(lambda _: _fail(StoreUnavailableError("the rows say no")))
        with pytest.raises(Exception, match="nosuch"):
            await database.write(lambda connection: connection.exec_driver_sql("SELECT * FROM nosuch"))
    text = metrics.text().decode()
    assert value(text, "mtf_store_transaction_seconds_count", kind="read") == 1
    assert value(text, "mtf_store_transaction_seconds_count", kind="write") == 1  # the database had carried it out
    assert value(text, "mtf_store_failures_total", kind="write", outcome="failed") == 1


def _fail(error: Exception) -> None:
    raise error
