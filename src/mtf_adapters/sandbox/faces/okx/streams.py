"""The three streams: what is said on them, what they listen to, and what is sent to them."""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from attrs import define, field

from mtf_adapters.sandbox.faces.okx.account_pushes import AccountPushes, Push
from mtf_adapters.sandbox.faces.okx.accounts import config
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.market_pushes import BARS, Listening, pushes
from mtf_adapters.sandbox.faces.okx.parameters import Parameters
from mtf_adapters.sandbox.faces.okx.quirks import Quirks
from mtf_adapters.sandbox.faces.okx.signing import Credential, login_signature
from mtf_adapters.sandbox.faces.okx.topics import (
    BUSINESS_PATH,
    COUNTED,
    PATHS,
    PRIVATE_PATH,
    PUBLIC_PATH,
    Channel,
    Stream,
    Topic,
    topic_of,
)
from mtf_adapters.sandbox.faces.sessions import Document, Session, Sessions
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.matching.events import Event
from mtf_adapters.sandbox.world import World

LOGIN_FAILED, NOTHING_CAME = 4001, 4004
"""Codes with which a connection is closed."""
LARGEST_FRAME = 64 * 1024
MOST_OPERATIONS, OPERATIONS_WINDOW_S = 480, 3600
MOST_LISTENERS = 30
"""Connections of one account that listen to the same channel."""
_PING, _PONG = "ping", "pong"

_TEXTS: Mapping[str, str] = {
    "60004": "Invalid timestamp",
    "60005": "Invalid apiKey",
    "60006": "Timestamp request expired",
    "60007": "Invalid sign",
    "60009": "Login failure",
    "60011": "Please log in",
    "60012": "Invalid request: {}",
    "60013": "Invalid args",
    "60014": "Requests too frequent",
    "60018": "Wrong URL or {} doesn't exist. Please use the correct URL, channel and parameters referring to API "
    "document.",
    "60019": "Invalid op: {}",
    "60024": "Wrong passphrase",
    "60031": "The WebSocket endpoint does not allow multiple or repeated logins.",
    "60032": "API key doesn't exist.",
    "64001": "This channel has been migrated to the '/business' URL. Please subscribe using the new URL.",
    "64002": 'This channel is not supported by "/business" URL. Please use "/private" URL(for private channels), '
    'or "/public" URL(for public channels).',
    "64003": "Your trading fee tier doesn't meet the requirement to access this channel",
    "64008": "The connection will soon be closed for a service upgrade. Please reconnect.",
}


class Exchange(Protocol):
    """What streams need of the face."""

    world: World
    quirks: Quirks
    faults: FaultPlan

    @property
    def keys(self) -> Mapping[str, Credential]: ...

    @property
    def signing_ms(self) -> int: ...

    def desk(self, account: str, said: Parameters) -> Desk: ...


@define(eq=False)
class OkxSession(Session):
    """One connection to one of the three streams."""

    stream: Stream = field(kw_only=True)
    conn_id: str = field(kw_only=True)
    operations: deque[float] = field(factory=deque)
    """When each of the last hour's logins and subscriptions came."""
    notice_s: float | None = None
    """When it was told that it will be closed."""

    def told(self, event: str, **said: Any) -> None:
        self.put({"event": event, **said, "connId": self.conn_id})


class Streams(Sessions[OkxSession]):
    """Serves the sessions. `push` has to be called as time goes on; what happens to accounts is sent when it does."""

    idle_code = NOTHING_CAME

    def __init__(self, exchange: Exchange, machine_s: Callable[[], float]) -> None:
        super().__init__(machine_s)
        self._exchange = exchange
        self._accounts = AccountPushes(self._desk)
        self._connections = 0
        exchange.world.listen(self._happened)

    # what sessions ask for

    def begun(self, path: str, now_s: float) -> OkxSession | None:
        stream = PATHS.get(path)
        if stream is None:
            return None
        self._connections += 1
        conn_id = blake2b(str(self._connections).encode(), digest_size=4).hexdigest()
        return OkxSession(path, connected_s=now_s, heard_s=now_s, stream=stream, conn_id=conn_id)

    @property
    def faults(self) -> FaultPlan:
        return self._exchange.faults

    @property
    def largest_frame_bytes(self) -> int:
        return LARGEST_FRAME

    def is_idle(self, session: OkxSession, now_s: float, control_s: float) -> bool:
        """Whether nothing came for too long. What the exchange pushes may keep a connection open as well."""
        quirks = self._exchange.quirks
        last_s = max(session.heard_s, control_s if quirks.protocol_pings_count else 0.0)
        if quirks.pushes_keep_open:
            last_s = max(last_s, session.told_s)
        return now_s - last_s > quirks.idle_sec

    def push(self) -> None:
        """Sends everyone what is due by the world's time."""
        now_ms = self._exchange.world.now_ms
        for session in tuple(self.sessions):
            self._upgrade(session)
            for listening in tuple(session.topics.values()):
                if not listening.is_due(now_ms):
                    continue
                listening.again(now_ms)
                if listening.topic.channel.needs_login:
                    self._tell_all(session, listening.topic)
                else:
                    self._push_market(session, listening)

    def said(self, session: OkxSession, raw: str) -> None:
        if raw == _PING:
            session.put_text(_PONG)
            return
        try:
            document = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("op"), str):
            self._refuse(session, "60012", {}, raw)
            return
        operation, arguments = document["op"], document.get("args")
        about = {"id": str(document["id"])} if document.get("id") else {}
        if operation not in {"login", "subscribe", "unsubscribe"}:
            self._refuse(session, "60019", about, operation)
        elif not isinstance(arguments, list) or not all(isinstance(each, dict) for each in arguments) or not arguments:
            self._refuse(session, "60013", about)
        elif self._is_one_too_many(session):
            self._refuse(session, "60014", about)
        elif operation == "login":
            self._log_in(session, arguments[0])
        else:
            for argument in arguments:
                self._answer(session, operation, argument, about)

    def _is_one_too_many(self, session: OkxSession) -> bool:
        now_s, operations = self.machine_s(), session.operations
        while operations and operations[0] <= now_s - OPERATIONS_WINDOW_S:
            operations.popleft()
        if len(operations) >= MOST_OPERATIONS:
            return True
        operations.append(now_s)
        return False

    def _refuse(self, session: OkxSession, code: str, about: Document, what: str = "") -> None:
        session.told("error", **about, code=code, msg=_TEXTS[code].format(what[:1000]))

    # logins

    def _log_in(self, session: OkxSession, argument: Document) -> None:
        """A second login changes nothing: the official client sends one before every subscription."""
        if session.account is not None:
            self._refuse(session, "60031", {})
            return
        wrong = self._login_problem(session, argument)
        if not wrong:
            session.account = self._exchange.keys[str(argument["apiKey"])].account
            session.told("login", code="0", msg="")
            return
        quirks = self._exchange.quirks
        self._refuse(session, "60009" if quirks.logins_refused_vaguely else wrong, {})
        if quirks.refused_login_closes:
            session.close(LOGIN_FAILED)

    def _login_problem(self, session: OkxSession, argument: Document) -> str:
        """The code of what is wrong; empty: nothing."""
        if session.stream is Stream.PUBLIC:
            return "60009"
        key, stamp = str(argument.get("apiKey", "")), str(argument.get("timestamp", ""))
        credential = self._exchange.keys.get(key)
        if not key:
            return "60005"
        if credential is None or credential.frozen or credential.expired:
            return "60032"
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            return "60004"
        if abs(self._exchange.signing_ms - int(stamp) * 1000) > self._exchange.quirks.signature_window_sec * 1000:
            return "60006"
        if not _same(credential.passphrase, argument.get("passphrase")):
            return "60024"
        return "" if _same(login_signature(credential.secret, stamp), argument.get("sign")) else "60007"

    # subscriptions

    def _answer(self, session: OkxSession, operation: str, argument: Document, about: Document) -> None:
        """One answer an argument; a refusal leaves the connection open."""
        topic = topic_of(argument, BARS)
        wrong = self._topic_problem(session, topic)
        if wrong or topic is None:
            self._refuse(session, wrong or "60018", about, _named(argument))
            return
        session.told(operation, **about, arg=topic.arg)
        if operation == "unsubscribe":
            session.topics.pop(topic.name, None)
            return
        if topic.channel in COUNTED and not self._counted(session, topic):
            return
        now_ms = self._exchange.world.now_ms
        listening = session.topics[topic.name] = Listening(topic, now_ms)
        listening.again(now_ms)
        if topic.channel.needs_login:
            self._tell_all(session, topic)
        else:
            self._push_market(session, listening)

    def _topic_problem(self, session: OkxSession, topic: Topic | None) -> str:
        if topic is None:
            return "60018"
        if topic.channel.stream is not session.stream:
            if session.stream is Stream.BUSINESS:
                return "64002"
            is_candle = topic.channel in {Channel.CANDLE, Channel.MARK_CANDLE}
            is_moved = is_candle and self._exchange.quirks.moved_channels_say_so
            return "64001" if is_moved else "60018"
        if topic.channel.needs_login and session.account is None:
            return "60011"
        if topic.channel is Channel.FILLS:
            return "64003"
        world = self._exchange.world
        world.catch_up()
        return "" if not topic.inst_id or world.engine.contract(topic.inst_id) is not None else "60018"

    def _counted(self, session: OkxSession, topic: Topic) -> bool:
        """Tells how many listen to the channel; False where it is one too many, and the subscription has ended."""
        listening = [each for each in self.sessions if each is not session and each.account == session.account]
        count = sum(_listens_to(each, topic.channel) for each in listening)
        said = {"channel": str(topic.channel), "connCount": str(min(count + 1, MOST_LISTENERS))}
        if count >= MOST_LISTENERS:
            session.told("channel-conn-count-error", **said)
            return False
        if not _listens_to(session, topic.channel):
            session.told("channel-conn-count", **said)
        return True

    # sending

    def _happened(self, _: int, event: Event) -> None:
        quirks = self._exchange.quirks
        for push in self._accounts.of(event):
            times = 2 if quirks.orders_told_twice and push.channel is Channel.ORDERS else 1
            for session in tuple(self.sessions):
                if session.account != push.account:
                    continue
                for listening in tuple(session.topics.values()):
                    if push.is_for(listening.topic):
                        for _again in range(times):
                            self._tell(session, listening.topic, push)

    def _tell(self, session: OkxSession, topic: Topic, push: Push) -> None:
        """Tells of an event, at once or a while after it."""
        message = self._message(session, topic, push.data, push.about)
        delay_s = self._exchange.quirks.stream_delay_ms / 1000
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self.send, session, topic.fault_name, message)
        else:
            self.send(session, topic.fault_name, message)

    def _tell_all(self, session: OkxSession, topic: Topic) -> None:
        """Everything that is so now, where a channel begins with it or repeats it."""
        if session.account is not None:
            for push in self._accounts.everything(session.account, topic):
                self.send(session, topic.fault_name, self._message(session, topic, push.data, push.about))

    def _push_market(self, session: OkxSession, listening: Listening) -> None:
        topic = listening.topic
        for document in pushes(self._desk(""), listening):
            self.send(session, topic.fault_name, {"arg": topic.arg, **document})

    def _message(self, session: OkxSession, topic: Topic, data: Any, about: Document) -> Document:
        owner = config(self._desk(session.account or ""))[0]["uid"]
        return {"arg": {**topic.arg, "uid": owner}, **about, "data": data}

    def _upgrade(self, session: OkxSession) -> None:
        """Announces that the connection will be closed, and closes it later."""
        quirks, now_s = self._exchange.quirks, self.machine_s()
        if session.notice_s is not None:
            if now_s - session.notice_s >= quirks.upgrade_notice_sec:
                session.close(1000)
        elif quirks.upgrade_after_sec is not None and now_s - session.connected_s >= quirks.upgrade_after_sec:
            session.notice_s = now_s
            session.told("notice", code="64008", msg=_TEXTS["64008"])

    def _desk(self, account: str) -> Desk:
        return self._exchange.desk(account, Parameters({}))


def _same(known: str, said: object) -> bool:
    return hmac.compare_digest(known.encode(), str(said).encode())


def _listens_to(session: OkxSession, channel: Channel) -> bool:
    return any(listening.topic.channel is channel for listening in session.topics.values())


def _named(argument: Document) -> str:
    """An argument as refusals name it."""
    told = (f"{name}:{argument[name]}" for name in ("channel", "instId", "instType") if argument.get(name))
    return ",".join(told)


__all__ = ["BUSINESS_PATH", "PRIVATE_PATH", "PUBLIC_PATH", "OkxSession", "Streams"]
