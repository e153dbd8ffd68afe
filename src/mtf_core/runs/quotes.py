"""Books and mark prices of many symbols, in as few calls as the exchange allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from mtf_core.market import Quote
from mtf_core.ports import ExchangeUnavailableError, MarketData
from mtf_core.ports.environment import Progress, no_progress
from mtf_core.upkeep.concurrency import for_each


@frozen(eq=False)
class Quotes:
    """What the market showed of some symbols, and which could not be read."""

    quotes: Mapping[str, Quote]
    failures: Mapping[str, Exception]

    def spread_bps(self) -> dict[str, float]:
        """Book spreads in basis points of mid."""
        return {symbol: float(quote.book.spread_ratio) * 10_000 for symbol, quote in self.quotes.items()}


async def read_quotes(
    market: MarketData,
    symbols: Sequence[str],
    per_call: int | None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Quotes:
    """The symbols' quotes, `per_call` symbols in one call (None: all of them); a call fails for its symbols alone."""
    quotes: dict[str, Quote] = {}
    failures: dict[str, Exception] = {}

    async def read(asked: Sequence[str]) -> None:
        answers: Mapping[str, Quote | Exception]
        try:
            answers = await market.quotes(asked)
        except Exception as failure:  # a call fails for its symbols alone; the run tells a bug from the exchange's
            answers = dict.fromkeys(asked, failure)
        for symbol in asked:
            match answers.get(symbol):
                case Quote() as quote:
                    quotes[symbol] = quote
                case None:
                    failures[symbol] = ExchangeUnavailableError(f"the exchange gave no quote of {symbol}")
                case error:
                    failures[symbol] = error
        progress("market facts", len(quotes) + len(failures), len(symbols))

    size = per_call or max(1, len(symbols))
    groups = [symbols[start : start + size] for start in range(0, len(symbols), size)]
    await for_each(groups, workers, read)
    return Quotes(quotes, failures)
