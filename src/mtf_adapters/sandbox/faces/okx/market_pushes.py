"""What the streams of the market send of each topic, when it is due and something has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import define

from mtf_adapters.sandbox.bars import Bar, closed_bars
from mtf_adapters.sandbox.faces.okx.candles import BARS as BAR_KINDS
from mtf_adapters.sandbox.faces.okx.candles import candle_row, running_bar
from mtf_adapters.sandbox.faces.okx.codes import RefusedError
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.parameters import Parameters
from mtf_adapters.sandbox.faces.okx.public import (
    book_row,
    funding_rate,
    instruments,
    mark_price,
    price_limit,
    system_status,
    ticker,
)
from mtf_adapters.sandbox.faces.okx.rows import Row
from mtf_adapters.sandbox.faces.okx.topics import Channel, Topic
from mtf_adapters.sandbox.matching.commands import Level
from mtf_core.ports import ExchangeError

BARS = frozenset(BAR_KINDS)
"""The words for candles' lengths."""
Document = Mapping[str, Any]
Book = dict[str, dict[Decimal, Decimal]]
"""Sizes by price of each side."""

_MOST_BARS = 500
_MOST_LEVELS = 400
_KEEP_ALIVE_MS = 60_000
_NO_SEQUENCE = -1


@define(eq=False)
class Listening:
    """One topic of one session, and what it was told last."""

    topic: Topic
    due_ms: int
    last: Any = None
    """What was said last, without its time; None: nothing yet."""
    told_ms: int = 0
    sequence: int = _NO_SEQUENCE
    bar_open_ms: int | None = None

    def is_due(self, now_ms: int) -> bool:
        return bool(self.topic.period_ms) and now_ms >= self.due_ms

    def again(self, now_ms: int) -> None:
        """Due next after its period."""
        self.due_ms = now_ms + self.topic.period_ms

    def is_news(self, what: Any) -> bool:
        if self.last == what:
            return False
        self.last = what
        return True


def pushes(desk: Desk, listening: Listening) -> Iterable[Document]:
    """Everything that the topic has to say now; nothing where the market shows no prices."""
    try:
        yield from _PUSHES[listening.topic.channel](_asking(desk, listening.topic), listening)
    except (ExchangeError, RefusedError):
        return


def _asking(desk: Desk, topic: Topic) -> Desk:
    """A desk at which the topic's argument stands as a call's would."""
    kind = {"instType": "FUTURES" if "_UM_XPERP-" in topic.inst_id else "SWAP"} if topic.inst_id else {}
    return desk.saying(Parameters({**kind, **topic.arg}))


def _as_called(call: Callable[[Desk], Sequence[Row]]) -> Callable[[Desk, Listening], Iterable[Document]]:
    """What a call answers, whenever it is not as it was."""

    def told(desk: Desk, listening: Listening) -> Iterable[Document]:
        rows = call(desk)
        if rows and listening.is_news([{name: row[name] for name in row if name != "ts"} for row in rows]):
            yield {"data": rows}

    return told


def _instruments(desk: Desk, listening: Listening) -> Iterable[Document]:
    """What changed; whether the list stands at the beginning differs between sources."""
    rows = {row["instId"]: row for row in instruments(desk)}
    before, listening.last = listening.last, rows
    if before is None and not desk.quirks.instruments_told_first:
        return
    changed = [row for symbol, row in rows.items() if before is None or before.get(symbol) != row]
    if changed:
        yield {"data": changed}


def _status(desk: Desk, listening: Listening) -> Iterable[Document]:
    """The newest entry when one begins to listen, and again when it changes."""
    rows = system_status(desk.saying(Parameters({})))[:1]
    if listening.is_news(rows):
        yield {"data": [{**row, "ts": str(desk.now_ms)} for row in rows]}


def _top(levels: int) -> Callable[[Desk, Listening], Iterable[Document]]:
    """Whole books of a few levels."""

    def told(desk: Desk, listening: Listening) -> Iterable[Document]:
        tick = desk.tick(listening.topic.inst_id)
        row = book_row(tick.asks[:levels], tick.bids[:levels], desk.now_ms)
        if listening.is_news((row["asks"], row["bids"])):
            yield {"data": [{**row, "instId": tick.symbol}]}

    return told


def _books(desk: Desk, listening: Listening) -> Iterable[Document]:
    """A whole book first, then what changed: each message names the one before it; size 0 takes a level away."""
    tick, now_ms = desk.tick(listening.topic.inst_id), desk.now_ms
    sides = (("asks", tick.asks), ("bids", tick.bids))
    book = {side: {level.price: level.size for level in levels[:_MOST_LEVELS]} for side, levels in sides}
    before, listening.last = listening.last, book
    is_first = before is None
    changes = book if before is None else {side: _changes(before[side], levels) for side, levels in book.items()}
    if not any(changes.values()) and now_ms - listening.told_ms < _KEEP_ALIVE_MS:
        return
    # A keep-alive names itself as the one before it.
    sequence = now_ms if any(changes.values()) else listening.sequence
    previous, listening.sequence, listening.told_ms = listening.sequence, sequence, now_ms
    if is_first and not desk.quirks.books_begin_whole:
        return
    levels = {side: [Level(price, size) for price, size in found.items()] for side, found in changes.items()}
    row = book_row(levels["asks"], levels["bids"], now_ms)
    numbers = {"checksum": 0, "seqId": sequence, "prevSeqId": previous}
    yield {"action": "snapshot" if is_first else "update", "data": [{**row, **numbers}]}


def _changes(before: Mapping[Decimal, Decimal], now: Mapping[Decimal, Decimal]) -> dict[Decimal, Decimal]:
    gone = {price: Decimal(0) for price in before if price not in now}
    return gone | {price: size for price, size in now.items() if before.get(price) != size}


def _candles(desk: Desk, listening: Listening) -> Iterable[Document]:
    """Bars that closed since the last message, each with its last word; then the one that is forming."""
    contract, kind = desk.named_contract(), BAR_KINDS[listening.topic.bar]
    current = kind.open_of(desk.now_ms)
    before, listening.bar_open_ms = listening.bar_open_ms, current
    found: list[tuple[Bar, bool]] = []
    if before is not None and before < current:
        first = max(before, current - _MOST_BARS * kind.ms)
        market, minutes, shift = desk.world.market, kind.minutes, kind.shift_min
        closed = closed_bars(market, contract.symbol, minutes, first, current - 1, desk.now_ms, shift)
        found += [(bar, True) for bar in closed]
    forming = running_bar(desk, contract.symbol, kind)
    found += [(forming, False)] if forming is not None else []
    marks = listening.topic.channel is Channel.MARK_CANDLE
    for bar, is_closed in found:
        row = candle_row(bar, contract, is_closed)
        if listening.is_news(row):
            yield {"data": [[*row[:5], row[-1]] if marks else row]}


_PUSHES: Mapping[Channel, Callable[[Desk, Listening], Iterable[Document]]] = {
    Channel.TICKERS: _as_called(ticker),
    Channel.BEST: _top(1),
    Channel.BOOKS_5: _top(5),
    Channel.BOOKS: _books,
    Channel.MARK_PRICE: _as_called(mark_price),
    Channel.FUNDING_RATE: _as_called(funding_rate),
    Channel.PRICE_LIMIT: _as_called(price_limit),
    Channel.INSTRUMENTS: _instruments,
    Channel.STATUS: _status,
    Channel.CANDLE: _candles,
    Channel.MARK_CANDLE: _candles,
}
