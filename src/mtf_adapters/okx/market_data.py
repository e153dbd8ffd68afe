"""OKX's public market data behind the port `MarketData`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from mtf_adapters.okx.capabilities import MOST_CANDLES
from mtf_adapters.okx.endpoints import (
    CANDLES,
    HISTORY_CANDLES,
    INSTRUMENTS,
    MARK_PRICE,
    TICKER,
    TICKERS,
    TRADE_FEE,
    Endpoint,
)
from mtf_adapters.okx.mapping import BARS, PREOPEN, contract_of
from mtf_adapters.okx.products import Product
from mtf_adapters.okx.rest import KeyRefusedError, RestClient
from mtf_adapters.okx.tiers import Tiers
from mtf_adapters.okx.wire import (
    CandleRow,
    FeeRow,
    InstrumentRow,
    ListedRow,
    MarkRow,
    TickerRow,
    TierRow,
)
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.together import both
from mtf_core.market import (
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
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, FeeRates, UnknownSymbolError

STANDARD_FEES = FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
"""What a regular account pays for swaps; used where there is no key to ask with, or the exchange does not say."""

_CAPPED_AT = 100
"""Rows of an answer that may have been cut: a limit of 300 was once 100 there (sheet §4)."""
_RECENT_BARS = 1440
"""How far back `candles` reaches; what is older, `history-candles` has."""

_log = logging.getLogger(__name__)


class OkxMarketData:
    """Implements the port `MarketData`."""

    def __init__(self, rest: RestClient, product: Product) -> None:
        self._rest = rest
        self._product = product
        self._tiers = Tiers(rest, product)

    async def server_time_ms(self) -> int:
        return await self._rest.server_time_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        """The contracts of the product, whatever their state; those that are only announced have no numbers yet.

        The tiers of leverage are asked for by five families a call and nine calls in two seconds: the first list of a
        process takes some 13 s for 300 contracts, later ones only as long as for what is new. What one list has read
        before it failed or was broken off, the next one keeps (`Tiers`). A contract that did not trade in the last
        day, or has no ticker, has a turnover of 0 and is taken for illiquid.
        """
        of_type = {"instType": self._product.inst_type}
        listed, tickers = await both(
            self._rest.read(INSTRUMENTS, ListedRow, of_type), self._rest.read(TICKERS, TickerRow, of_type)
        )
        rows = _instruments(listed, self._product)
        fees, tiers = await both(self._fees(), self._tiers.of([row.instFamily for row in rows]))
        turnovers = {row.instId: _turnover(row) for row in tickers}
        now_ms = self._rest.clock.now_ms()
        found = [
            _contract(
                row,
                tiers.get(row.instFamily, ()),
                fees.get(row.groupId, STANDARD_FEES),
                turnovers.get(row.instId, Decimal(0)),
                now_ms,
            )
            for row in rows
        ]
        return tuple(sorted((one for one in found if one is not None), key=lambda one: one.symbol))

    async def _fees(self) -> Mapping[str, FeeRates]:
        """By group; empty where nobody says, and then the standard ones count."""
        if not self._rest.has_key:
            return {}
        try:
            return await fees_by_group(self._rest, self._product)
        except KeyRefusedError:  # the account will say so itself, and without it nothing is planned
            return {}

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        """Pages of 300, and of 100 where the exchange cuts them; each candle comes once and none is forming."""
        step_ms = timeframe.ms
        last = min(timeframe.open_at_or_before(last_open_ms), self._last_closed(timeframe))
        first = -(-first_open_ms // step_ms) * step_ms
        rows: list[CandleRow] = []
        for page in range(first, last + 1, MOST_CANDLES * step_ms):
            rows += await self._page(symbol, timeframe, page, min(last, page + (MOST_CANDLES - 1) * step_ms))
        return _candles(symbol, timeframe, rows, first, last)

    def _last_closed(self, timeframe: Timeframe) -> int:
        """Open time of the last candle that has certainly closed by the exchange's clock."""
        return timeframe.last_closed_open(self._rest.clock.surely_passed_ms())

    async def _page(self, symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> list[CandleRow]:
        """Both ends are named a millisecond wider than what is wanted: whether they count is not documented.

        An answer of as many rows as one may be cut to is followed by what is older than its oldest row.
        """
        oldest_recent_ms = self._last_closed(timeframe) - (_RECENT_BARS - 10) * timeframe.ms
        endpoint = CANDLES if first_ms >= oldest_recent_ms else HISTORY_CANDLES
        rows: list[CandleRow] = []
        while first_ms <= last_ms:
            span = {"after": last_ms + 1, "before": first_ms - 1, "limit": MOST_CANDLES}
            page = await self._rest.read(endpoint, CandleRow, {"instId": symbol, "bar": BARS[timeframe], **span})
            rows += page
            if len(page) != _CAPPED_AT:
                return rows
            oldest_ms = min(row.open_ms for row in page)
            if oldest_ms > last_ms:
                raise ExchangeUnavailableError(f"{endpoint.bucket}: {symbol}: answered with candles that are newer")
            last_ms = oldest_ms - timeframe.ms
        return rows

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        """Of one symbol by its own calls; of more by the two that answer all of them."""
        if not symbols:
            return {}
        if len(symbols) == 1:
            return {symbols[0]: await self._one_quote(symbols[0])}
        of_type = {"instType": self._product.inst_type}
        tickers, marks = await both(
            self._rest.read(TICKERS, TickerRow, of_type), self._rest.read(MARK_PRICE, MarkRow, of_type)
        )
        ticker_of, mark_of = {row.instId: row for row in tickers}, {row.instId: row for row in marks}
        return {symbol: _quote_or_error(symbol, ticker_of.get(symbol), mark_of.get(symbol)) for symbol in symbols}

    async def _one_quote(self, symbol: str) -> Quote | ExchangeError:
        try:
            tickers, marks = await both(
                self._rest.read(TICKER, TickerRow, {"instId": symbol}),
                self._rest.read(MARK_PRICE, MarkRow, {"instType": self._product.inst_type, "instId": symbol}),
            )
            return _quote(symbol, only(tickers, symbol, TICKER), only(marks, symbol, MARK_PRICE))
        except ExchangeError as error:
            return error


async def fees_by_group(rest: RestClient, product: Product) -> Mapping[str, FeeRates]:
    """What this account pays for each group of the product's contracts. Raises `ExchangeError`."""
    rows = await rest.read(TRADE_FEE, FeeRow, {"instType": product.inst_type})
    return {group.groupId: FeeRates(maker=-group.maker, taker=-group.taker) for row in rows for group in row.feeGroup}


def only(rows: Sequence[Any], symbol: str, endpoint: Endpoint) -> Any:
    """The one row of the symbol that was asked for; any other answer is to another question."""
    if not rows:
        raise UnknownSymbolError(f"{endpoint.bucket}: nothing is shown of {symbol}")
    if len(rows) > 1 or rows[0].instId != symbol:
        raise ExchangeUnavailableError(f"{endpoint.bucket}: asked for {symbol}, answered with {rows[0].instId}")
    return rows[0]


def _quote_or_error(symbol: str, ticker: TickerRow | None, mark: MarkRow | None) -> Quote | ExchangeError:
    try:
        return _quote(symbol, ticker, mark)
    except ExchangeError as error:
        return error


def _quote(symbol: str, ticker: TickerRow | None, mark: MarkRow | None) -> Quote:
    if ticker is None or mark is None:
        raise UnknownSymbolError(f"{symbol}: the exchange shows no {'ticker' if ticker is None else 'mark price'}")
    if ticker.bidPx is None or ticker.askPx is None:
        raise ExchangeError(f"{symbol}: a side of the book is empty")
    if mark.markPx is None:
        raise ExchangeError(f"{symbol}: there is no mark price")
    try:
        book = TopOfBook(symbol, ticker.bidPx, ticker.askPx, ticker.ts)
        return Quote(book, MarkPrice(symbol, mark.markPx, mark.ts))
    except InvalidQuoteError as error:
        problem = str(error)
    raise ExchangeError(problem)


def _instruments(listed: Sequence[ListedRow], product: Product) -> list[InstrumentRow]:
    """The rows that are ours, and can be read."""
    found = []
    for row in (listed_row.content for listed_row in listed):
        if product.is_ours(row) and row.get("state") != PREOPEN:
            try:
                found.append(structured(row, InstrumentRow, f"instruments: {row.get('instId')}"))
            except ExchangeUnavailableError as error:  # one odd listing does not hide the others
                _log.warning("a contract is left out: %s", error)
    return found


def _turnover(row: TickerRow) -> Decimal:
    """Of a day, in quote currency, at the last price."""
    return Decimal(0) if row.last is None or row.volCcy24h is None else row.volCcy24h * row.last


def _contract(
    row: InstrumentRow, tiers: Sequence[TierRow], fees: FeeRates, turnover: Decimal, now_ms: int
) -> Contract | None:
    try:
        return contract_of(row, tiers, fees, turnover, now_ms)
    except InvalidContractError as error:
        _log.warning("a contract is left out: %s", error)
        return None


def _candles(symbol: str, timeframe: Timeframe, rows: Sequence[CandleRow], first_ms: int, last_ms: int) -> Candles:
    """Rows that have closed to candles within [first, last], each open time once."""
    unknown = next((row.confirm for row in rows if row.confirm not in {"0", "1"}), None)
    if unknown is not None:
        raise ExchangeUnavailableError(f"{symbol}: whether a candle has closed is not told: {unknown!r}")
    by_open = {row.open_ms: row for row in rows if row.confirm == "1" and first_ms <= row.open_ms <= last_ms}
    kept = [by_open[open_ms] for open_ms in sorted(by_open)]

    def column(name: str) -> Any:
        return np.array([float(getattr(row, name)) for row in kept], dtype=np.float64)

    names = ("open", "high", "low", "close", "volume")
    opens = np.array([row.open_ms for row in kept], dtype=np.int64)
    try:
        return Candles.checked(timeframe, opens, *(column(name) for name in names))
    except InvalidCandlesError as error:
        problem = str(error)
    raise ExchangeError(f"{symbol}: {timeframe} candles that cannot be: {problem}")
