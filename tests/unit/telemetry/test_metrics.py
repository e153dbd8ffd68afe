"""What a process counts of its runs."""

from __future__ import annotations

from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.records import ReportRecord
from tests.integration.runs.world import eager, world


async def report() -> ReportRecord:
    async with world(eager()) as there:
        return (await there.run()).record


async def test_a_run_is_counted_with_its_stages_reasons_orders_and_calls() -> None:
    metrics, done = Metrics(), await report()
    metrics.ran(done)
    metrics.ran(done)
    metrics.did_not_run("alive", "locked")

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"mtf_{name}", labels)

    profile = done.profile
    assert value("runs_total", profile=profile, status="completed") == 2
    assert value("runs_total", profile="alive", status="locked") == 1
    assert value("run_stage_seconds_count", profile=profile, stage="candles") == 2
    assert value("symbols", profile=profile, status="READY") == done.summary.ready > 0
    assert value("orders_total", profile=profile, status="simulated") == 2 * done.orders_placed.simulated
    assert (
        value("exchange_calls_total", exchange="sandbox", endpoint="candles")
        == 2 * done.performance.exchange_calls["candles"]
    )
    assert value("last_run_timestamp_seconds", profile=profile) == done.finished_at_ms / 1000


async def test_no_symbol_is_a_label() -> None:
    metrics, done = Metrics(), await report()
    metrics.ran(done)
    text = metrics.text().decode()
    assert "mtf_run_seconds_bucket" in text
    assert not [symbol for symbol in done.results or {} if symbol in text]
