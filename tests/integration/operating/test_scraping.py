"""What Prometheus is told: the store as it is now, or that it does not answer, and never what it said before."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from attrs import define, evolve, field

from mtf_adapters.telemetry.catalogue import ALL, Teller
from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.orders import Alarm, AlarmKind, EntryState, Intent, PositionState
from mtf_core.ports import StoreUnavailableError
from mtf_core.records import AlertRecord, ProcessKind, ProcessState, RunningProcess
from mtf_core.risk import EquityMark, Heartbeat, RiskDay, Span, Standing
from mtf_entrypoints.container import opened
from mtf_entrypoints.exposing import exposed, place_of
from mtf_entrypoints.http.listening import ListenError, Listening
from mtf_entrypoints.scraping import Scrape
from mtf_entrypoints.settings import SandboxOptions, Settings
from tests.integration.cli.test_stream import started
from tests.integration.runs.world import NOW_MS, World, eager, world
from tests.unit.orders.intents import an_intent
from tests.unit.telemetry.exposition import Series, families, series, value

_PATIENT_S = 90


def held(state: PositionState, **progress: object) -> Intent:
    intent = an_intent(entry=EntryState.DONE, position=state)
    return evolve(intent, progress=evolve(intent.progress, held=Decimal(7), **progress))


@define(eq=False)
class Orders:
    """A store of orders as a supervisor left it; it fails, or does not answer, when it is told so."""

    intents: tuple[Intent, ...] = ()
    fails: bool = False
    answers: asyncio.Event = field(factory=asyncio.Event)
    asked: int = 0

    async def live(self) -> tuple[Intent, ...]:
        self.asked += 1
        await self.answers.wait()
        if self.fails:
            raise StoreUnavailableError("gone")
        return self.intents

    async def heartbeat(self) -> Heartbeat | None:
        return Heartbeat("supervisor-1", NOW_MS - 500, NOW_MS - 2000)

    async def standing(self) -> Standing:
        return Standing()

    async def alarms(self) -> tuple[Any, ...]:
        return ()


def answering(*intents: Intent) -> Orders:
    orders = Orders(intents)
    orders.answers.set()
    return orders


@asynccontextmanager
async def scraped(orders: Orders, patient_s: float = 60.0) -> AsyncIterator[Scrape]:
    async with asyncio.timeout(_PATIENT_S), world(eager()) as there:
        environment = evolve(there.environment, stores=evolve(there.stores, orders=orders))
        yield Scrape(environment, Metrics(), patient_s)


async def text_of(scrape: Scrape) -> str:
    return (await scrape.text()).decode()


async def test_positions_are_told_with_the_age_of_their_protection_and_how_many_lack_it() -> None:
    bare = evolve(
        held(PositionState.UNPROTECTED, unprotected_since_ms=NOW_MS - 9000),
        wanted=evolve(an_intent().wanted, symbol="ETHUSDT"),
    )
    resting = evolve(an_intent(entry=EntryState.RESTING), wanted=evolve(an_intent().wanted, symbol="XRPUSDT"))
    async with scraped(answering(held(PositionState.PROTECTED), bare, resting)) as scrape:
        text = await text_of(scrape)
    assert value(text, "mtf_position_protection_age_seconds", symbol="BTCUSDT", side="long") == 2
    assert value(text, "mtf_position_protection_age_seconds", symbol="ETHUSDT", side="long") == 9
    assert value(text, "mtf_position_contracts", symbol="BTCUSDT", side="long") == 7
    assert value(text, "mtf_positions_without_confirmed_stop") == 1
    assert value(text, "mtf_positions", state="protected") == 1
    assert value(text, "mtf_positions", state="closing") == 0
    assert value(text, "mtf_live_entries", state="resting") == 1
    assert value(text, "mtf_account_read_age_seconds") == 2
    assert value(text, "mtf_account_condition", condition="normal") == 1
    assert "XRPUSDT" not in text


async def set_the_scene(there: World, profile: str) -> None:
    """Something of everything that is told of money and processes."""
    stores, day_ms = there.stores, Span.DAY.start_of(NOW_MS)
    await stores.risk.open_day(RiskDay(day_ms, Decimal(1000), Decimal(1000), day_ms))
    await stores.risk.put_mark(EquityMark(NOW_MS, Decimal(930), Decimal(0)))
    await stores.processes.beat(RunningProcess(ProcessKind.STREAM, "s", "here", 1, "0"), ProcessState.STREAMING)
    await stores.orders.raise_alarms([Alarm(AlarmKind.STALE, "BTCUSDT", "stale", NOW_MS)], NOW_MS)
    await stores.alerts.write([AlertRecord("run_late", profile, "late", NOW_MS)], [])


async def test_money_alarms_alerts_and_processes_are_read_from_the_store() -> None:
    async with asyncio.timeout(_PATIENT_S), world(eager()) as there:
        name = there.environment.profiles(None).name
        profile = eager(
            trading__profiles={name: {"enabled": True, "priority": 1}},
            trade_entry__risk__daily_max_loss_usdt=100,
            trade_entry__risk__daily_max_loss_percent=0,
        )
        await set_the_scene(there, name)
        text = await text_of(Scrape(evolve(there.environment, profiles=lambda _: profile), Metrics(), 60.0))
    assert value(text, "mtf_store_up") == 1
    assert value(text, "mtf_equity_usdt", account="live") == 930, "what nobody said counts as money"
    assert value(text, "mtf_loss_usdt", profile=name, span="day") == 70
    assert value(text, "mtf_loss_limit_usdt", profile=name, span="day") == 100
    assert value(text, "mtf_alarms", kind="stale") == 1
    assert value(text, "mtf_alerts", alert="run_late") == 1
    assert value(text, "mtf_alerts", alert="supervisor_missing") == 0
    assert value(text, "mtf_processes", kind="stream", vitality="alive") == 1
    assert value(text, "mtf_heartbeat_age_seconds", kind="stream") is not None
    assert value(text, "mtf_heartbeat_age_seconds", kind="serve") is None
    assert value(text, "mtf_stream_silent_seconds", exchange="sandbox") == 0


async def test_everything_that_the_catalogue_says_of_the_store_is_told_and_nothing_else() -> None:
    async with scraped(answering(held(PositionState.PROTECTED))) as scrape:
        text = await text_of(scrape)
    of_store = {metric.name: metric for metric in ALL if metric.teller is Teller.STORE}
    told = {name: kind for name, kind in families(text).items() if name in of_store or name == "mtf_store_up"}
    assert told == dict.fromkeys((*of_store, "mtf_store_up"), "gauge")
    known = {Series(name, tuple(sorted(metric.labels))) for metric in ALL for name in metric.series}
    assert series(text) <= known


async def test_a_store_that_fails_is_told_as_one_that_does_not_answer_and_nothing_of_before_is_told() -> None:
    orders = answering(held(PositionState.PROTECTED))
    async with scraped(orders) as scrape:
        before = await text_of(scrape)
        orders.fails = True
        after = await text_of(scrape)
        orders.fails = False
        again = await text_of(scrape)
    assert [value(text, "mtf_store_up") for text in (before, after, again)] == [1, 0, 1]
    assert "mtf_position" in before
    assert "mtf_position" not in after
    assert "mtf_store_read_seconds" not in after
    assert "mtf_build_info" in after  # what the process knows of itself goes on


async def test_a_store_that_hangs_is_asked_once_however_often_prometheus_asks() -> None:
    orders = Orders((held(PositionState.PROTECTED),))
    async with scraped(orders, patient_s=0.05) as scrape:
        texts = [await text_of(scrape) for _ in range(3)]
        assert [value(text, "mtf_store_up") for text in texts] == [0, 0, 0]
        assert orders.asked == 1
        orders.answers.set()
        scrape.patient_s = 60.0
        assert value(await text_of(scrape), "mtf_store_up") == 1
        assert orders.asked == 2  # what the hanging question answered in the end was old


async def test_a_postgresql_that_stands_still_is_told_as_such_and_waited_for_by_one_connection(
    migrated_postgres_url: str,
) -> None:
    settings = Settings(database_url=migrated_postgres_url, sandbox=SandboxOptions(universe_size=5))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(_PATIENT_S), opened(settings) as container:
        scrape = container.scrape()
        scrape.patient_s = 60.0
        assert value(await text_of(scrape), "mtf_store_up") == 1
        with psycopg.connect(migrated_postgres_url) as other, psycopg.connect(migrated_postgres_url) as looking:
            other.execute("LOCK TABLE processes IN ACCESS EXCLUSIVE MODE")
            scrape.patient_s = 0.2
            texts = [await text_of(scrape) for _ in range(4)]
            assert [value(text, "mtf_store_up") for text in texts] == [0, 0, 0, 0]
            assert looking.execute(waiting).fetchone() == (1,)
            other.rollback()
        scrape.patient_s = 60.0
        assert value(await text_of(scrape), "mtf_store_up") == 1


async def test_only_the_path_of_metrics_is_answered_and_only_to_this_machine_s_names() -> None:
    said: list[str] = []
    async with scraped(answering()) as scrape, exposed(scrape, Listening(port=0), None, said.append):
        url = said[0].removeprefix("metrics for Prometheus at ")
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.get(url)
            assert (answer.status_code, answer.headers["content-type"]) == (
                200,
                "text/plain; version=0.0.4; charset=utf-8",
            )
            assert value(answer.text, "mtf_store_up") == 1
            assert (await client.get(url.replace("/metrics", "/"))).status_code == 404
            assert (await client.post(url)).status_code == 405
            assert (await client.get(url, headers={"host": "rebound.example"})).status_code == 421


async def test_a_store_that_hangs_holds_up_no_end() -> None:
    orders, said = Orders(), list[str]()
    async with scraped(orders, patient_s=0.05) as scrape:
        async with exposed(scrape, Listening(port=0), None, said.append), httpx.AsyncClient(timeout=60) as client:
            answer = await client.get(said[0].removeprefix("metrics for Prometheus at "))
            assert value(answer.text, "mtf_store_up") == 0
        assert scrape._reading is not None
        assert scrape._reading.cancelled()


async def test_a_token_guards_the_metrics_whatever_name_they_are_asked_by() -> None:
    said: list[str] = []
    async with scraped(answering()) as scrape, exposed(scrape, Listening(port=0), "secret", said.append):
        url = said[0].removeprefix("metrics for Prometheus at ")
        async with httpx.AsyncClient(timeout=60) as client:
            assert (await client.get(url)).status_code == 401
            assert (await client.get(url, headers={"authorization": "Bearer other"})).status_code == 401
            right = {"authorization": "Bearer secret", "host": "supervise:9108"}
            assert (await client.get(url, headers=right)).status_code == 200


async def test_beyond_this_machine_nothing_is_told_without_a_token() -> None:
    async with scraped(answering()) as scrape:
        with pytest.raises(ListenError, match="MTF_API_TOKEN"):
            async with exposed(scrape, Listening("0.0.0.0", 0), None, lambda _: None):
                pass


@pytest.mark.parametrize(
    ("text", "place"),
    [("9108", ("127.0.0.1", 9108)), ("0.0.0.0:1", ("0.0.0.0", 1)), ("[::1]:9108", ("::1", 9108))],
)
def test_a_place_is_a_port_or_a_host_with_one(text: str, place: tuple[str, int]) -> None:
    found = place_of("--metrics", text)
    assert (found.host, found.port) == place


@pytest.mark.parametrize("text", ["", "x", "localhost", "70000", "a:b", "::1", "1.2.3.4:"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ListenError, match="allowed: a port"):
        place_of("--metrics", text)


SMALL = ("--universe-size", "5", "--metrics", "0")


@pytest.mark.parametrize(
    ("words", "tells"),
    [
        (("stream", *SMALL), "mtf_stream_interruptions_total"),
        (("run", "--every", "1h", *SMALL), "mtf_store_transaction_seconds_count"),
    ],
)
def test_a_process_that_stays_is_asked_where_it_says(words: tuple[str, ...], tells: str, tmp_path: Path) -> None:
    process = started(tmp_path, *words)
    try:
        text = httpx.get(place_said_by(process), timeout=60).text
        assert value(text, "mtf_store_up") == 1
        assert tells in text
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENT_S)
    assert process.returncode == 0


def place_said_by(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    until = time.monotonic() + _PATIENT_S
    while time.monotonic() < until:
        before, found, url = process.stderr.readline().partition("metrics for Prometheus at ")
        if found:
            return url.strip()
        assert before or process.poll() is None
    raise AssertionError("it said nowhere where it may be asked")


@pytest.mark.parametrize("words", [("run",), ("supervise", "--once")])
def test_a_process_that_does_not_stay_has_nothing_to_be_asked(words: tuple[str, ...], tmp_path: Path) -> None:
    process = started(tmp_path, *words, "--metrics", "0")
    _, said = process.communicate(timeout=_PATIENT_S)
    assert process.returncode == 2
    assert "--metrics" in said
