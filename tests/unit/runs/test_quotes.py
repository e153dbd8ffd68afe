"""Quotes of many symbols: as few calls as the exchange allows, and what fails, fails for its symbols alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from mtf_core.market import MarkPrice, Quote, TopOfBook
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError
from mtf_core.runs.quotes import read_quotes

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT")
DOWN = ExchangeUnavailableError("down")


def quote(symbol: str) -> Quote:
    return Quote(
        TopOfBook(symbol, Decimal("99.95"), Decimal("100.05"), time_ms=1), MarkPrice(symbol, Decimal(100), time_ms=1)
    )


class Ticker:
    """Answers for every symbol; errors under a symbol are its own, or the whole call's when `raises`."""

    def __init__(self, errors: Mapping[str, ExchangeError | None] | None = None, raises: bool = False) -> None:
        self.errors, self.raises = errors or {}, raises
        self.calls: list[tuple[str, ...]] = []

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        self.calls.append(tuple(symbols))
        answers: dict[str, Quote | ExchangeError] = {}
        for symbol in symbols:
            error = self.errors.get(symbol)
            if error is not None and self.raises:
                raise error
            if symbol not in self.errors or error is not None:
                answers[symbol] = error or quote(symbol)
        return answers


@pytest.mark.parametrize(
    ("per_call", "calls"),
    [(None, [SYMBOLS]), (1, [(symbol,) for symbol in SYMBOLS]), (2, [SYMBOLS[:2], SYMBOLS[2:4], SYMBOLS[4:]])],
)
async def test_no_call_asks_for_more_symbols_than_the_exchange_answers(
    per_call: int | None, calls: list[tuple[str, ...]]
) -> None:
    ticker, heard = Ticker(), []
    read = await read_quotes(ticker, SYMBOLS, per_call, 3, lambda *step: heard.append(step))  # type: ignore[arg-type]
    assert ticker.calls == calls
    assert read.quotes == {symbol: quote(symbol) for symbol in SYMBOLS}
    assert read.failures == {}
    assert heard[-1] == ("market facts", 5, 5)
    assert read.spread_bps()["AUSDT"] == pytest.approx(10.0)


async def test_a_call_that_fails_fails_for_its_symbols_alone() -> None:
    ticker = Ticker({"CUSDT": DOWN}, raises=True)
    read = await read_quotes(ticker, SYMBOLS, 2)  # type: ignore[arg-type]
    assert read.failures == {"CUSDT": DOWN, "DUSDT": DOWN}
    assert set(read.quotes) == {"AUSDT", "BUSDT", "EUSDT"}


async def test_a_symbol_fails_alone_with_its_own_error_or_for_being_left_out() -> None:
    unknown = UnknownSymbolError("no BUSDT")
    read = await read_quotes(Ticker({"BUSDT": unknown, "DUSDT": None}), SYMBOLS, None)  # type: ignore[arg-type]
    assert set(read.quotes) == {"AUSDT", "CUSDT", "EUSDT"}
    assert read.failures["BUSDT"] is unknown
    assert str(read.failures["DUSDT"]) == "the exchange gave no quote of DUSDT"


async def test_no_symbols_are_no_call() -> None:
    ticker = Ticker()
    assert (await read_quotes(ticker, (), None)).quotes == {}  # type: ignore[arg-type]
    assert ticker.calls == []
