"""A run that is asked of the real service while answers get lost: it runs once, or not at all, and that is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from secrets import token_hex

import httpx
import pytest

from mtf_core.ports import no_progress
from mtf_entrypoints.temporal.answers import Absent, Finished, InProgress, Refused, Unavailable, Unknown
from mtf_entrypoints.temporal.asking_over_http import AskingOverHttp
from mtf_entrypoints.temporal.settling import Job, JobFailedError, Ran, Settling, Skipped
from tests.integration.http.server import serving
from tests.integration.temporal.faulty import Fault, Faulty, faulty

ONE_SYMBOL = {"symbols": ["BTCUSDT"], "profile": "regular"}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with serving() as url:
        yield url


async def nothing(_: float) -> None:
    """Pauses take no time here."""
    await asyncio.sleep(0)


async def outcome(url: str, document: dict[str, object], key: str = "") -> Ran | Skipped | str:
    now_ms = round(time.time() * 1000)
    job = Job(document, key or token_hex(8), now_ms, 600.0)
    try:
        return await Settling(AskingOverHttp(url), job, lambda: now_ms, nothing, no_progress).outcome(is_first=True)
    except JobFailedError as failed:
        return failed.code


def runs(service: str) -> int:
    """How many runs are stored."""
    return len(httpx.get(f"{service}/mtf/status", params={"limit": 100}, timeout=60).json()["runs"])


async def met(service: str, *faults: Fault) -> tuple[Ran | Skipped | str, Faulty, int]:
    """What came of a run, the way there, and how many runs there were of it."""
    before = await asyncio.to_thread(runs, service)
    async with faulty(service) as (between, url):
        between.faults = list(faults)
        came = await outcome(url, ONE_SYMBOL)
    return came, between, await asyncio.to_thread(runs, service) - before


@pytest.mark.parametrize(
    ("fault", "methods"),
    [
        (Fault.NONE, "POST"),
        (Fault.LOST_ANSWER, "POST GET"),
        (Fault.BROKEN_BODY, "POST GET"),
        (Fault.LOST_REQUEST, "POST GET POST"),
        (Fault.BROKEN, "POST GET POST"),
        (Fault.BUSY, "POST POST"),
        (Fault.DOWN, "POST POST"),
    ],
)
async def test_whatever_is_lost_once_the_minute_runs_once(service: str, fault: Fault, methods: str) -> None:
    came, between, ran = await met(service, fault)
    assert isinstance(came, Ran), came
    assert [method for method, _ in between.seen] == methods.split()
    assert ran == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.BUSY, "unavailable"), (Fault.DOWN, "unavailable"), (Fault.LOST_REQUEST, "unknown_outcome")],
)
async def test_what_fails_again_and_again_fails_and_nothing_has_run(service: str, fault: Fault, code: str) -> None:
    came, _, ran = await met(service, fault, fault, fault)
    assert came == code
    assert ran == 0


async def test_what_the_service_refuses_is_refused_with_its_words(service: str) -> None:
    assert await outcome(service, {"symbols": ["BTCUSDT"], "workers": 0}) == "refused"
    answer = await AskingOverHttp(service).run({"profile": "nobody"}, token_hex(8), no_progress)
    assert isinstance(answer, Refused)
    assert "nobody" in answer.words


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    answer = await AskingOverHttp("http://127.0.0.1:9").run(ONE_SYMBOL, token_hex(8), no_progress)
    assert isinstance(answer, Unavailable)
    assert await outcome("http://127.0.0.1:9", ONE_SYMBOL) == "unavailable"


async def test_a_key_that_was_run_gives_its_stored_report_and_one_that_nobody_asked_for_is_absent(service: str) -> None:
    asking, key = AskingOverHttp(service), token_hex(8)
    assert await asking.of_key(key) == Absent()
    first = await asking.run(ONE_SYMBOL, key, no_progress)
    assert isinstance(first, Finished)
    again = await asking.run(ONE_SYMBOL, key, no_progress)
    assert isinstance(again, Finished)
    assert again.report.run_id == first.report.run_id
    assert await asking.of_key(key) == again


async def test_a_run_that_goes_on_is_in_progress_for_whoever_asks_by_its_key(service: str) -> None:
    asking, key = AskingOverHttp(service), token_hex(8)
    running = asyncio.ensure_future(asking.run({"profile": "regular"}, key, no_progress))
    seen = set()
    while not running.done():
        seen.add(type(await asking.of_key(key)))
    assert isinstance(await running, Finished)
    assert InProgress in seen
    assert seen <= {Absent, InProgress, Finished}


async def test_a_service_that_answers_too_late_leaves_the_outcome_unknown(service: str) -> None:
    async with faulty(service) as (between, url):
        between.faults = [Fault.SILENT]
        answer = await AskingOverHttp(url, whole_s=0.3).run(ONE_SYMBOL, token_hex(8), no_progress)
    assert answer == Unknown(f"{url} did not answer within 0.3 s")
