"""Runs that `mtf serve` carries out, asked for over HTTP."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httpx
from attrs import field, frozen

from mtf_core.ports import Progress
from mtf_core.records import ReportRecord
from mtf_core.records.codec import UnreadableRecordError
from mtf_core.records.documents import from_document
from mtf_core.records.json import JsonObject
from mtf_entrypoints.temporal.answers import (
    Absent,
    Answer,
    BrokenOff,
    Finished,
    Held,
    InProgress,
    Refused,
    Unavailable,
    Unknown,
)

_CONNECT_S, _WHOLE_S, _LOOK_S = 5.0, 290.0, 20.0
_NOT_DONE = frozenset({429, 503})
_REFUSED = frozenset({400, 401, 403, 404, 405, 413, 415, 421, 422})
_MOST_WORDS = 300


@frozen(eq=False)
class AskingOverHttp:
    """Implements `Asking`. The service knows runs by their keys, so that a lost answer can be asked for again."""

    url: str
    token: str | None = field(default=None, repr=False)
    whole_s: float = _WHOLE_S
    """For how long a run's answer is waited for, everything together."""

    async def run(self, document: JsonObject, key: str, progress: Progress) -> Answer:
        progress("service", 0, 1)
        return await self._answer("POST", "/api/mtf/run", self.whole_s, document=document, key=key)

    async def of_key(self, key: str) -> Answer:
        return await self._answer("GET", "/mtf/runs/of-key", _LOOK_S, key=key)

    async def _answer(
        self, method: str, path: str, whole_s: float, *, key: str, document: JsonObject | None = None
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        asked: dict[str, object] = {"params": {"key": key}}
        if document is not None:
            headers["Idempotency-Key"], asked = key, {"json": document}
        timeout = httpx.Timeout(whole_s, connect=_CONNECT_S)
        try:
            # A connection of its own: one that was kept open may be closed as the request leaves.
            async with (
                asyncio.timeout(whole_s),
                httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client,
            ):
                said = await client.request(method, self.url + path, headers=headers, **asked)  # type: ignore[arg-type]
        except TimeoutError:
            return Unknown(f"{self.url} did not answer within {whole_s:g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Unavailable(f"{self.url} cannot be reached: {type(error).__name__}; does `mtf serve` run there?")
        except httpx.HTTPError as error:
            return Unknown(f"{self.url}: {type(error).__name__}")
        if method == "GET" and said.status_code == HTTPStatus.NOT_FOUND:
            return Absent()
        return _read(said)


def _read(said: httpx.Response) -> Answer:
    try:
        body = said.json()
        if said.status_code == 200:
            return Finished(from_document(body, ReportRecord))
    except (ValueError, UnreadableRecordError):
        return _without_body(said)
    problem = body if isinstance(body, dict) else {}
    words = f"{said.status_code} {problem.get('detail') or problem.get('title') or ''}".strip()[:_MOST_WORDS]
    run_id = str(problem.get("run_id", ""))
    match (said.status_code, str(problem.get("type", "")).rpartition(":")[2]):
        case (409, "run_lock_held"):
            return Held(words)
        case (409, "run_in_progress"):
            return InProgress(run_id)
        case (409, "run_failed"):
            return BrokenOff(run_id, words)
        case (409, _):
            return Refused(words)
        case (status, _) if status in _NOT_DONE:
            return Unavailable(words)
        case (status, _) if status in _REFUSED:
            return Refused(words)
        case _:
            return Unknown(words)


def _without_body(said: httpx.Response) -> Answer:
    """What the status alone says."""
    words = f"{said.status_code} without a body that can be read"
    if said.status_code in _NOT_DONE:
        return Unavailable(words)
    return Refused(words) if said.status_code in _REFUSED else Unknown(words)
