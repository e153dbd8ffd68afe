"""Minute after minute of a schedule that three workers share, while one thing after the other is killed.

    python -m tests.scale.killings --minutes 50 --symbols 1000

After the last minute the database, the exchange and the Temporal server say what came of every minute: no symbol was
decided twice for one, no opportunity entered twice, at most one minute was lost for each killing, each of them told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from attrs import asdict, define, field, frozen
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from mtf_adapters.sql import Database
from mtf_core.market import MINUTE_MS
from mtf_entrypoints.settings import TemporalOptions
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.connecting import connected, know_attributes
from mtf_entrypoints.temporal.plan import Overlap, Planned
from mtf_entrypoints.temporal.schedules import Schedules
from tests.scale.stage import PROFILE, QUEUE, SCHEDULE, Member, Stage, stage

MOST_ACTIVITIES, MOST_BYTES = 40, 256_000
"""Of a minute, and of one event of its history."""
WHAT = ("worker", "server", "database")
_STARTED_FOR = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
OFFSET_S, WITHIN_S, DOWN_S = 3, 30, 3.0
"""When in its minute a run starts; within how long after that something is killed; how long it stays away."""


@frozen
class Killing:
    minute_ms: int
    what: str
    after_s: float
    """The start of the minute's run."""


@define(eq=False)
class Minute:
    """What is known of one minute of the schedule."""

    nominal_ms: int
    workflow: str = "none was started"
    words: str = ""
    run_id: str | None = None
    run_status: str | None = None
    close_to_report_s: float | None = None
    activities: int = 0
    most_bytes: int = 0
    """Of one event of the workflow's history."""
    killed: list[str] = field(factory=list)

    @property
    def is_lost(self) -> bool:
        return self.run_status != "finished"

    @property
    def is_told(self) -> bool:
        """Somebody who looks at the schedule or at the runs sees that it is missing, and why."""
        return not self.is_lost or bool(self.words) or self.run_status == "failed"


@define(eq=False)
class Outcome:
    minutes: list[Minute]
    killings: list[Killing]
    double_decisions: list[str]
    double_entries: list[str]
    entries: int
    positions_without_stop: list[str]
    missed: int
    skipped: int

    @property
    def lost(self) -> list[Minute]:
        return [one for one in self.minutes if one.is_lost]

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = [f"decided twice: {one}" for one in self.double_decisions]
        found += [f"entered twice: {one}" for one in self.double_entries]
        found += [f"without a stop at the end: {one}" for one in self.positions_without_stop]
        killed = {one.minute_ms for one in self.killings}
        for one in self.lost:
            told = one.is_told or self.missed + self.skipped > 0
            if not told:
                found.append(f"lost in silence: {_clock(one.nominal_ms)}")
            if not {one.nominal_ms, one.nominal_ms - MINUTE_MS} & killed:
                found.append(f"lost, and nothing was killed: {_clock(one.nominal_ms)}: {one.workflow} {one.words}")
        if len(self.lost) > len(self.killings):
            found.append(f"{len(self.lost)} minutes were lost for {len(self.killings)} killings")
        found += [
            f"{one.activities} activities in {_clock(one.nominal_ms)}" for one in self.minutes if one.activities > 40
        ]
        found += [
            f"{one.most_bytes} bytes in {_clock(one.nominal_ms)}" for one in self.minutes if one.most_bytes > 256_000
        ]
        return found


async def play(there: Stage, symbols: int, minutes: int, seed: int, kills: bool, workers: int, shard: int) -> Outcome:
    """The whole of it."""
    async with Database.open(there.postgres.url()) as database:
        await database.upgrade()
    keeper = there.add("keeper")
    keeper.environment = {**there.environment, "SCALE_SYMBOLS": str(symbols)}
    _start_keeper(keeper)
    await _until(keeper.is_ready, 900, "the keeper of candles")
    members = [there.add("supervise", "supervise"), *(_worker(there, number) for number in range(workers))]
    for member in members:
        member.start()
    client = await connected(TemporalOptions(there.temporal.address))
    await know_attributes(client, TemporalOptions(there.temporal.address))
    for member in members[1:]:
        await _until(member.is_ready, 300, member.name)
    request: dict[str, Any] = {"profile": PROFILE, "dry_run": False, "workers": 8, names.SHARD_SYMBOLS: shard}
    every = timedelta(minutes=1)
    planned = Planned(
        id=SCHEDULE, workflow=names.MTF_RUN, every=every, offset=timedelta(seconds=OFFSET_S), overlap=Overlap.SKIP,
        catch_up=timedelta(seconds=30), request=request,
    )  # fmt: skip
    await Schedules(client, QUEUE).create(planned, "a test")
    draw = random.Random(f"killings {seed}")
    first_ms = (int(time.time()) // 60 + 1) * MINUTE_MS
    killings: list[Killing] = []
    for number in range(minutes):
        minute_ms = first_ms + number * MINUTE_MS
        after_s = draw.uniform(0, WITHIN_S)
        await asyncio.sleep(max(0.0, minute_ms / 1000 + OFFSET_S + after_s - time.time()))
        if kills:
            what = WHAT[number % len(WHAT)]
            killings.append(Killing(minute_ms, what, round(after_s, 1)))
            await _kill(there, what, draw, members[1:])
        for member in (keeper, *members):
            if member.process is not None and member.process.poll() is not None:
                print(f"{member.name} ended with {member.process.returncode} and is started again")
                _start_keeper(member) if member is keeper else member.start()
        said = f"{killings[-1].what} killed {killings[-1].after_s} s after the start" if kills else "nothing is killed"
        print(f"{_clock(minute_ms)} minute {number + 1} of {minutes}: {said}", flush=True)
    await asyncio.sleep(max(0.0, (first_ms + minutes * MINUTE_MS) / 1000 + OFFSET_S - time.time()))
    client = await connected(TemporalOptions(there.temporal.address))
    schedules = Schedules(client, QUEUE)
    await schedules.pause(SCHEDULE, "that is all")
    await asyncio.sleep(62)
    return await _outcome(there, client, schedules, killings, first_ms, minutes)


def _worker(there: Stage, number: int) -> Member:
    return there.add(f"worker-{number}", "worker", "--jobs", "2")


def _start_keeper(keeper: Member) -> None:
    keeper.lives += 1
    with keeper.log.open("ab") as out:
        command = [sys.executable, "-m", "tests.scale.keeper"]
        keeper.process = subprocess.Popen(command, env=keeper.environment, stdout=out, stderr=out)


async def _kill(there: Stage, what: str, draw: random.Random, workers: Sequence[Member]) -> None:
    if what == "worker":
        victim = draw.choice(workers)
        victim.kill()
        await asyncio.sleep(DOWN_S)
        victim.start()
    elif what == "server":
        there.temporal.kill()
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(there.temporal.start)
    else:
        await asyncio.to_thread(there.crash_postgres)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(there.start_postgres)


async def _until(is_so: Any, seconds: float, what: str) -> None:
    end_s = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end_s:
            raise SystemExit(f"{what} did not become ready within {seconds:.0f} s")
        await asyncio.sleep(0.2)


async def _outcome(
    there: Stage, client: Client, schedules: Schedules, killings: list[Killing], first_ms: int, count: int
) -> Outcome:
    minutes = {first_ms + number * MINUTE_MS: Minute(first_ms + number * MINUTE_MS) for number in range(count)}
    for killing in killings:
        minutes[killing.minute_ms].killed.append(f"{killing.what} after {killing.after_s} s")
    await _ask_temporal(client, minutes)
    status = await schedules.status(SCHEDULE)
    with psycopg.connect(there.postgres.url()) as database:
        decisions = _ask_database(database, minutes)
        entries, twice = _entries(database)
    placed = Counter(
        one["client_order_id"] for name in ("orders", "history") for one in _listed(there.control(name)) if _opens(one)
    )
    twice += [f"order {name} was placed {number} times" for name, number in placed.items() if number > 1]
    return Outcome(
        minutes=list(minutes.values()),
        killings=killings,
        double_decisions=decisions,
        double_entries=twice,
        entries=entries,
        positions_without_stop=_bare(there),
        missed=status.missed,
        skipped=status.skipped,
    )


async def _ask_temporal(client: Client, minutes: Mapping[int, Minute]) -> None:
    async for started in client.list_workflows(f"WorkflowType = '{names.MTF_RUN}'"):
        handle = client.get_workflow_handle(started.id, run_id=started.run_id)
        due = started.typed_search_attributes.get(_STARTED_FOR) or started.start_time
        minute = minutes.get(round(due.timestamp() * 1000) // MINUTE_MS * MINUTE_MS)
        if minute is None:
            continue
        minute.workflow = "?" if started.status is None else started.status.name.lower()
        history = await handle.fetch_history()
        minute.most_bytes = max(event.ByteSize() for event in history.events)
        minute.activities = sum(
            event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED for event in history.events
        )
        if started.status is WorkflowExecutionStatus.COMPLETED:
            result = await handle.result()
            minute.run_id = result.get("run_id")
            minute.words = "" if minute.run_id else f"{result.get('skipped')}: {result.get('words')}"
        else:
            try:
                await handle.result()
            except Exception as error:
                causes = [str(error)]
                while (cause := getattr(error, "cause", None)) is not None:
                    error = cause
                    causes.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
                minute.words = causes[-1][:200]


def _ask_database(database: psycopg.Connection[Any], minutes: Mapping[int, Minute]) -> list[str]:
    """Fills in the runs of the minutes; gives the decisions that were made twice."""
    keyed = database.execute(
        "SELECT k.key, r.run_id, r.status, r.finished_ms FROM keyed_runs k JOIN runs r USING (namespace, run_id)"
    ).fetchall()
    runs_of: Counter[int] = Counter()
    for key, run_id, status, finished_ms in keyed:
        at = datetime.fromisoformat(key.rpartition("@")[2].replace("Z", "+00:00"))
        nominal_ms = round(at.timestamp() * 1000)
        runs_of[nominal_ms] += status == "finished"
        minute = minutes.get(nominal_ms)
        if minute is not None:
            minute.run_id, minute.run_status = run_id, status
            if finished_ms is not None and status == "finished":
                minute.close_to_report_s = (finished_ms - nominal_ms) / 1000
    twice = [f"minute {_clock(at_ms)} has {number} finished runs" for at_ms, number in runs_of.items() if number > 1]
    rows = database.execute(
        "SELECT r.instant_ms / 60000, d.symbol, count(*) FROM decisions d JOIN runs r USING (namespace, run_id) "
        "GROUP BY 1, 2 HAVING count(*) > 1"
    ).fetchall()
    return twice + [f"{symbol} in minute {minute}: {number} times" for minute, symbol, number in rows]


def _entries(database: psycopg.Connection[Any]) -> tuple[int, list[str]]:
    rows = database.execute("SELECT decision_key, count(*) FROM order_intents GROUP BY 1").fetchall()
    return len(rows), [f"{key} has {number} intents" for key, number in rows if number > 1]


def _listed(documents: Any) -> list[Mapping[str, Any]]:
    """Orders of whatever kind."""
    if isinstance(documents, list):
        return documents
    return [one for value in documents.values() if isinstance(value, list) for one in value]


def _opens(order: Mapping[str, Any]) -> bool:
    return bool(order.get("client_order_id")) and not order.get("reduce_only", False)


def _bare(there: Stage) -> list[str]:
    """Positions that have no stop when everything is quiet."""
    stops = {one["symbol"] for one in _listed(there.control("orders")) if one.get("purpose") == "stop"}
    return sorted({one["symbol"] for one in _listed(there.control("positions"))} - stops)


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M")


def summary(outcome: Outcome) -> str:
    """For people."""
    took = sorted(one.close_to_report_s for one in outcome.minutes if one.close_to_report_s is not None)
    calm = [one.close_to_report_s for one in outcome.minutes if one.close_to_report_s is not None and not one.killed]
    lines = [
        f"{len(outcome.minutes)} minutes, {len(outcome.killings)} killings, {outcome.entries} entries",
        f"finished {len(outcome.minutes) - len(outcome.lost)}, lost {len(outcome.lost)}",
        f"missed {outcome.missed}, skipped {outcome.skipped} as the schedule says",
        f"most activities in a minute {max((one.activities for one in outcome.minutes), default=0)}, "
        f"largest event {max((one.most_bytes for one in outcome.minutes), default=0)} bytes",
    ]
    if took:
        lines.append(
            f"from the close to the report: median {statistics.median(took):.1f} s, longest {took[-1]:.1f} s"
            + (f"; of minutes in which nothing was killed {statistics.median(calm):.1f} s" if calm else "")
        )
    for one in outcome.lost:
        lines.append(f"  lost {_clock(one.nominal_ms)} ({', '.join(one.killed) or 'nothing killed'}): "
                     f"workflow {one.workflow}, run {one.run_status}: {one.words}")  # fmt: skip
    lines += [f"FAULT {one}" for one in outcome.faults] or ["no fault"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=50)
    parser.add_argument("--symbols", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--shard", type=int, default=150, help="symbols in a shard; 0: one worker makes the whole run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-kills", action="store_true", help="nothing is killed: how long a minute takes")
    parser.add_argument("--keep", type=Path, help="folder for logs and the outcome")
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="mtf-scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    with stage(folder, asked.symbols) as there:
        work = play(there, asked.symbols, asked.minutes, asked.seed, not asked.no_kills, asked.workers, asked.shard)
        outcome = asyncio.run(work)
    (folder / "outcome.json").write_text(json.dumps(asdict(outcome), indent=1))
    print(summary(outcome))
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    main()
