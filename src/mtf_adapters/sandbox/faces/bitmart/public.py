"""Calls about the market, for everyone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve

from mtf_adapters.sandbox.bars import Bar, bar_open, closed_bars
from mtf_adapters.sandbox.faces.bitmart.codes import refuse
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.details import open_interest_of
from mtf_adapters.sandbox.faces.bitmart.funding import funding_row
from mtf_adapters.sandbox.faces.bitmart.queries import BAD_TIME, FAR_FUTURE_SEC, most
from mtf_adapters.sandbox.faces.bitmart.quirks import Overlong, Quirks, WrongUnit
from mtf_adapters.sandbox.faces.bitmart.rows import Row
from mtf_adapters.sandbox.faces.numbers import price_text, text
from mtf_adapters.sandbox.matching.commands import Level
from mtf_adapters.sandbox.world import World
from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS, Contract
from mtf_core.ports import ExchangeError

STEPS_MIN = (1, 3, 5, 15, 30, 60, 120, 240, 360, 720, 1440, 4320, 10080)
MOST_KLINES = 500
MOST_LEVELS = 50
MOST_TRADES, USUAL_TRADES = 100, 50
_BAD_STEP = 40038


def server_time(desk: Desk) -> Row:
    return {"server_time": desk.now_ms + desk.quirks.clock_skew_ms}


def service_status(desk: Desk) -> Row:
    """One upkeep long past: the statuses are text here, though documents show numbers."""
    start = desk.now_ms // DAY_MS * DAY_MS - 7 * DAY_MS
    upkeep = {"title": "Futures upgrade", "service_type": "contract", "status": "2"}
    return {"service": [{**upkeep, "start_time": start, "end_time": start + HOUR_MS}]}


def details(desk: Desk) -> Row:
    wanted = desk.symbol_or_none()
    desk.world.catch_up()
    return {"symbols": desk.board.rows(desk.quirks, desk.now_ms, wanted)}


def depth(desk: Desk) -> Row:
    """Levels carry their size and the sum up to them; an empty side is `null`."""
    symbol = desk.symbol()
    tick = desk.tick(symbol)
    return {
        "timestamp": desk.now_ms,
        "symbol": symbol,
        "asks": _levels(tick.asks[:MOST_LEVELS]),
        "bids": _levels(tick.bids[:MOST_LEVELS]),
    }


def market_trade(desk: Desk) -> list[Row]:
    """The last trades, the newest first: one a second, the size in base coin."""
    contract = desk.contract(desk.symbol())
    count = USUAL_TRADES if not desk.said.has("limit") else most(desk, "limit", MOST_TRADES)
    rows = []
    for second in _last_seconds(desk.now_ms, count):
        try:
            rows.append(trade_row(desk.world, contract, second))
        except ExchangeError:  # the market begins after that second
            break
    return rows


def kline(desk: Desk) -> list[Row]:
    return _klines(desk, marks=False)


def markprice_kline(desk: Desk) -> list[Row]:
    return _klines(desk, marks=True)


def funding_rate(desk: Desk) -> Row:
    return funding_row(desk.world, desk.contract(desk.symbol()), desk.now_ms)


def funding_rate_v2(desk: Desk) -> list[Row]:
    wanted = desk.symbol_or_none()
    desk.world.catch_up()
    contracts = desk.world.market.contracts(desk.now_ms)
    return [funding_row(desk.world, each, desk.now_ms) for each in contracts if wanted in (None, each.symbol)]


def funding_rate_history(desk: Desk) -> Row:
    """The newest first; times are milliseconds inside a text."""
    symbol, interval = desk.symbol(), desk.world.funding_interval_ms
    last = desk.now_ms // interval * interval
    times = [last - number * interval for number in range(most(desk, "limit", 100))]
    rows = [
        {
            "symbol": symbol,
            "funding_rate": text(desk.world.funding_rate(symbol, time_ms)),
            "funding_time": str(time_ms),
        }
        for time_ms in times
    ]
    return {"list": rows}


def open_interest(desk: Desk) -> Row:
    contract = desk.contract(desk.symbol())
    contracts, worth = open_interest_of(contract, desk.tick(contract.symbol).last)
    row = {"symbol": contract.symbol, "open_interest": text(contracts), "open_interest_value": text(worth)}
    return {"timestamp": desk.now_ms, **row}


def leverage_bracket(desk: Desk) -> Row:
    wanted = desk.symbol_or_none()
    desk.world.catch_up()
    contracts = desk.world.market.contracts(desk.now_ms)
    return {"rules": [_bracket_row(each) for each in contracts if wanted in (None, each.symbol)]}


def no_currencies(_: Desk) -> Row:
    """The spot side, which is not here: clients that load it find nothing."""
    return {"currencies": []}


def no_spot_symbols(_: Desk) -> Row:
    return {"symbols": []}


def trade_row(world: World, contract: Contract, second_ms: int) -> Row:
    """The trade that the market shows of one second."""
    prices = world.market.moment(contract.symbol, second_ms).prices
    size = trade_size(contract, second_ms)
    base = size * contract.contract_size
    return {
        "symbol": contract.symbol,
        "price": text(prices.last),
        "qty": text(base),
        "quote_qty": text(base * prices.last),
        "time": second_ms // 1000,
        "is_buyer_maker": buyer_was_maker(second_ms),
    }


def trade_size(contract: Contract, second_ms: int) -> Decimal:
    return contract.size_step * (1 + second_ms // 1000 * 7919 % 50)


def buyer_was_maker(second_ms: int) -> bool:
    return second_ms // 1000 * 7919 % 3 == 0


def kline_row(bar: Bar, contract: Contract, quirks: Quirks, *, marks: bool) -> Row:
    tick = contract.tick_size
    return {
        "timestamp": bar.open_ms // 1000 + quirks.kline_late_second,
        "open_price": price_text(bar.open, tick),
        "high_price": price_text(bar.high, tick),
        "low_price": price_text(bar.low, tick),
        "close_price": price_text(bar.close, tick),
        "volume": "0" if marks else str(int(bar.volume)),
    }


def _klines(desk: Desk, *, marks: bool) -> list[Row]:
    said = desk.said
    contract = desk.contract(desk.symbol())
    minutes = said.whole("step", _BAD_STEP) or 1
    if minutes not in STEPS_MIN:
        raise refuse(_BAD_STEP)
    start, end = said.required_whole("start_time", BAD_TIME), said.required_whole("end_time", BAD_TIME)
    if max(start, end) > FAR_FUTURE_SEC and desk.quirks.wrong_time_unit is WrongUnit.EMPTY:
        return []
    if start < 0 or end < start or max(start, end) > FAR_FUTURE_SEC:
        raise refuse(BAD_TIME)
    bars = _bars_within(desk, contract.symbol, minutes, start * 1000, end * 1000)
    if marks and bars:
        bars[-1] = _closing_at(bars[-1], _mark_at_end(desk, contract.symbol, bars[-1].open_ms + minutes * MINUTE_MS))
    return [kline_row(bar, contract, desk.quirks, marks=marks) for bar in bars]


def _mark_at_end(desk: Desk, symbol: str, end_ms: int) -> float:
    """The mark price at a bar's end, or now while it is forming: what the newest bar closes at.

    Older bars of mark prices are those of last prices, from which the mark differs by two basis points at most.
    """
    if end_ms >= desk.now_ms:
        return float(desk.world.quote(symbol).mark)
    return float(desk.world.market.prices(symbol, end_ms).mark)


def _closing_at(bar: Bar, price: float) -> Bar:
    return evolve(bar, close=price, high=max(bar.high, price), low=min(bar.low, price))


def _bars_within(desk: Desk, symbol: str, minutes: int, start_ms: int, end_ms: int) -> list[Bar]:
    """Bars of the span by the quirks of its edges and of its length."""
    quirks, length = desk.quirks, minutes * MINUTE_MS
    first = bar_open(minutes, start_ms + length - 1) if quirks.kline_edges.includes_start else start_ms + 1
    last = end_ms if quirks.kline_edges.includes_end else end_ms - 1
    current = bar_open(minutes, desk.now_ms)
    shows_forming = quirks.kline_forming and current < desk.now_ms
    newest = min(bar_open(minutes, last), current if shows_forming else current - length)
    oldest = bar_open(minutes, first + length - 1)
    if (newest - oldest) // length >= MOST_KLINES:
        if quirks.kline_over_500 is Overlong.ERROR:
            raise refuse(40011, "Kline size over 500")
        if quirks.kline_over_500 is Overlong.FIRST:
            newest = oldest + (MOST_KLINES - 1) * length
        else:
            oldest = newest - (MOST_KLINES - 1) * length
    market, now_ms = desk.world.market, desk.now_ms
    bars = closed_bars(market, symbol, minutes, oldest, newest, now_ms)
    if newest == current and oldest <= newest:
        forming = desk.forming.bar(symbol, minutes, now_ms)
        bars += [forming] if forming else []
    return bars


def _levels(levels: tuple[Level, ...]) -> list[list[str]] | None:
    total = Decimal(0)
    rows: list[list[str]] = []
    for level in levels:
        total += level.size
        rows.append([text(level.price), text(level.size), text(total)])
    return rows or None


def _last_seconds(now_ms: int, count: int) -> range:
    last = now_ms // 1000 * 1000
    return range(last, last - count * 1000, -1000)


def _bracket_row(contract: Contract) -> dict[str, Any]:
    brackets = [
        {
            "bracket": number,
            "initial_leverage": int(bracket.max_leverage),
            "notional_floor": text(bracket.notional_floor),
            "notional_cap": text(bracket.notional_cap),
            "maint_margin_ratio": text(bracket.maintenance_margin_ratio),
            "cum": text(bracket.maintenance_amount),
        }
        for number, bracket in enumerate(contract.brackets, start=1)
    ]
    return {"symbol": contract.symbol, "brackets": brackets}
