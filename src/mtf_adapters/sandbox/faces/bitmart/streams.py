"""Both streams: sessions, what they listen to, and what is sent to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from attrs import define, field

from mtf_adapters.sandbox.faces.bitmart.account_pushes import (
    ASSET_TOPIC,
    POSITION_TOPIC,
    AccountPushes,
    asset,
)
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.market_pushes import Listening, pushes, snapshot
from mtf_adapters.sandbox.faces.bitmart.parameters import Parameters
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks
from mtf_adapters.sandbox.faces.bitmart.signing import LOGIN_PAYLOAD, Credential, signature_problem
from mtf_adapters.sandbox.faces.bitmart.topics import PREFIX, Channel, Topic, parse_topic
from mtf_adapters.sandbox.faces.http import HEARD, Receive, Scope, Send
from mtf_adapters.sandbox.faults import FaultPlan, StreamFaultKind
from mtf_adapters.sandbox.matching.events import Event
from mtf_adapters.sandbox.world import World
from mtf_core.ending import ended

PUBLIC_PATH, PRIVATE_PATH = "/api", "/user"
NORMAL, GOING_AWAY, TOO_LARGE = 1000, 1001, 1009
_LOOK_S = 0.25
_BOOKS = f"{PREFIX}{Channel.DEPTH}"
"""How the topics of all kinds of books begin."""
_MOST_WAITING = 20_000
"""Messages that a session may lag behind before it is closed."""

Document = Mapping[str, Any]


class Exchange(Protocol):
    """What streams need of the face."""

    world: World
    quirks: Quirks
    faults: FaultPlan

    @property
    def keys(self) -> Mapping[str, Credential]: ...

    @property
    def signing_ms(self) -> int: ...

    @property
    def signing_window_ms(self) -> int | None: ...

    def desk(self, account: str, said: Parameters) -> Desk: ...


@define(eq=False)
class Session:
    """One connection."""

    is_private: bool
    connected_s: float
    heard_s: float
    account: str | None = None
    """After its login."""
    topics: dict[str, Listening] = field(factory=dict)
    outbox: asyncio.Queue[str | int] = field(factory=asyncio.Queue)
    """Texts, and the code with which to close."""
    has_spoken: bool = False
    is_silent: bool = False
    """Made so by a fault: it stands and carries nothing."""
    held: str | None = None
    """A message that is sent after the next one, by a fault."""

    def put(self, document: Document) -> None:
        if not self.is_silent:
            self.outbox.put_nowait(msgspec.json.encode(document).decode())


class Streams:
    """Serves the sessions. `push` has to be called as time goes on; what happens to accounts is sent when it does."""

    def __init__(self, exchange: Exchange, machine_s: Callable[[], float]) -> None:
        self._exchange = exchange
        self._machine_s = machine_s
        self._sessions: dict[Session, None] = {}  # in the order in which they came: a run can be repeated
        self._accounts = AccountPushes(exchange.world)
        self._pongs = 0
        exchange.world.listen(self._happened)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection from its handshake to its end."""
        if scope["path"] not in (PUBLIC_PATH, PRIVATE_PATH):
            await send({"type": "websocket.close", "code": NORMAL})
            return
        await receive()
        await send({"type": "websocket.accept"})
        now_s = self._machine_s()
        session = Session(scope["path"] == PRIVATE_PATH, connected_s=now_s, heard_s=now_s)
        self._sessions[session] = None
        heard_control = (scope.get("extensions") or {}).get(HEARD)
        reading = asyncio.create_task(self._read(session, receive))
        watching = asyncio.create_task(self._watch(session, heard_control))
        try:
            await self._write(session, send)
        finally:
            self._sessions.pop(session, None)
            await ended(reading, watching)

    def push(self) -> None:
        """Sends everyone what is due by the world's time."""
        now_ms = self._exchange.world.now_ms
        for session in tuple(self._sessions):
            for listening in tuple(session.topics.values()):
                if listening.is_due(now_ms) and listening.topic.channel.is_private:
                    listening.again(now_ms)
                    self._repeat_positions(session, listening.topic)
                elif listening.is_due(now_ms):
                    listening.again(now_ms)
                    for data in pushes(self._desk(), listening):
                        self._send(session, listening.topic.name, data)

    def disconnect_all(self, code: int = GOING_AWAY) -> None:
        """Closes every connection, as a restart does."""
        for session in tuple(self._sessions):
            session.outbox.put_nowait(code)

    @property
    def connections(self) -> int:
        return len(self._sessions)

    # reading

    async def _read(self, session: Session, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                session.outbox.put_nowait(NORMAL)
                return
            if message["type"] != "websocket.receive":
                continue
            session.heard_s = self._machine_s()
            session.has_spoken = True
            raw = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
            if len(raw.encode()) > self._exchange.quirks.largest_frame_bytes:
                session.outbox.put_nowait(TOO_LARGE)
                return
            self._said(session, raw)

    def _said(self, session: Session, raw: str) -> None:
        try:
            document = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            document = None
        if not isinstance(document, dict):
            session.put({"success": False, "error": f"Invalid message: message must be JSON: {raw}"})
            return
        action, arguments = document.get("action"), document.get("args")
        names = [str(each) for each in arguments] if isinstance(arguments, list) else []
        match action:
            case "ping":
                pong = "pong" if self._exchange.quirks.plain_pong else f"pong+{self._pong()}"
                session.put({"group": "System", "data": pong})
            case "access":
                self._log_in(session, names)
            case "subscribe" | "unsubscribe" | "request":
                for name in names:
                    self._answer(session, str(action), name, document)
            case _:
                session.put({"action": action, "success": False, "error": f"Invalid action: {action}"})

    def _answer(self, session: Session, action: str, name: str, request: Document) -> None:
        """One acknowledgement a topic; a failure leaves the connection open."""
        acknowledged = {"action": action, "group": name}
        topic, wrong = self._topic(session, name)
        most = self._exchange.quirks.most_topics
        if action == "subscribe" and most is not None and name not in session.topics and len(session.topics) >= most:
            topic, wrong = None, f"Too many channels: at most {most}"
        if topic is None:
            session.put({**acknowledged, "success": False, "request": request, "error": wrong})
            return
        if action != "request":
            session.put({**acknowledged, "success": True, "request": request})
        match action:
            case "subscribe":
                self._subscribe(session, topic)
            case "unsubscribe":
                session.topics.pop(name, None)
            case _:
                listening = session.topics.get(name) or Listening(topic, self._exchange.world.now_ms)
                for data in snapshot(self._desk(), listening):
                    self._send(session, name, data)

    def _topic(self, session: Session, name: str) -> tuple[Topic | None, str]:
        topic = parse_topic(name)
        if topic is None or (topic.channel.is_private and not session.is_private):
            return None, f"Invalid channel: not found {name}"
        if session.is_private and session.account is None:
            return None, f"User not login, need authenication: {name}"
        if not topic.channel.is_private and session.is_private:
            return None, f"Invalid channel: not found {name}"
        known = topic.channel.is_private or topic.symbol is None or self._exchange.world.engine.contract(topic.symbol)
        return (topic, "") if known else (None, f"Invalid channel: not found {name}")

    def _subscribe(self, session: Session, topic: Topic) -> None:
        now_ms = self._exchange.world.now_ms
        due_ms = now_ms + topic.period_ms if topic.channel.is_private else now_ms
        listening = session.topics[topic.name] = Listening(topic, due_ms)
        if topic.channel.is_private:
            if self._exchange.quirks.private_snapshot:
                self._snapshot(session, topic)
            return
        listening.again(now_ms)
        for data in pushes(self._desk(), listening):
            self._send(session, topic.name, data)

    def _log_in(self, session: Session, arguments: list[str]) -> None:
        wrong = self._login_problem(session, arguments)
        if wrong:
            session.put({"action": "access", "success": False, "error": f"access failed: openapi auth: {wrong}"})
            session.outbox.put_nowait(NORMAL)
            return
        session.account = self._exchange.keys[arguments[0]].account
        session.put({"action": "access", "success": True})

    def _login_problem(self, session: Session, arguments: list[str]) -> str:
        if not session.is_private or len(arguments) < 3:
            return "param error"
        key, timestamp, sign = arguments[:3]
        credential = self._exchange.keys.get(key)
        if credential is None or credential.frozen or credential.expired:
            return "access key not found"
        now_ms, window_ms = self._exchange.signing_ms, self._exchange.signing_window_ms
        wrong = signature_problem(credential, timestamp, sign, LOGIN_PAYLOAD.encode(), now_ms, window_ms)
        if wrong is None:
            return ""
        return "sign check error" if wrong.code in (30004, 30005) else "timestamp check error"

    # sending

    def _happened(self, _: int, event: Event) -> None:
        for push in self._accounts.of(event, self._exchange.quirks):
            for session in tuple(self._sessions):
                if session.account == push.account and push.topic in session.topics:
                    self._tell(session, push.topic, push.data)

    def _tell(self, session: Session, topic: str, data: Any) -> None:
        """Tells of an event, at once or a while after it."""
        delay_s = self._exchange.quirks.stream_delay_ms / 1000
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._send, session, topic, data)
        else:
            self._send(session, topic, data)

    def _shown_group(self, group: str) -> str:
        """The topic as messages bear it."""
        is_book = group.startswith(_BOOKS)
        return (
            f"{group}@100ms" if self._exchange.quirks.stray_pace_in_groups and is_book and "@" not in group else group
        )

    def _repeat_positions(self, session: Session, topic: Topic) -> None:
        if topic.channel is Channel.POSITION and session.account is not None:
            held = self._exchange.world.engine.positions(session.account)
            if held:
                self._send(session, topic.name, [self._accounts.position(each) for each in held])

    def _snapshot(self, session: Session, topic: Topic) -> None:
        if topic.name == POSITION_TOPIC:
            self._repeat_positions(session, topic)
        elif topic.name == ASSET_TOPIC and session.account is not None:
            self._send(session, topic.name, asset(self._exchange.world.engine.balance(session.account)))

    def _send(self, session: Session, group: str, data: Any) -> None:
        """Sends one message of a topic, as the faults have it sent."""
        if session.is_silent:
            return
        raw = msgspec.json.encode({"group": self._shown_group(group), "data": data}).decode()
        fault = self._exchange.faults.of_message(group)
        for message in self._as_faulty(session, raw, fault.kind if fault else None):
            session.outbox.put_nowait(message)
        if session.outbox.qsize() > _MOST_WAITING:
            session.outbox.put_nowait(GOING_AWAY)
            session.is_silent = True

    def _as_faulty(self, session: Session, raw: str, kind: StreamFaultKind | None) -> Iterable[str | int]:
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

    async def _write(self, session: Session, send: Send) -> None:
        while True:
            message = await session.outbox.get()
            if isinstance(message, int):
                await send({"type": "websocket.close", "code": message})
                return
            await send({"type": "websocket.send", "text": message})
            session.heard_s = max(session.heard_s, self._machine_s())

    async def _watch(self, session: Session, heard_control: Callable[[], float] | None) -> None:
        """Closes a connection on which nothing goes either way, control frames included."""
        quirks = self._exchange.quirks
        while True:
            await asyncio.sleep(_LOOK_S)
            traffic_s = max(session.heard_s, heard_control() if heard_control else 0.0)
            began = session.has_spoken or traffic_s > session.connected_s
            allowed_s = quirks.idle_sec if began else quirks.first_topic_sec
            if self._machine_s() - traffic_s > allowed_s:
                session.outbox.put_nowait(NORMAL)
                return

    def _desk(self) -> Desk:
        return self._exchange.desk("", Parameters({}))

    def _pong(self) -> str:
        self._pongs += 1
        digest = blake2b(str(self._pongs).encode(), digest_size=16).hexdigest()
        return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


__all__ = ["PRIVATE_PATH", "PUBLIC_PATH", "Session", "Streams"]
