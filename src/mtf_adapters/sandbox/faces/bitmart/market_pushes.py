"""What the public stream sends of each topic, when it is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import define

from mtf_adapters.sandbox.bars import Bar, bar_open, closed_bars
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.details import day_change, day_volume
from mtf_adapters.sandbox.faces.bitmart.funding import FUNDING_LIMIT
from mtf_adapters.sandbox.faces.bitmart.public import buyer_was_maker, trade_size
from mtf_adapters.sandbox.faces.bitmart.topics import Channel, Topic
from mtf_adapters.sandbox.faces.funding import funding_rates, next_funding_ms
from mtf_adapters.sandbox.faces.numbers import price_text, text
from mtf_adapters.sandbox.matching.commands import Level
from mtf_core.market import MINUTE_MS, Contract, format_instant
from mtf_core.ports import ExchangeError

Data = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Book = dict[str, dict[Decimal, Decimal]]
"""Sizes by price of each side."""

_MOST_BARS = 500
_MOST_TRADES = 20


@define
class Listening:
    """One topic of one session, and what it was told last."""

    topic: Topic
    due_ms: int
    version: int = 0
    book: Book | None = None
    bar_open_ms: int | None = None
    traded_ms: int | None = None

    def is_due(self, now_ms: int) -> bool:
        return now_ms >= self.due_ms

    def again(self, now_ms: int) -> None:
        """Due next after its period."""
        self.due_ms = now_ms + self.topic.period_ms


def pushes(desk: Desk, listening: Listening) -> Iterable[Data]:
    """Everything that the topic has to say now; nothing where the market shows no prices."""
    try:
        yield from _PUSHES[listening.topic.channel](desk, listening)
    except ExchangeError:
        return


def snapshot(desk: Desk, listening: Listening) -> Iterable[Data]:
    """What a client gets that asks once: a whole book, or the funding rate."""
    if listening.topic.channel is Channel.DEPTH_INCREASE:
        listening.book = None
    return pushes(desk, listening)


def _ticker(desk: Desk, listening: Listening) -> Iterable[Data]:
    wanted = listening.topic.symbol
    for contract in desk.world.market.contracts(desk.now_ms) if wanted is None else (desk.contract(wanted),):
        try:
            yield _ticker_of(desk, contract)
        except ExchangeError:
            continue


def _ticker_of(desk: Desk, contract: Contract) -> Data:
    tick = desk.world.quote(contract.symbol)
    return {
        "symbol": contract.symbol,
        "last_price": text(tick.last),
        "volume_24": text(day_volume(desk.world, contract, desk.now_ms)),
        "range": text(day_change(desk.world, contract, tick.last, desk.now_ms)),
        "mark_price": text(tick.mark),
        "index_price": text(tick.mark),
        **_touch("ask_price", "ask_vol", tick.asks),
        **_touch("bid_price", "bid_vol", tick.bids),
    }


def _book_ticker(desk: Desk, listening: Listening) -> Iterable[Data]:
    symbol = _symbol(listening)
    tick = desk.world.quote(symbol)
    yield {
        "symbol": symbol,
        **_touch("best_bid_price", "best_bid_vol", tick.bids),
        **_touch("best_ask_price", "best_ask_vol", tick.asks),
        "ms_t": desk.now_ms,
    }


def _trades(desk: Desk, listening: Listening) -> Iterable[Data]:
    """The trades of the seconds since the last message, the newest first."""
    contract, last = desk.contract(_symbol(listening)), desk.now_ms // 1000 * 1000
    since = listening.traded_ms if listening.traded_ms is not None else last - 1000
    seconds = range(last, max(since, last - _MOST_TRADES * 1000), -1000)
    listening.traded_ms = last
    if seconds:
        yield [_trade(desk, contract, second) for second in seconds]


def _trade(desk: Desk, contract: Contract, second_ms: int) -> Mapping[str, Any]:
    maker_bought = buyer_was_maker(second_ms)
    return {
        "trade_id": second_ms // 1000,
        "symbol": contract.symbol,
        "deal_price": text(desk.world.market.moment(contract.symbol, second_ms).prices.last),
        "deal_vol": text(trade_size(contract, second_ms)),
        "way": 5 if maker_bought else 1,
        "m": maker_bought,
        "created_at": format_instant(second_ms).removesuffix("Z") + ".412345678Z",
    }


def _depth(desk: Desk, listening: Listening) -> Iterable[Data]:
    """One side a message."""
    tick = desk.world.quote(_symbol(listening))
    for way, levels in ((1, tick.bids), (2, tick.asks)):
        rows = _level_rows(levels[: listening.topic.number])
        yield {"symbol": tick.symbol, "way": way, "depths": rows, "ms_t": desk.now_ms}


def _depth_all(desk: Desk, listening: Listening) -> Iterable[Data]:
    tick, most = desk.world.quote(_symbol(listening)), listening.topic.number
    sides = {"asks": _level_rows(tick.asks[:most]), "bids": _level_rows(tick.bids[:most])}
    yield {"symbol": tick.symbol, **sides, "ms_t": desk.now_ms}


def _depth_increase(desk: Desk, listening: Listening) -> Iterable[Data]:
    """A whole book first, then what changed: sizes are absolute, 0 takes a level away, versions follow each other."""
    tick, most = desk.world.quote(_symbol(listening)), listening.topic.number
    book = {side: {level.price: level.size for level in levels[:most]} for side, levels in _sides(tick.asks, tick.bids)}
    before, listening.book = listening.book, book
    changes = book if before is None else {side: _changes(before[side], levels) for side, levels in book.items()}
    listening.version = listening.version + 1 if listening.version else desk.now_ms // 100 % 1_000_000
    yield {
        "symbol": tick.symbol,
        **{side: [{"price": text(p), "vol": text(v)} for p, v in levels.items()] for side, levels in changes.items()},
        "ms_t": desk.now_ms,
        "version": listening.version,
        "type": "snapshot" if before is None else "update",
    }


def _funding(desk: Desk, listening: Listening) -> Iterable[Data]:
    symbol, now_ms = _symbol(listening), desk.now_ms
    settled, coming = funding_rates(desk.world, symbol, now_ms)
    yield {
        "symbol": symbol,
        "fundingRate": text(settled),
        "fundingTime": now_ms,
        "nextFundingRate": text(coming),
        "nextFundingTime": next_funding_ms(desk.world, now_ms),
        "funding_upper_limit": FUNDING_LIMIT,
        "funding_lower_limit": f"-{FUNDING_LIMIT}",
        "ts": now_ms,
    }


def _kline(desk: Desk, listening: Listening) -> Iterable[Data]:
    """Bars that closed since the last message, as they closed; then the one that is forming."""
    contract, minutes = desk.contract(_symbol(listening)), listening.topic.number
    current = bar_open(minutes, desk.now_ms)
    before, listening.bar_open_ms = listening.bar_open_ms, current
    if before is not None and before < current and desk.quirks.kline_stream_completes:
        first = max(before, current - _MOST_BARS * minutes * MINUTE_MS)
        for bar in closed_bars(desk.world.market, contract.symbol, minutes, first, current - 1, desk.now_ms):
            yield _bar(desk, contract, bar, listening)
    forming = desk.forming.bar(contract.symbol, minutes, desk.now_ms)
    if forming is not None:
        yield _bar(desk, contract, forming, listening)


def _bar(desk: Desk, contract: Contract, bar: Bar, listening: Listening) -> Data:
    tick, marks = contract.tick_size, listening.topic.channel is Channel.MARK_KLINE
    prices = {name: price_text(price, tick) for name, price in zip("ohlc", _prices(bar), strict=True)}
    volume = "0" if marks else str(int(bar.volume))
    opened = bar.open_ms // 1000 + desk.quirks.kline_late_second
    item = {**prices, "v": volume, "ts": opened}
    symbol = {"symbol": contract.symbol}
    return {**symbol, **item} if desk.quirks.kline_stream_flat else {**symbol, "items": [item]}


def _prices(bar: Bar) -> tuple[float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close


def _symbol(listening: Listening) -> str:
    assert listening.topic.symbol is not None  # only tickers go without
    return listening.topic.symbol


def _touch(price: str, volume: str, levels: Sequence[Level]) -> Mapping[str, str]:
    best = levels[0] if levels else Level(Decimal(0), Decimal(0))
    return {price: text(best.price), volume: text(best.size)}


def _level_rows(levels: Sequence[Level]) -> list[Mapping[str, str]]:
    return [{"price": text(level.price), "vol": text(level.size)} for level in levels]


def _sides(asks: Sequence[Level], bids: Sequence[Level]) -> tuple[tuple[str, Sequence[Level]], ...]:
    return ("asks", asks), ("bids", bids)


def _changes(before: Mapping[Decimal, Decimal], now: Mapping[Decimal, Decimal]) -> dict[Decimal, Decimal]:
    gone = {price: Decimal(0) for price in before if price not in now}
    return gone | {price: size for price, size in now.items() if before.get(price) != size}


_PUSHES = {
    Channel.TICKER: _ticker,
    Channel.BOOK_TICKER: _book_ticker,
    Channel.TRADE: _trades,
    Channel.DEPTH: _depth,
    Channel.DEPTH_ALL: _depth_all,
    Channel.DEPTH_INCREASE: _depth_increase,
    Channel.FUNDING: _funding,
    Channel.KLINE: _kline,
    Channel.MARK_KLINE: _kline,
}
