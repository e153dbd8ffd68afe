"""A run leaves one trace, and nothing that happens to traces happens to the run."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from mtf_adapters.sql import Database
from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.ports import RunStore, StoreUnavailableError
from mtf_core.runs import RunReport, RunRequest, ShardedRuns
from mtf_entrypoints.container import opened
from mtf_entrypoints.observing import ObservedOrchestrator
from mtf_entrypoints.served_sandbox import mtf_command, own_environment
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError
from mtf_entrypoints.tracing import build_traces, transactions_heard
from tests.integration.execution.counter import a_world
from tests.integration.runs.test_placing import floor_on
from tests.integration.runs.test_sharded import Worker, shared
from tests.integration.runs.world import MARKET, NOW_MS, eager, world
from tests.integration.traces.collecting import Collector, Got, collecting

_PATIENT_S = 120
SMALL = Settings(database_url="memory", at_ms=1_769_950_800_000, sandbox=SandboxOptions(universe_size=12), traces=True)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.url)
        yield one


async def a_run(settings: Settings = SMALL, **request: Any) -> RunReport:
    async with opened(settings) as container:
        return await container.orchestrator().run(RunRequest(profile="regular", **request))


def within(child: Got, parent: Got) -> bool:
    return parent.start_ns <= child.start_ns <= child.end_ns <= parent.end_ns


async def test_a_run_is_one_trace_whose_id_is_its_own(collector: Collector) -> None:
    report = await a_run()
    run = collector.one("run")
    assert {span.trace_id for span in collector.spans} == {report.run_id}
    assert run.parent_id == ""
    stages = [span for span in collector.below(run) if span.name.startswith("stage ")]
    assert {span.attributes["mtf.stage"] for span in stages} == set(report.performance.stages)
    assert all(within(span, run) for span in stages)


async def test_the_run_says_what_it_was_and_what_came_of_it(collector: Collector) -> None:
    report = await a_run()
    attributes, summary = collector.one("run").attributes, report.record.summary
    assert attributes["mtf.run.id"] == report.run_id
    assert attributes["mtf.profile"] == "regular"
    assert attributes["mtf.dry_run"] is True
    assert attributes["mtf.symbols"] == summary.processed > 0
    assert attributes["mtf.symbols.ready"] == summary.ready > 0
    assert attributes["mtf.instant"] == "2026-02-01T13:00:00Z"
    keys = {result.decision_key for result in report.results.values() if result.order is not None}
    assert {facts["mtf.decision_key"] for _, facts in collector.one("run").events} == keys
    assert collector.resources[0]["service.name"] == "mtf"


async def test_calls_of_a_kind_are_one_span_of_their_stage_however_many_they_are(collector: Collector) -> None:
    report = await a_run()
    (stage,) = collector.named("stage candles")
    (calls,) = [span for span in collector.below(stage) if span.name == "exchange candles"]
    assert calls.attributes["mtf.calls"] > 5
    assert calls.attributes["mtf.calls.failed"] == 0
    assert within(calls, stage)
    told = [span for span in collector.spans if "mtf.endpoint" in span.attributes]
    counted: dict[str, int] = {}
    for span in told:
        name = span.attributes["mtf.endpoint"]
        counted[name] = counted.get(name, 0) + span.attributes["mtf.calls"]
    assert counted == dict(report.performance.exchange_calls)
    assert len(collector.spans) < 40


async def test_what_the_store_was_written_stands_in_the_stage_that_wrote(collector: Collector) -> None:
    await a_run()
    (stage,) = collector.named("stage store")
    (writes,) = [span for span in collector.below(stage) if span.name == "store write"]
    assert writes.attributes["mtf.calls"] == 1
    assert within(writes, stage)


@frozen
class Full:
    """A store of runs that takes no end of a run."""

    runs: RunStore

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runs, name)

    async def finish(self, *_: object) -> None:
        raise StoreUnavailableError("the disk is full, says hunter2hunter2")


async def test_a_run_that_breaks_off_says_where_and_why_without_secrets(collector: Collector) -> None:
    traces = build_traces(evolve(SMALL, api_token="hunter2hunter2"))
    assert traces is not None
    async with world(eager()) as there:
        stores = evolve(there.stores, runs=Full(there.stores.runs))
        orchestrator = ObservedOrchestrator(evolve(there.environment, stores=stores), Metrics(), traces)
        with pytest.raises(StoreUnavailableError):
            await orchestrator.run(RunRequest())
    traces.close()
    run, stage = collector.one("run"), collector.one("stage store")
    assert run.failed
    assert stage.failed
    assert run.attributes["error.type"] == "StoreUnavailableError"
    assert run.said == "the disk is full, says [secret]"
    assert not collector.one("stage candles").failed


async def test_each_order_that_is_sent_has_a_span_that_bears_its_decision_key(
    collector: Collector, migrated_sqlite_url: str
) -> None:
    traces = build_traces(SMALL)
    assert traces is not None
    async with Database.open(migrated_sqlite_url, heard=transactions_heard(Metrics(), traces)) as database:
        floor = floor_on(database, a_world(MARKET, NOW_MS))
        floor.orchestrator = ObservedOrchestrator(floor.environment, Metrics(), traces)
        report = await floor.run()
    traces.close()
    sent = {result.decision_key for result in report.results.values() if result.order is not None}
    orders = collector.named("order")
    assert {span.attributes["mtf.decision_key"] for span in orders} == sent
    assert len(orders) == len(sent) >= 3
    assert {span.parent_id for span in orders} == {collector.one("stage orders").span_id}
    # Its intent is committed before it leaves, and again with what the exchange answered.
    writes = [span for order in orders for span in collector.below(order) if span.name == "store write"]
    assert len(writes) == len(orders)
    assert all(span.attributes["mtf.calls"] >= 2 for span in writes)


async def test_a_run_that_several_share_is_one_trace_of_their_parts(collector: Collector) -> None:
    traces = build_traces(SMALL)
    assert traces is not None
    async with world(eager()) as there:
        worker = Worker(ShardedRuns(ObservedOrchestrator(there.environment, Metrics(), traces)))
        report = await shared([worker], per_shard=3)
    traces.close()
    assert len({span.trace_id for span in collector.spans}) == 1
    assert {span.attributes["mtf.run.id"] for span in collector.spans if not span.parent_id} == {report.run_id}
    assert len(collector.named("run shard")) > 1
    for shard in collector.named("run shard"):
        assert {"stage candles", "stage decisions"} <= {span.name for span in collector.below(shard)}
    assert "stage account" in {span.name for span in collector.below(collector.one("run open"))}
    assert collector.one("run close").attributes["mtf.profile"] == report.profile
    assert collector.named("run") == []


async def test_runs_side_by_side_do_not_mix(collector: Collector) -> None:
    async with opened(SMALL) as container:
        runs = [container.orchestrator().run(RunRequest(profile=name)) for name in ("regular", "scalper")]
        reports = await asyncio.gather(*runs)
    for report in reports:
        own = [span for span in collector.spans if span.trace_id == report.run_id]
        assert {span.attributes["mtf.stage"] for span in own if "mtf.stage" in span.attributes} == set(
            report.performance.stages
        )
        calls = sum(span.attributes["mtf.calls"] for span in own if "mtf.endpoint" in span.attributes)
        assert calls == sum(report.performance.exchange_calls.values())


async def test_a_collector_that_is_not_there_costs_the_run_nothing_and_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://key-of-mine@127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with caplog.at_level(logging.WARNING):
        report = await a_run()
    assert report.record.summary.processed > 0
    said = [record.getMessage() for record in caplog.records if "traces" in record.getMessage()]
    assert said == ["traces cannot be sent to http://127.0.0.1:9: they are lost until it answers; runs go on"]
    assert "key-of-mine" not in caplog.text


async def test_a_collector_that_hangs_holds_up_neither_the_run_nor_the_end(collector: Collector) -> None:
    collector.answers.clear()
    report = await a_run()
    assert report.record.summary.processed > 0
    assert not collector.answers.is_set()
    assert collector.spans == []


def test_without_the_setting_nothing_of_opentelemetry_is_imported() -> None:
    code = (
        "import sys\n"
        "from mtf_entrypoints.container import Container\n"
        "from mtf_entrypoints.settings import Settings\n"
        "container = Container(settings=Settings(database_url='memory'))\n"
        "container.orchestrator()\n"
        "assert container.traces() is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_the_extra_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mtf_adapters.telemetry.traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for name in [name for name in sys.modules if name.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SettingsError, match=r'pip install "mtf-orchestrator\[traces\]"'):
        build_traces(SMALL)


@pytest.mark.parametrize("url", ["127.0.0.1:4318", "ftp://collector", "http://", "http://h:port"])
def test_an_address_to_which_nothing_can_be_sent_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    with pytest.raises(SettingsError, match="like http://127"):
        build_traces(SMALL)


def test_an_empty_address_is_that_of_a_collector_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    traces = build_traces(SMALL)
    assert traces is not None
    traces.close()


def test_another_protocol_than_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(SettingsError, match="http/protobuf"):
        build_traces(SMALL)


def test_a_single_run_of_the_command_line_sends_its_trace_before_it_ends(collector: Collector, tmp_path: Path) -> None:
    environment = {
        **own_environment(),
        "MTF_TRACES": "yes",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_SERVICE_NAME": "my-mtf",
        "XDG_DATA_HOME": str(tmp_path),
    }
    words = mtf_command("run", "--universe-size", "5", "--database", "memory", "--json")
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=_PATIENT_S, check=True
    )
    assert collector.one("run").trace_id in done.stdout
    assert collector.resources[0]["service.name"] == "my-mtf"
    assert done.stderr == ""


def test_transactions_are_heard_by_metrics_alone_where_nobody_traces() -> None:
    metrics = Metrics()
    assert transactions_heard(metrics, None) == metrics.transaction
