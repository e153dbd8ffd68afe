"""Both streams: what is said on them, what they listen to, and what is sent to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Protocol

import msgspec

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
from mtf_adapters.sandbox.faces.sessions import NORMAL, Document, Session, Sessions
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.matching.events import Event
from mtf_adapters.sandbox.world import World

PUBLIC_PATH, PRIVATE_PATH = "/api", "/user"
_BOOKS = f"{PREFIX}{Channel.DEPTH}"
"""How the topics of all kinds of books begin."""


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


class Streams(Sessions[Session]):
    """Serves the sessions. `push` has to be called as time goes on; what happens to accounts is sent when it does."""

    def __init__(self, exchange: Exchange, machine_s: Callable[[], float]) -> None:
        super().__init__(machine_s)
        self._exchange = exchange
        self._accounts = AccountPushes(exchange.world)
        self._pongs = 0
        exchange.world.listen(self._happened)

    def begun(self, path: str, now_s: float) -> Session | None:
        return Session(path, connected_s=now_s, heard_s=now_s) if path in {PUBLIC_PATH, PRIVATE_PATH} else None

    @property
    def faults(self) -> FaultPlan:
        return self._exchange.faults

    @property
    def largest_frame_bytes(self) -> int:
        return self._exchange.quirks.largest_frame_bytes

    def is_idle(self, session: Session, now_s: float, control_s: float) -> bool:
        """Whether nothing went either way for too long, control frames included."""
        quirks = self._exchange.quirks
        traffic_s = max(session.heard_s, session.told_s, control_s)
        began = session.has_spoken or traffic_s > session.connected_s
        return now_s - traffic_s > (quirks.idle_sec if began else quirks.first_topic_sec)

    def push(self) -> None:
        """Sends everyone what is due by the world's time."""
        now_ms = self._exchange.world.now_ms
        for session in tuple(self.sessions):
            for listening in tuple(session.topics.values()):
                if listening.is_due(now_ms) and listening.topic.channel.is_private:
                    listening.again(now_ms)
                    self._repeat_positions(session, listening.topic)
                elif listening.is_due(now_ms):
                    listening.again(now_ms)
                    for data in pushes(self._desk(), listening):
                        self._send(session, listening.topic.name, data)

    # reading

    def said(self, session: Session, raw: str) -> None:
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
        if topic is None or (topic.channel.is_private and not _is_private(session)):
            return None, f"Invalid channel: not found {name}"
        if _is_private(session) and session.account is None:
            return None, f"User not login, need authenication: {name}"
        if not topic.channel.is_private and _is_private(session):
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
            session.close(NORMAL)
            return
        session.account = self._exchange.keys[arguments[0]].account
        session.put({"action": "access", "success": True})

    def _login_problem(self, session: Session, arguments: list[str]) -> str:
        if not _is_private(session) or len(arguments) < 3:
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
            for session in tuple(self.sessions):
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
        self.send(session, group, {"group": self._shown_group(group), "data": data})

    def _desk(self) -> Desk:
        return self._exchange.desk("", Parameters({}))

    def _pong(self) -> str:
        self._pongs += 1
        digest = blake2b(str(self._pongs).encode(), digest_size=16).hexdigest()
        return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


def _is_private(session: Session) -> bool:
    return session.path == PRIVATE_PATH


__all__ = ["PRIVATE_PATH", "PUBLIC_PATH", "Streams"]
