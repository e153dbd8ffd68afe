"""The topics of both streams, and how their names are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

PREFIX = "futures/"
_TOPIC = re.compile(r"futures/(?P<channel>[A-Za-z0-9]+)(?::(?P<symbol>[^@]+))?(?:@(?P<pace>100ms|200ms))?")


class Channel(StrEnum):
    TICKER = "ticker"
    BOOK_TICKER = "bookticker"
    TRADE = "trade"
    DEPTH = "depth"
    DEPTH_ALL = "depthAll"
    DEPTH_INCREASE = "depthIncrease"
    FUNDING = "fundingRate"
    KLINE = "klineBin"
    MARK_KLINE = "markPriceKlineBin"
    ASSET = "asset"
    POSITION = "position"
    ORDER = "order"

    @property
    def is_private(self) -> bool:
        return self in {Channel.ASSET, Channel.POSITION, Channel.ORDER}


KLINE_MINUTES: Mapping[str, int] = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1H": 60,
    "2H": 120,
    "4H": 240,
    "1D": 1440,
    "1W": 10080,
}
"""The stream has fewer lengths than the call; suffixes are case-sensitive."""

_LEVELS = ("5", "20", "50")
_SECOND_MS = 1000
_PERIODS_MS = {
    Channel.FUNDING: 60 * _SECOND_MS,
    Channel.DEPTH: 500,
    Channel.DEPTH_ALL: 500,
    Channel.DEPTH_INCREASE: 500,
    Channel.POSITION: 10 * _SECOND_MS,
}
PACES_MS: Mapping[str, int] = {"100ms": 100, "200ms": 200}
BOOKS = frozenset({Channel.DEPTH, Channel.DEPTH_ALL, Channel.DEPTH_INCREASE})


@frozen
class Topic:
    """One thing to listen to, as it was asked for."""

    name: str
    channel: Channel
    symbol: str | None
    """Of assets the currency."""
    number: int = 0
    """Levels of a book, minutes of a kline."""
    pace_ms: int | None = None

    @property
    def period_ms(self) -> int:
        return self.pace_ms or _PERIODS_MS.get(self.channel, _SECOND_MS)


def parse_topic(name: str) -> Topic | None:
    """The topic of that name; None for one that there is not."""
    match = _TOPIC.fullmatch(name)
    if match is None:
        return None
    word, symbol, pace = match["channel"], match["symbol"], match["pace"]
    channel, number = _channel(word)
    if channel is None or (symbol is None and channel not in {Channel.TICKER, Channel.POSITION, Channel.ORDER}):
        return None
    if pace is not None and channel not in BOOKS:
        return None
    return Topic(name, channel, symbol, number, PACES_MS[pace] if pace else None)


def _channel(word: str) -> tuple[Channel | None, int]:
    for channel in (Channel.DEPTH_INCREASE, Channel.DEPTH_ALL, Channel.DEPTH):
        if word.startswith(channel) and word.removeprefix(channel) in _LEVELS:
            return channel, int(word.removeprefix(channel))
    for channel in (Channel.MARK_KLINE, Channel.KLINE):
        if word.startswith(channel) and word.removeprefix(channel) in KLINE_MINUTES:
            return channel, KLINE_MINUTES[word.removeprefix(channel)]
    plain = {each.value: each for each in Channel if each not in (Channel.KLINE, Channel.MARK_KLINE)}
    found = plain.get(word)
    return (None, 0) if found in BOOKS else (found, 0)
