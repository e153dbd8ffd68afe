"""The steps of a run that workers share, as activities: opened by one, decided shard by shard, closed by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen
from temporalio import activity
from temporalio.exceptions import ApplicationError

from mtf_core.config_nodes import ConfigError
from mtf_core.market import format_instant
from mtf_core.ports import PortError, TradingRefusedError
from mtf_core.problems import InvalidRequestError
from mtf_core.records import Opening
from mtf_core.runs import (
    ConfigurationDiffersError,
    KeyReusedError,
    RunBrokenOffError,
    RunInProgressError,
    RunLockedError,
    ShardedRuns,
    Told,
    parse_request,
)
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.alive import Stage, alive
from mtf_entrypoints.temporal.asked import split
from mtf_entrypoints.temporal.measures import WorkerMetrics
from mtf_entrypoints.temporal.requests import ENDS_WITHIN_SEC, MAX_AGE_SEC, MAX_ERROR_SHARE, SHARD_SYMBOLS
from mtf_entrypoints.temporal.summary import result_of

_BEAT_S = 2.0


@frozen(eq=False)
class SharedRunActivities:
    """Methods are registered under the names of `names`. What may be begun again is, by Temporal, within the minute."""

    runs: ShardedRuns | None
    """None: runs are carried out elsewhere (MTF_RUN_URL), and cannot be shared."""
    metrics: WorkerMetrics

    @activity.defn(name=names.OPEN_ACTIVITY)
    async def open(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The run's id and how many shards it has; or what is all there is to say of the minute."""
        runs = self._runs
        document, limits = split(asked["request"])
        due_ms, nominal_ms = int(asked["due_ms"]), int(asked["minute_ms"])
        key, profile = f"{asked['schedule']}@{format_instant(nominal_ms)}", str(document.get("profile") or "")
        environment, stage = runs.orchestrator.environment, Stage()
        ends_by_ms = due_ms + round(limits[ENDS_WITHIN_SEC] * 1000)
        place_by_ms = due_ms + round(limits[MAX_AGE_SEC] * 1000)
        async with alive(stage, _BEAT_S), self._told(profile):
            is_late = environment.wall.now_ms() > place_by_ms
            if is_late and await environment.stores.keyed_runs.find(key) is None:
                return self._skipped(profile, nominal_ms, "stale_minute", f"it was to begin by {_clock(place_by_ms)}")
            try:
                per_shard = int(limits[SHARD_SYMBOLS])
                opened = await runs.open(parse_request(document), key, per_shard, ends_by_ms, stage)
            except RunLockedError as error:
                return self._skipped(profile, nominal_ms, "run_lock_held", str(error))
        if isinstance(opened, Opening):
            times = {"ends_by_ms": opened.ends_by_ms, "place_by_ms": place_by_ms, "minute_ms": nominal_ms}
            share = {MAX_ERROR_SHARE: limits[MAX_ERROR_SHARE]}
            return {"run_id": opened.run_id, "shards": len(opened.shards), **times, **share}
        return result_of(opened, nominal_ms, limits[MAX_ERROR_SHARE])

    @activity.defn(name=names.SHARD_ACTIVITY)
    async def shard(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How many symbols the shard decided, and the digest of what is stored of it."""
        stage = Stage()
        async with alive(stage, _BEAT_S), self._told("shard"):
            done = await self._runs.decide(asked["run_id"], int(asked["number"]), stage)
        self.metrics.ended("shard", "decided")
        return {"number": done.number, "decided": done.decided, "ready": done.ready, "digest": done.digest}

    @activity.defn(name=names.CLOSE_ACTIVITY)
    async def close(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The summary of the run, as one process would have left it."""
        stage = Stage()
        digests, failed = _by_number(asked["digests"]), _by_number(asked["failed"])
        told = Told(digests, failed, int(asked["place_by_ms"]))
        async with alive(stage, _BEAT_S), self._told("close"):
            report = await self._runs.close(asked["run_id"], told, stage)
        result = result_of(report, int(asked["minute_ms"]), float(asked[MAX_ERROR_SHARE]))
        if failed:
            count = len(failed) + len(digests)
            first = next(iter(failed.values()))
            result["failed"] = f"shards_failed: {len(failed)} of {count} were not decided: {first}"
        self.metrics.closed(report)
        self.metrics.ran(report.profile, "failed" not in result, result["lateness_s"])
        return result

    @property
    def all(self) -> tuple[Any, ...]:
        """To be registered."""
        return self.open, self.shard, self.close

    @property
    def _runs(self) -> ShardedRuns:
        if self.runs is None:
            raise ApplicationError(
                f"{SHARD_SYMBOLS} shares a run among workers, and MTF_RUN_URL has this worker's runs made elsewhere: "
                "unset one of them",
                type="refused",
                non_retryable=True,
            )
        return self.runs

    def _skipped(self, profile: str, nominal_ms: int, code: str, words: str) -> dict[str, Any]:
        self.metrics.ended(profile, code)
        return {"skipped": code, "words": words, "nominal": format_instant(nominal_ms)}

    @asynccontextmanager
    async def _told(self, job: str) -> AsyncIterator[None]:
        """What went wrong, in the words of the server: what may pass is tried again while the minute lasts."""
        try:
            yield
        except (InvalidRequestError, ConfigError, KeyReusedError, TradingRefusedError) as error:
            self.metrics.ended(job, "refused")
            raise ApplicationError(str(error), type="refused", non_retryable=True) from None
        except RunBrokenOffError as error:
            self.metrics.ended(job, "run_broken_off")
            raise ApplicationError(str(error), type="run_broken_off", non_retryable=True) from None
        except (RunInProgressError, RunLockedError, ConfigurationDiffersError, PortError) as error:
            raise ApplicationError(f"{type(error).__name__}: {error}", type="unavailable") from None


def _by_number(told: Mapping[str, str]) -> dict[int, str]:
    """Keys of JSON are text."""
    return {int(number): words for number, words in told.items()}


def _clock(at_ms: int) -> str:
    return format_instant(at_ms)[11:]
