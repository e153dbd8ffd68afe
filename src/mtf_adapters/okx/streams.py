"""What OKX pushes, behind the port `Streams` (sheet §8).

Candles and algo orders come on the business socket, orders, positions and balance on the private one: an account is
two sockets, and both are logged in.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random as _random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field
from websockets.asyncio.client import ClientConnection

from mtf_adapters.okx.capabilities import CAPABILITIES
from mtf_adapters.okx.hosts import Hosts
from mtf_adapters.okx.mapping import BARS, algo_of, order_of
from mtf_adapters.okx.products import Product
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.wire import AlgoRow, CandleRow, OrderRow
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.reading import UnreadableAnswerError, json_object
from mtf_adapters.online.sockets import Dialect, LeavingError, Patience, RefusedError, Turnstile, events_of
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

LARGEST_FRAME = 60_000
"""Bytes of a frame; 64 KB of arguments are allowed (sheet §3)."""
BETWEEN_CONNECTIONS_S = 0.4
"""Three connections may begin in a second from one address (sheet §3)."""

CHANNELS = {timeframe: f"candle{bar}" for timeframe, bar in BARS.items()}
_ORDERS, _ALGOS, _POSITIONS, _ACCOUNT = "orders", "orders-algo", "positions", "account"

_UPGRADE = "64008"
_NOT_THERE = frozenset({"60018", "51001"})
"""The channel or the instrument is not there: it concerns what was asked for, and nothing else."""
_LOGIN_REFUSALS = {
    "60004": "the time of the login cannot be read",
    "60005": "OKX does not know the key",
    "60006": "the clock of this machine is wrong by more than 30 s",
    "60007": "the signature is wrong: the secret does not belong to the key",
    "60023": "too many logins in a short time",
    "60024": "the passphrase is wrong",
    "60032": "OKX does not know the key here: it belongs to another region or another environment",
    "50101": "the key belongs to another environment",
    "50110": "this machine's address is not among those that the key allows",
}
_NAMED = re.compile(r"instId:\s*([A-Za-z0-9_\-]+)")
"""How a refusal names the instrument that it is about."""
_POSITION_FACTS = ("pos", "avgPx", "mgnMode", "lever", "posId", "tradeId", "fundingFee", "liqPenalty", "settledPnl")
"""What makes a position another one; the rest of a row moves with the price."""
_COIN_FACTS = ("cashBal", "ordFrozen")

_log = logging.getLogger(__name__)


class OkxStreams:
    """Implements the port `Streams`."""

    def __init__(
        self,
        hosts: Hosts,
        credentials: Credentials | None,
        clock: ExchangeClock,
        product: Product,
        environment: str,
        *,
        patience: Patience | None = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._hosts = hosts
        self._credentials = credentials
        self._clock = clock
        self._product = product
        self._environment = environment
        self._patience = patience or Patience()
        self._random = random
        self._sleep = sleep
        self._turnstile = Turnstile(BETWEEN_CONNECTIONS_S)

    def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        groups = shared_out(symbols, CAPABILITIES.candles.most_topics_per_connection)
        return self._events([CandleDialect(self._hosts.ws_business, group, timeframe, self._clock) for group in groups])

    def account(self) -> AsyncIterator[AccountEvent]:
        """Raises `ExchangeError` at once where there is no key."""
        if self._credentials is None:
            raise ExchangeError("there is no key: the account cannot be listened to")
        of_type = {"instType": self._product.inst_type}
        private = [{"channel": _ORDERS, **of_type}, {"channel": _POSITIONS, **of_type}, {"channel": _ACCOUNT}]
        business = [{"channel": _ALGOS, **of_type}]
        return self._events(
            [
                AccountDialect(url, self._credentials, self._clock, self._environment, topics)
                for url, topics in ((self._hosts.ws_private, private), (self._hosts.ws_business, business))
            ]
        )

    def _events(self, dialects: Sequence[Dialect[Any]]) -> AsyncIterator[Any]:
        return events_of(
            dialects,
            self._clock,
            self._patience,
            random=self._random,
            sleep=self._sleep,
            turnstile=self._turnstile,
        )


def subscriptions(topics: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Frames that subscribe to all topics, none of them too large to be taken."""
    return frames_of(topics, lambda some: _frame("subscribe", some), LARGEST_FRAME)


def _frame(operation: str, arguments: Iterable[Mapping[str, str]]) -> str:
    return json.dumps({"op": operation, "args": list(arguments)}, separators=(",", ":"))


def read_frame(frame: str | bytes) -> dict[str, Any]:
    """A frame's object; an empty one for what is none, as the bare word `pong`."""
    try:
        return json_object(frame.encode() if isinstance(frame, str) else frame)
    except UnreadableAnswerError:
        return {}


class _Talk:
    """What all sockets do: ping, ask for channels, and notice when the exchange ends what it confirmed."""

    def ping(self) -> str:
        return "ping"

    def hear(self, frame: str | bytes) -> Sequence[Any] | None:
        content = read_frame(frame)
        event, arg = content.get("event"), content.get("arg")
        if event in {"notice", "error", "channel-conn-count-error"}:
            self._warned(str(event), content)
        if event is not None or not isinstance(arg, dict):
            return None
        return self.data(str(arg.get("channel")), arg, content.get("data"))

    def data(self, channel: str, arg: Mapping[str, Any], data: Any) -> Sequence[Any]:
        raise NotImplementedError

    def told(self, text: str) -> str:
        """The exchange's words, as they may be repeated."""
        return text[:200]

    def _warned(self, event: str, content: Mapping[str, Any]) -> None:
        """Ends a connection of which the exchange has said that it does not hold."""
        said = self._said(content)
        if event == "notice":
            if content.get("code") != _UPGRADE:
                _log.info("OKX gives notice: %s", said)
                return
            raise LeavingError("OKX is about to close the connection for an upgrade")
        if event == "error":
            raise RefusedError(f"OKX reports an error: {said}")
        raise RefusedError(f"too many connections listen to {content.get('channel')!s:.50}: OKX has ended this one")

    def _said(self, content: Mapping[str, Any]) -> str:
        return f"{self.told(str(content.get('msg') or 'no reason given'))} ({content.get('code')!s:.10})"

    async def subscribe(
        self,
        socket: ClientConnection,
        topics: Mapping[str, Mapping[str, str]],
        tell: Callable[[Any], Awaitable[None]],
    ) -> dict[str, str]:
        """Subscribes to topics by name; returns why for each that is not there. Data that comes meanwhile is told.

        Raises `RefusedError` for an error that concerns no topic alone.
        """

        async def pass_on(raw: str | bytes) -> None:
            for event in self.hear(raw) or ():
                await tell(event)

        def answer(raw: str | bytes) -> Answer | None:
            content = read_frame(raw)
            arg = content.get("arg")
            if content.get("event") == "subscribe" and isinstance(arg, dict):
                return Answer(self.name_of(arg))
            if content.get("event") != "error" or content.get("code") not in _NOT_THERE:
                return None
            return Answer(self._refused_of(content, topics), self._said(content))

        return await subscribed(socket, subscriptions(list(topics.values())), list(topics), answer, pass_on)

    def _refused_of(self, content: Mapping[str, Any], topics: Mapping[str, Any]) -> str | None:
        """The topic that a refusal is about; its words name the instrument, and sometimes the argument is repeated."""
        arg = content.get("arg")
        if isinstance(arg, dict):
            return self.name_of(arg)
        found = _NAMED.search(str(content.get("msg")))
        return found[1] if found is not None and found[1] in topics else None

    def name_of(self, arg: Mapping[str, Any]) -> str:
        raise NotImplementedError


@define(eq=False)
class CandleDialect(_Talk):
    """Candles of many symbols."""

    url: str
    symbols: Sequence[str]
    timeframe: Timeframe
    clock: ExchangeClock
    pongs_count: bool = False

    async def greet(self, socket: ClientConnection, tell: Callable[[Any], Awaitable[None]]) -> None:
        channel = CHANNELS[self.timeframe]
        topics = {symbol: {"channel": channel, "instId": symbol} for symbol in self.symbols}
        for symbol, why in (await self.subscribe(socket, topics, tell)).items():
            await tell(NotStreamed(symbol, self.clock.now_ms(), why))

    def name_of(self, arg: Mapping[str, Any]) -> str:
        return str(arg.get("instId"))

    def data(self, channel: str, arg: Mapping[str, Any], data: Any) -> Sequence[CandleUpdate]:
        if channel != CHANNELS[self.timeframe] or not isinstance(data, list):
            return ()
        updates = []
        for row in data:
            try:
                updates.append(self._update(self.name_of(arg), CandleRow.from_wire(row)))
            except (ValueError, OverflowError) as error:
                _log.warning("a candle of the stream is left out: %s: %s", self.name_of(arg), error)
        return updates

    def _update(self, symbol: str, row: CandleRow) -> CandleUpdate:
        """The last row of a candle says that it has closed, any before it that it runs."""
        if self.timeframe.open_at_or_before(row.open_ms) != row.open_ms:
            raise ValueError(f"no candle of {self.timeframe} opens at {row.open_ms}")
        if row.confirm not in {"0", "1"}:
            raise ValueError(f"whether it has closed is told by {row.confirm!r}")
        return CandleUpdate(
            symbol=symbol,
            timeframe=self.timeframe,
            open_ms=row.open_ms,
            open=float(row.open),
            high=float(row.high),
            low=float(row.low),
            close=float(row.close),
            volume=float(row.volume),
            is_closed=row.confirm == "1",
        )


@define(eq=False)
class AccountDialect(_Talk):
    """What one of the two sockets tells of one account."""

    url: str
    credentials: Credentials = field(repr=False)
    clock: ExchangeClock
    environment: str
    topics: Sequence[Mapping[str, str]]
    pongs_count: bool = True
    _last: LastTold = field(factory=LastTold, init=False)
    """Positions and balance are told again every five seconds, changed or not."""

    async def greet(self, socket: ClientConnection, tell: Callable[[Any], Awaitable[None]]) -> None:
        self._last.forget()
        await self._log_in(socket)
        refused = await self.subscribe(socket, {topic["channel"]: topic for topic in self.topics}, tell)
        if refused:
            channel, why = next(iter(refused.items()))
            raise RefusedError(f"{channel} was refused: {why}")

    async def _log_in(self, socket: ClientConnection) -> None:
        seconds = str(self.clock.now_ms() // 1000)
        login = {
            "apiKey": self.credentials.key,
            "passphrase": self.credentials.passphrase,
            "timestamp": seconds,
            "sign": self.credentials.login_sign(seconds),
        }
        await socket.send(_frame("login", [login]))
        answer: dict[str, Any] = {}
        while answer.get("event") not in {"login", "error"}:
            answer = read_frame(await socket.recv())
        code = str(answer.get("code"))
        if answer.get("event") == "error" or code != "0":
            why = _LOGIN_REFUSALS.get(code)
            said = self._said(answer)
            raise RefusedError(f"the login to OKX ({self.environment}) was refused: {f'{why}: ' if why else ''}{said}")

    def told(self, text: str) -> str:
        return self.credentials.redacted(text)[:200]

    def name_of(self, arg: Mapping[str, Any]) -> str:
        return str(arg.get("channel"))

    def data(
        self, channel: str, arg: Mapping[str, Any], data: Any
    ) -> Sequence[OrderPushed | PositionPushed | BalancePushed]:
        now_ms = self.clock.now_ms()
        rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
        if channel in {_ORDERS, _ALGOS}:
            return [self._order(channel, row, now_ms) for row in rows]
        if channel == _POSITIONS:
            return [PositionPushed(symbol, now_ms) for symbol in self._changed(rows)]
        return [BalancePushed(now_ms)] if channel == _ACCOUNT and self._balance_is_news(rows) else []

    def _order(self, channel: str, row: Mapping[str, Any], now_ms: int) -> OrderPushed | PositionPushed | BalancePushed:
        try:
            if channel == _ALGOS:
                return OrderPushed(algo_of(structured(row, AlgoRow, channel)), now_ms)
            return OrderPushed(order_of(structured(row, OrderRow, channel)), now_ms)
        except ExchangeUnavailableError as error:
            # Something happened that cannot be read: a reason to look all the same.
            _log.warning("an order of the stream cannot be read: %s", self.credentials.redacted(str(error)))
            symbol = row.get("instId")
            return PositionPushed(symbol, now_ms) if isinstance(symbol, str) else BalancePushed(now_ms)

    def _changed(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """Symbols whose positions are not as they were told last."""
        changed: dict[str, None] = {}
        for row in rows:
            symbol = row.get("instId")
            if not isinstance(symbol, str):
                continue
            facts = [row.get(name) for name in _POSITION_FACTS]
            if self._last.is_news((_POSITIONS, symbol, str(row.get("posSide")), str(row.get("mgnMode"))), facts):
                changed[symbol] = None
        return list(changed)

    def _balance_is_news(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        news = False
        for row in rows:
            coins = row.get("details")
            for coin in coins if isinstance(coins, list) else ():
                if isinstance(coin, dict):
                    facts = [coin.get(name) for name in _COIN_FACTS]
                    news |= self._last.is_news((_ACCOUNT, str(coin.get("ccy"))), facts)
        return news
