"""An exchange on this machine that answers what a test says, byte for byte, and notes what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field, frozen


@frozen
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str = ""
    """Path and query as they came."""

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@frozen
class Answer:
    """One answer. `promised` is the length that its header claims; `wait_s` passes before it; `drop`: there is none."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(factory=dict)
    promised: int | None = None
    wait_s: float = 0.0
    drop: bool = False


def ok(data: Any = ..., **headers: str) -> Answer:
    """A success in the envelope; without data where none is given."""
    envelope: dict[str, Any] = {"code": 1000, "message": "Ok", "trace": "t"}
    if data is not ...:
        envelope["data"] = data
    return Answer(json.dumps(envelope).encode(), headers=dict(headers))


def refused(code: int, text: str = "no", status: int = 400, **headers: str) -> Answer:
    return Answer(json.dumps({"code": code, "message": text, "trace": "t"}).encode(), status, dict(headers))


HTML = Answer(b"<html><body>Just a moment...</body></html>", 403)


@define(eq=False)
class Loopback:
    """`answers` by the end of the path: one after the other, the last one again and again."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(factory=dict)
    asked: list[Asked] = field(factory=list)
    computed: Callable[[Asked], Answer] | None = None
    """Answers everything instead, where it is there."""
    _given: dict[str, int] = field(factory=lambda: defaultdict(int))

    def answer(self, name: str, *answers: Answer) -> None:
        self.answers[name] = list(answers)
        self._given[name] = 0

    def of(self, name: str) -> list[Asked]:
        """The requests to a path that ends so."""
        return [one for one in self.asked if one.path.endswith("/" + name)]

    def next_answer(self, asked: Asked) -> Answer:
        if self.computed is not None:
            return self.computed(asked)
        name = asked.path.rpartition("/")[2]
        answers: Sequence[Answer] = self.answers.get(name) or [refused(30000, "Not found", 404)]
        at = min(self._given[name], len(answers) - 1)
        self._given[name] += 1
        return answers[at]

    _serving: set[asyncio.Task[None]] = field(factory=set)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self.serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not reader.at_eof():
                asked = await _read(reader)
                self.asked.append(asked)
                answer = self.next_answer(asked)
                await asyncio.sleep(answer.wait_s)
                if answer.drop:
                    break
                writer.write(_bytes_of(answer))
                await writer.drain()
                if answer.promised is not None:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Asked(method, parts.path, dict(parse_qsl(parts.query)), headers, body, target)


def _bytes_of(answer: Answer) -> bytes:
    length = len(answer.body) if answer.promised is None else answer.promised
    headers = {"Content-Type": "application/json", "Content-Length": str(length), **answer.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} X\r\n{lines}\r\n".encode() + answer.body


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    exchange = Loopback()
    server = await asyncio.start_server(exchange.connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    exchange.url = f"http://127.0.0.1:{port}"
    try:
        yield exchange
    finally:
        server.close()
        await exchange.close()
