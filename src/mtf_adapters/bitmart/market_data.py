"""BitMart's public market data behind the port `MarketData`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from mtf_adapters.bitmart.capabilities import MOST_CANDLES
from mtf_adapters.bitmart.endpoints import DEPTH, DETAILS, FEE_RATE, KLINE, LEVERAGE_BRACKET, MARK_KLINE
from mtf_adapters.bitmart.mapping import PERPETUAL, QUOTE_CURRENCY, STEPS, contract_of
from mtf_adapters.bitmart.rest import KeyRefusedError, RestClient
from mtf_adapters.bitmart.wire import (
    BracketRow,
    BracketRules,
    ContractRow,
    Depth,
    Details,
    FeeRateRow,
    KlineRow,
)
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.together import both
from mtf_core.market import (
    MINUTE_MS,
    Candles,
    Contract,
    InvalidCandlesError,
    InvalidContractError,
    InvalidQuoteError,
    MarkPrice,
    Quote,
    Timeframe,
    TopOfBook,
)
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, FeeRates

STANDARD_FEES = FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0006"))
"""What an account pays without a discount (sheet §3.3's sample); used where there is no key to ask with."""

_log = logging.getLogger(__name__)


class BitmartMarketData:
    """Implements the port `MarketData`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def server_time_ms(self) -> int:
        return await self._rest.server_time_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        """Perpetual contracts in USDT, whatever their status; others compute their money in another way.

        Fees are those of the account, as the exchange tells them for the first contract that trades.
        """
        details, rules = await both(self._rest.read(DETAILS, Details), self._rest.read(LEVERAGE_BRACKET, BracketRules))
        brackets = {rule.symbol: rule.brackets for rule in rules.rules}
        rows = _contract_rows(details.symbols)
        fees = await self._fees(rows)
        now_ms = self._rest.clock.now_ms()
        found = [_contract(row, brackets.get(row.symbol, []), fees, now_ms) for row in rows]
        return tuple(sorted((one for one in found if one is not None), key=lambda one: one.symbol))

    async def _fees(self, rows: Sequence[ContractRow]) -> FeeRates:
        traded = next((row.symbol for row in rows if row.status == "Trading"), None)
        if traded is None or not self._rest.has_key:
            return STANDARD_FEES
        try:
            row = await self._rest.read(FEE_RATE, FeeRateRow, {"symbol": traded})
        except KeyRefusedError:  # the account will say so itself, and without it nothing is planned
            return STANDARD_FEES
        return FeeRates(maker=row.maker_fee_rate, taker=row.taker_fee_rate)

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        """Pages of 500; whatever the exchange makes of a span's ends, each candle comes once and none is forming."""
        step_ms = timeframe.ms
        last = min(timeframe.open_at_or_before(last_open_ms), self._last_closed(timeframe))
        first = -(-first_open_ms // step_ms) * step_ms
        rows: list[KlineRow] = []
        for page in range(first, last + 1, MOST_CANDLES * step_ms):
            rows += await self._page(symbol, timeframe, page, min(last, page + (MOST_CANDLES - 1) * step_ms))
        return _candles(symbol, timeframe, rows, first, last)

    def _last_closed(self, timeframe: Timeframe) -> int:
        """Open time of the last candle that has certainly closed by the exchange's clock."""
        return timeframe.last_closed_open(self._rest.clock.surely_passed_ms())

    async def _page(self, symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> list[KlineRow]:
        """The ends may be counted or not, and a candle may be stamped a second late: both are asked for, and more
        than was asked for is dropped later."""
        span = {"start_time": first_ms // 1000 - 1, "end_time": last_ms // 1000 + 2}
        return await self._rest.read(KLINE, list[KlineRow], {"symbol": symbol, "step": STEPS[timeframe], **span})

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        found = await asyncio.gather(*(self._quote(symbol) for symbol in symbols))
        return dict(zip(symbols, found, strict=True))

    async def _quote(self, symbol: str) -> Quote | ExchangeError:
        try:
            book, mark = await both(self._book(symbol), self._mark(symbol))
        except ExchangeError as error:
            return error
        return Quote(book, mark)

    async def _book(self, symbol: str) -> TopOfBook:
        depth = await self._rest.read(DEPTH, Depth, {"symbol": symbol})
        if depth.symbol not in {"", symbol}:
            raise ExchangeUnavailableError(f"{DEPTH.bucket}: asked for {symbol}, answered with {depth.symbol}")
        if not depth.bids or not depth.asks:
            raise ExchangeError(f"{symbol}: a side of the book is empty")
        try:
            return TopOfBook(symbol, depth.bids[0][0], depth.asks[0][0], depth.timestamp)
        except InvalidQuoteError as error:
            raise ExchangeError(str(error)) from None

    async def _mark(self, symbol: str) -> MarkPrice:
        """The close of the newest candle of mark prices: no public call answers the mark price as such.

        A candle that is forming shows the mark of now, one that has closed that of its end.
        """
        now_ms = self._rest.clock.now_ms()
        span = {"start_time": (now_ms - 5 * MINUTE_MS) // 1000, "end_time": now_ms // 1000 + 60}
        rows = await self._rest.read(MARK_KLINE, list[KlineRow], {"symbol": symbol, "step": 1, **span})
        if not rows:
            raise ExchangeUnavailableError(f"{symbol}: there is no mark price")
        newest = max(rows, key=lambda row: row.timestamp)
        ends_ms = Timeframe.M1.open_at_or_before(newest.timestamp * 1000) + MINUTE_MS
        try:
            return MarkPrice(symbol, newest.close_price, min(ends_ms, self._rest.clock.now_ms()))
        except InvalidQuoteError as error:
            raise ExchangeError(str(error)) from None


def _contract_rows(listed: Sequence[Any]) -> list[ContractRow]:
    """The rows that are ours, and can be read."""
    found = []
    for row in listed:
        if isinstance(row, dict) and _is_ours(row):
            try:
                found.append(structured(row, ContractRow, f"details of {row.get('symbol')}"))
            except ExchangeUnavailableError as error:  # one odd listing does not hide the others
                _log.warning("a contract is left out: %s", error)
    return found


def _is_ours(row: Mapping[str, Any]) -> bool:
    return row.get("quote_currency") == QUOTE_CURRENCY and str(row.get("product_type")) == str(PERPETUAL)


def _contract(row: ContractRow, brackets: list[BracketRow], fees: FeeRates, now_ms: int) -> Contract | None:
    try:
        return contract_of(row, brackets, fees, now_ms)
    except InvalidContractError as error:
        _log.warning("a contract is left out: %s", error)
        return None


def _candles(symbol: str, timeframe: Timeframe, rows: Sequence[KlineRow], first_ms: int, last_ms: int) -> Candles:
    """Rows to candles within [first, last], each open time once; a later row of one wins."""
    by_open = {timeframe.open_at_or_before(row.timestamp * 1000): row for row in rows}
    opens = sorted(open_ms for open_ms in by_open if first_ms <= open_ms <= last_ms)
    kept = [by_open[open_ms] for open_ms in opens]

    def column(name: str) -> Any:
        return np.array([float(getattr(row, name)) for row in kept], dtype=np.float64)

    names = ("open_price", "high_price", "low_price", "close_price", "volume")
    try:
        return Candles.checked(timeframe, np.array(opens, dtype=np.int64), *(column(name) for name in names))
    except InvalidCandlesError as error:
        problem = str(error)
    raise ExchangeError(f"{symbol}: {timeframe} candles that cannot be: {problem}")
