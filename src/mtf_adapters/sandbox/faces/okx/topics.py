"""The channels of the three streams: which of them serves what, and how an argument names a topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen


class Stream(StrEnum):
    """The last part of a stream's path."""

    PUBLIC = "public"
    BUSINESS = "business"
    PRIVATE = "private"


PREFIX = "/ws/v5/"
PUBLIC_PATH, BUSINESS_PATH, PRIVATE_PATH = (PREFIX + stream for stream in Stream)
PATHS: Mapping[str, Stream] = {PREFIX + stream: stream for stream in Stream}


class Channel(StrEnum):
    TICKERS = "tickers"
    BEST = "bbo-tbt"
    BOOKS_5 = "books5"
    BOOKS = "books"
    MARK_PRICE = "mark-price"
    FUNDING_RATE = "funding-rate"
    PRICE_LIMIT = "price-limit"
    INSTRUMENTS = "instruments"
    STATUS = "status"
    CANDLE = "candle"
    MARK_CANDLE = "mark-price-candle"
    ORDERS = "orders"
    ALGOS = "orders-algo"
    POSITIONS = "positions"
    ACCOUNT = "account"
    BALANCE_AND_POSITION = "balance_and_position"
    FILLS = "fills"

    @property
    def needs_login(self) -> bool:
        return self in _PRIVATE or self is Channel.ALGOS

    @property
    def stream(self) -> Stream:
        if self in {Channel.CANDLE, Channel.MARK_CANDLE, Channel.ALGOS}:
            return Stream.BUSINESS
        return Stream.PRIVATE if self in _PRIVATE else Stream.PUBLIC

    @property
    def is_of_one_contract(self) -> bool:
        """Whether it is asked for by `instId`."""
        return not self.needs_login and self not in {Channel.INSTRUMENTS, Channel.STATUS}

    @property
    def is_of_a_type(self) -> bool:
        """Whether it is asked for by `instType`."""
        return self in {Channel.INSTRUMENTS, Channel.ORDERS, Channel.ALGOS, Channel.POSITIONS}


_PRIVATE = frozenset({Channel.ORDERS, Channel.POSITIONS, Channel.ACCOUNT, Channel.BALANCE_AND_POSITION, Channel.FILLS})
COUNTED = frozenset({Channel.ORDERS, Channel.POSITIONS, Channel.ACCOUNT, Channel.BALANCE_AND_POSITION})
"""Only so many connections of one account may listen to each of them."""

_SECOND_MS = 1000
REPEATED_MS = 5 * _SECOND_MS
"""How often positions and the account are told again though nothing happened."""
PERIODS_MS: Mapping[Channel, int] = {
    Channel.TICKERS: 100,
    Channel.BEST: 10,
    Channel.BOOKS_5: 100,
    Channel.BOOKS: 100,
    Channel.MARK_PRICE: 200,
    Channel.PRICE_LIMIT: 200,
    Channel.FUNDING_RATE: 30 * _SECOND_MS,
    Channel.INSTRUMENTS: _SECOND_MS,
    Channel.STATUS: _SECOND_MS,
    Channel.CANDLE: _SECOND_MS,
    Channel.MARK_CANDLE: _SECOND_MS,
}
_TYPES = frozenset({"SWAP", "FUTURES", "ANY"})
_INTERVALS_MS: Mapping[str, int] = {"0": 0, "2000": 2000, "3000": 3000, "4000": 4000}


@frozen
class Topic:
    """One thing to listen to, as it was asked for."""

    name: str
    """The argument as one text: what one session listens to once."""
    arg: Mapping[str, str]
    """As it stands in acknowledgements and messages."""
    channel: Channel
    bar: str = ""
    """The word for a candle's length."""
    repeated_ms: int = REPEATED_MS
    """Of positions and the account; 0: only when something happens."""

    @property
    def inst_id(self) -> str:
        return self.arg.get("instId", "")

    @property
    def fault_name(self) -> str:
        """By which faults find its messages."""
        return ":".join(filter(None, (self.arg["channel"], self.inst_id or self.arg.get("instType"))))

    @property
    def period_ms(self) -> int:
        if self.channel in {Channel.POSITIONS, Channel.ACCOUNT}:
            return self.repeated_ms
        return PERIODS_MS.get(self.channel, 0)

    def is_about(self, inst_type: str, family: str, inst_id: str) -> bool:
        """Whether what happens to that contract belongs to it."""
        wanted = {"instType": (inst_type, "ANY"), "instFamily": (family,), "instId": (inst_id,)}
        return all(name not in self.arg or self.arg[name] in values for name, values in wanted.items())


def topic_of(arg: Mapping[str, Any], bars: frozenset[str]) -> Topic | None:
    """The topic that an argument names; None where there is no such channel, or it lacks what the channel needs.

    `bars` are the words for candles' lengths.
    """
    said = {str(name): str(value) for name, value in arg.items() if name != "extraParams" and value not in (None, "")}
    channel, bar = _channel(said.get("channel", ""), bars)
    if channel is None or (channel.is_of_one_contract and not said.get("instId")):
        return None
    if channel.is_of_a_type and said.get("instType") not in _TYPES:
        return None
    name = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return Topic(name, said, channel, bar, _interval_ms(arg.get("extraParams")))


def _channel(word: str, bars: frozenset[str]) -> tuple[Channel | None, str]:
    for channel in (Channel.MARK_CANDLE, Channel.CANDLE):
        bar = word.removeprefix(channel)
        if bar != word and bar in bars:
            return channel, bar
    plain = {each.value: each for each in Channel if each not in (Channel.CANDLE, Channel.MARK_CANDLE)}
    return plain.get(word), ""


def _interval_ms(extra: object) -> int:
    """Of `{"updateInterval": "0"}`, which is a text within the argument."""
    try:
        said = json.loads(extra) if isinstance(extra, str) else {}
    except ValueError:
        return REPEATED_MS
    wanted = str(said.get("updateInterval")) if isinstance(said, dict) else ""
    return _INTERVALS_MS.get(wanted, REPEATED_MS)
