"""What BitMart pushes, behind the port `Streams` (sheet §4)."""

from __future__ import annotations

import asyncio
import json
import logging
import random as _random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from attrs import define, field
from websockets.asyncio.client import ClientConnection

from mtf_adapters.bitmart.capabilities import CAPABILITIES
from mtf_adapters.bitmart.hosts import Hosts
from mtf_adapters.bitmart.mapping import pushed_order_of
from mtf_adapters.bitmart.signing import WEBSOCKET_PAYLOAD, Credentials
from mtf_adapters.bitmart.wire import KlineItem, OrderFrame
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.reading import named_once
from mtf_adapters.online.sockets import Dialect, Patience, RefusedError, events_of
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.subscribing import Answer, LastTold, frames_of, shared_out, subscribed
from mtf_core.market import Timeframe
from mtf_core.ports import (
    AccountEvent,
    BalancePushed,
    CandleEvent,
    CandleUpdate,
    ExchangeError,
    ExchangeUnavailableError,
    NotStreamed,
    OrderPushed,
    PositionPushed,
)

LARGEST_FRAME = 1900
"""Bytes of a frame; at about 2,100 the exchange closed the socket (sheet §4.1)."""
_LARGEST_INFLATED = 4 * 1024 * 1024

_SUFFIXES = {
    Timeframe.M1: "1m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.H1: "1H",
    Timeframe.H4: "4H",
    Timeframe.D1: "1D",
}
_ORDERS, _POSITIONS, _ASSETS = "futures/order", "futures/position", "futures/asset"

_log = logging.getLogger(__name__)


class BitmartStreams:
    """Implements the port `Streams`."""

    def __init__(
        self,
        hosts: Hosts,
        credentials: Credentials | None,
        clock: ExchangeClock,
        *,
        patience: Patience | None = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._hosts = hosts
        self._credentials = credentials
        self._clock = clock
        self._patience = patience or Patience()
        self._random = random
        self._sleep = sleep

    def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        groups = shared_out(symbols, CAPABILITIES.candles.most_topics_per_connection)
        return self._events([CandleDialect(self._hosts.ws_public, group, timeframe, self._clock) for group in groups])

    def account(self) -> AsyncIterator[AccountEvent]:
        """Raises `ExchangeError` at once where there is no key."""
        if self._credentials is None:
            raise ExchangeError("there is no key: the account cannot be listened to")
        return self._events([AccountDialect(self._hosts.ws_private, self._credentials, self._clock)])

    def _events(self, dialects: Sequence[Dialect[Any]]) -> AsyncIterator[Any]:
        return events_of(dialects, self._clock, self._patience, random=self._random, sleep=self._sleep)


def subscriptions(topics: Sequence[str]) -> Iterator[str]:
    """Frames that subscribe to all topics, none of them too large to be taken."""
    return frames_of(topics, _subscription, LARGEST_FRAME)


def _subscription(topics: Sequence[str]) -> str:
    return json.dumps({"action": "subscribe", "args": list(topics)}, separators=(",", ":"))


def read_frame(frame: str | bytes) -> dict[str, Any]:
    """A frame's object; an empty one for what is none. Binary frames are deflated without a header."""
    try:
        if isinstance(frame, bytes):
            frame = zlib.decompressobj(-15).decompress(frame, _LARGEST_INFLATED).decode()
        content = json.loads(frame, parse_float=Decimal, object_pairs_hook=named_once)
    except (ValueError, zlib.error, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def topic_of(group: object) -> str:
    """A data frame's topic without the rate that the exchange may have added to it."""
    return group.partition("@")[0] if isinstance(group, str) else ""


class _Subscribing:
    """What both sockets do: subscribe, and wait until each topic is confirmed."""

    def ping(self) -> str:
        return '{"action":"ping"}'

    def hear(self, frame: str | bytes) -> Sequence[Any] | None:
        content = read_frame(frame)
        topic = topic_of(content.get("group"))
        if "action" in content or topic in {"", "System"}:
            return None
        return self.data(topic, content.get("data"))

    def data(self, topic: str, data: Any) -> Sequence[Any]:
        raise NotImplementedError

    async def subscribe(
        self, socket: ClientConnection, topics: Sequence[str], tell: Callable[[Any], Awaitable[None]]
    ) -> dict[str, str]:
        """Subscribes; returns why for each topic that was refused. Data that comes meanwhile is told."""

        async def pass_on(raw: str | bytes) -> None:
            for event in self.hear(raw) or ():
                await tell(event)

        return await subscribed(socket, subscriptions(topics), topics, _answer, pass_on)


def _answer(raw: str | bytes) -> Answer | None:
    """What an acknowledgement says; one that does not say success is none."""
    content = read_frame(raw)
    if content.get("action") != "subscribe":
        return None
    is_refused = content.get("success") is not True
    return Answer(_acknowledged(content), str(content.get("error") or "refused")[:200] if is_refused else "")


def _acknowledged(content: dict[str, Any]) -> str | None:
    """The topic of an acknowledgement; what was asked for stands in it, too."""
    if isinstance(content.get("group"), str):
        return str(content["group"])
    request = content.get("request")
    args = request.get("args") if isinstance(request, dict) else None
    return str(args[0]) if isinstance(args, list) and len(args) == 1 else None


@define(eq=False)
class CandleDialect(_Subscribing):
    """Candles of up to a hundred symbols. The exchange never says that one has closed."""

    url: str
    symbols: Sequence[str]
    timeframe: Timeframe
    clock: ExchangeClock
    pongs_count: bool = False

    async def greet(self, socket: ClientConnection, tell: Callable[[Any], Awaitable[None]]) -> None:
        prefix = f"futures/klineBin{_SUFFIXES[self.timeframe]}:"
        refused = await self.subscribe(socket, [prefix + symbol for symbol in self.symbols], tell)
        for topic, why in refused.items():
            await tell(NotStreamed(topic.removeprefix(prefix), self.clock.now_ms(), why))

    def data(self, topic: str, data: Any) -> Sequence[CandleUpdate]:
        symbol = topic.partition(":")[2]
        if not (topic.startswith("futures/klineBin") and symbol and isinstance(data, dict)):
            return ()
        rows = data.get("items", [data])  # some frames are the candle itself
        try:
            items = structured(rows, list[KlineItem], topic)
        except ExchangeUnavailableError as error:
            _log.warning("a candle of the stream is left out: %s", error)
            return ()
        return [self._update(symbol, item) for item in items]

    def _update(self, symbol: str, item: KlineItem) -> CandleUpdate:
        return CandleUpdate(
            symbol=symbol,
            timeframe=self.timeframe,
            open_ms=self.timeframe.open_at_or_before(item.ts * 1000),  # stamped at its open, or a second later
            open=float(item.o),
            high=float(item.h),
            low=float(item.l),
            close=float(item.c),
            volume=float(item.v),
            is_closed=None,
        )


@define(eq=False)
class AccountDialect(_Subscribing):
    """Orders, positions and balance of one account."""

    url: str
    credentials: Credentials = field(repr=False)
    clock: ExchangeClock
    pongs_count: bool = True
    _positions: LastTold = field(factory=LastTold, init=False)
    """They are told again every ten seconds, changed or not."""

    async def greet(self, socket: ClientConnection, tell: Callable[[Any], Awaitable[None]]) -> None:
        self._positions.forget()
        timestamp = str(self.clock.now_ms())
        signature = self.credentials.sign(timestamp, WEBSOCKET_PAYLOAD)
        await socket.send(json.dumps({"action": "access", "args": [self.credentials.key, timestamp, signature, "web"]}))
        answer: dict[str, Any] = {}
        while answer.get("action") != "access":
            answer = read_frame(await socket.recv())
        if answer.get("success") is not True:
            why = self.credentials.redacted(str(answer.get("error") or "no reason given")[:200])
            raise RefusedError(f"the login was refused: {why}")
        refused = await self.subscribe(socket, [_ORDERS, _POSITIONS, f"{_ASSETS}:USDT"], tell)
        if refused:
            topic, why = next(iter(refused.items()))
            raise RefusedError(f"{topic} was refused: {self.credentials.redacted(why)}")

    def data(self, topic: str, data: Any) -> Sequence[OrderPushed | PositionPushed | BalancePushed]:
        now_ms = self.clock.now_ms()
        if topic == _ORDERS:
            return self._orders(data, now_ms)
        if topic == _POSITIONS:
            return [PositionPushed(symbol, now_ms) for symbol in self._changed(data)]
        return [BalancePushed(now_ms)] if topic.startswith(_ASSETS) else []

    def _orders(self, data: Any, now_ms: int) -> Sequence[OrderPushed | PositionPushed | BalancePushed]:
        rows = data if isinstance(data, list) else [data]
        return [self._order(row, now_ms) for row in rows]

    def _order(self, row: Any, now_ms: int) -> OrderPushed | PositionPushed | BalancePushed:
        try:
            return OrderPushed(pushed_order_of(structured(row, OrderFrame, _ORDERS).order), now_ms)
        except ExchangeUnavailableError as error:
            # Something happened that cannot be read: a reason to look at its symbol all the same.
            _log.warning("an order of the stream cannot be read: %s", self.credentials.redacted(str(error)))
            order = row.get("order") if isinstance(row, dict) else None
            symbol = order.get("symbol") if isinstance(order, dict) else None
            return PositionPushed(symbol, now_ms) if isinstance(symbol, str) else BalancePushed(now_ms)

    def _changed(self, data: Any) -> Sequence[str]:
        """Symbols whose positions are not as they were told last."""
        changed: dict[str, None] = {}
        for row in data if isinstance(data, list) else ():
            if not isinstance(row, dict) or not isinstance(row.get("symbol"), str):
                continue
            key = (row["symbol"], str(row.get("position_type")))
            now = {name: value for name, value in row.items() if name != "update_time"}
            if self._positions.is_news(key, now):
                changed[row["symbol"]] = None
        return list(changed)
