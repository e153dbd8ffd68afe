"""What the sandbox exchange shows of one symbol's candles at an instant, without an event loop."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_core.market import Candles, Contract, MarkPrice, TopOfBook


@frozen
class SandboxFacts:
    """The facts of a plan as a run on the sandbox reads them; balance in USDT."""

    contract: Contract
    book: TopOfBook
    mark: MarkPrice
    balance: Decimal


def sandbox_facts(symbol: str, candles: Candles, at_ms: int) -> SandboxFacts:
    """The facts at `at_ms` of a sandbox that serves these candles with its default contract and balance.

    Raises `InstantNotServedError` when the instant lies outside the candles.
    """
    market = CandleFileMarket({symbol: candles}, None)
    (contract,) = market.contracts(at_ms)
    quote = market.prices(symbol, at_ms).as_quote(symbol, at_ms)
    return SandboxFacts(
        contract,
        quote.book,
        quote.mark,
        SandboxAccount().balance,
    )
