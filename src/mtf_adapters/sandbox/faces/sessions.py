"""Connections of streams, whatever is said on them: read, written, watched, and spoiled as a script of faults has it.

What a venue hears and says is up to the class that inherits `Sessions`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from attrs import define, field

from mtf_adapters.sandbox.faces.http import HEARD, Receive, Scope, Send
from mtf_adapters.sandbox.faults import FaultPlan, StreamFaultKind
from mtf_core.ending import ended

NORMAL, GOING_AWAY, TOO_LARGE = 1000, 1001, 1009
_LOOK_S = 0.25
_MOST_WAITING = 20_000
"""Messages that a session may lag behind before it is closed."""

Document = Mapping[str, Any]


@define(eq=False)
class Session:
    """One connection."""

    path: str
    connected_s: float
    heard_s: float
    """When something came last; `told_s` when something went."""
    told_s: float = 0.0
    account: str | None = None
    """After its login."""
    topics: dict[str, Any] = field(factory=dict)
    """What it listens to, by the name under which it asked."""
    outbox: asyncio.Queue[str | int] = field(factory=asyncio.Queue)
    """Texts, and the code with which to close."""
    has_spoken: bool = False
    is_silent: bool = False
    """Made so by a fault: it stands and carries nothing."""
    held: str | None = None
    """A message that is sent after the next one, by a fault."""

    def put(self, document: Document) -> None:
        self.put_text(msgspec.json.encode(document).decode())

    def put_text(self, text: str) -> None:
        if not self.is_silent:
            self.outbox.put_nowait(text)

    def close(self, code: int) -> None:
        """Closes it after what waits to be sent."""
        self.outbox.put_nowait(code)


S = TypeVar("S", bound=Session)


class Sessions(Generic[S]):
    """Serves connections, each from its handshake to its end."""

    idle_code = NORMAL
    """With which a connection is closed on which nothing goes any more."""

    def __init__(self, machine_s: Callable[[], float]) -> None:
        self.machine_s = machine_s
        self.sessions: dict[S, None] = {}
        """In the order in which they came: a run can be repeated."""

    # what a venue says of itself

    def begun(self, path: str, now_s: float) -> S | None:
        """A session for a connection to the path; None where none is served."""
        raise NotImplementedError

    def said(self, session: S, raw: str) -> None:
        """A client's message."""
        raise NotImplementedError

    @property
    def faults(self) -> FaultPlan:
        raise NotImplementedError

    @property
    def largest_frame_bytes(self) -> int:
        raise NotImplementedError

    def is_idle(self, session: S, now_s: float, control_s: float) -> bool:
        """Whether it has been still for too long; the last protocol ping or pong came at `control_s`."""
        raise NotImplementedError

    # what all have in common

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = self.begun(scope["path"], self.machine_s())
        if session is None:
            await send({"type": "websocket.close", "code": NORMAL})
            return
        await receive()
        await send({"type": "websocket.accept"})
        self.sessions[session] = None
        heard_control = (scope.get("extensions") or {}).get(HEARD)
        reading = asyncio.create_task(self._read(session, receive))
        watching = asyncio.create_task(self._watch(session, heard_control))
        try:
            await self._write(session, send)
        finally:
            self.sessions.pop(session, None)
            await ended(reading, watching)

    def disconnect_all(self, code: int = GOING_AWAY) -> None:
        """Closes every connection, as a restart does."""
        for session in tuple(self.sessions):
            session.close(code)

    @property
    def connections(self) -> int:
        return len(self.sessions)

    def send(self, session: S, topic: str, document: Document) -> None:
        """Sends one message of a topic, as the faults have it sent."""
        if session.is_silent:
            return
        raw = msgspec.json.encode(document).decode()
        fault = self.faults.of_message(topic)
        for message in _as_faulty(session, raw, fault.kind if fault else None):
            session.outbox.put_nowait(message)
        if session.outbox.qsize() > _MOST_WAITING:
            session.close(GOING_AWAY)
            session.is_silent = True

    async def _read(self, session: S, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                session.close(NORMAL)
                return
            if message["type"] != "websocket.receive":
                continue
            session.heard_s = self.machine_s()
            session.has_spoken = True
            raw = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
            if len(raw.encode()) > self.largest_frame_bytes:
                session.close(TOO_LARGE)
                return
            self.said(session, raw)

    async def _write(self, session: S, send: Send) -> None:
        while True:
            message = await session.outbox.get()
            if isinstance(message, int):
                await send({"type": "websocket.close", "code": message})
                return
            await send({"type": "websocket.send", "text": message})
            session.told_s = self.machine_s()

    async def _watch(self, session: S, heard_control: Callable[[], float] | None) -> None:
        """Closes a connection on which nothing goes any more."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self.is_idle(session, self.machine_s(), heard_control() if heard_control else 0.0):
                session.close(self.idle_code)
                return


def _as_faulty(session: Session, raw: str, kind: StreamFaultKind | None) -> Iterable[str | int]:
    match kind:
        case StreamFaultKind.DROPPED:
            return
        case StreamFaultKind.DUPLICATED:
            yield from (raw, raw)
        case StreamFaultKind.SILENCE:
            session.is_silent = True
            return
        case StreamFaultKind.DISCONNECT:
            yield GOING_AWAY
        case StreamFaultKind.REORDERED if session.held is None:
            session.held = raw
            return
        case _:
            yield raw
    if session.held is not None:
        held, session.held = session.held, None
        yield held
