"""Plans for decided symbols: the facts just before planning, then the pure plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import AccountState, Contract, MarkPrice, Timeframe, TopOfBook
from mtf_core.planning import FactRole, FeatureFact, MarketFacts, PlanOutcome, Signal, plan_order
from mtf_core.ports import ExchangeError, MarketData
from mtf_core.runs.concurrency import for_each
from mtf_core.runs.context import Progress, no_progress
from mtf_core.runs.feed import CandleFeed
from mtf_core.validation.blueprint import Blueprint
from mtf_core.validation.decision import Decision, plan_facts


@frozen(eq=False)
class Quotes:
    """What the market showed of some symbols, and which could not be read."""

    books: Mapping[str, TopOfBook]
    marks: Mapping[str, MarkPrice]
    failures: Mapping[str, ExchangeError]

    def spread_bps(self) -> dict[str, float]:
        """Book spreads in basis points of mid."""
        return {symbol: float(book.spread_ratio) * 10_000 for symbol, book in self.books.items()}


@frozen(eq=False)
class Planned:
    """A plan or a skip, with everything that it was made from."""

    outcome: PlanOutcome
    facts: MarketFacts
    contract: Contract
    now_ms: int
    """When the plan was made: what the ages of the facts are measured against."""


async def read_quotes(
    market: MarketData, symbols: Sequence[str], workers: int, progress: Progress = no_progress
) -> Quotes:
    """Top of book and mark price of each symbol; a symbol fails alone."""
    books: dict[str, TopOfBook] = {}
    marks: dict[str, MarkPrice] = {}
    failures: dict[str, ExchangeError] = {}
    done = 0

    async def read(symbol: str) -> None:
        nonlocal done
        try:
            books[symbol] = await market.top_of_book(symbol)
            marks[symbol] = await market.mark_price(symbol)
        except ExchangeError as error:
            failures[symbol] = error
        done += 1
        progress("market facts", done, len(symbols))

    await for_each(symbols, workers, read)
    return Quotes(books, marks, failures)


async def plan_tables(
    feed: CandleFeed, blueprint: Blueprint, contracts: Sequence[Contract], at_ms: int, workers: int
) -> tuple[dict[Timeframe, FeatureTable], Mapping[str, ExchangeError]]:
    """Tables of the timeframes that only plans need, for these contracts, and the symbols that failed."""
    if not blueprint.plan_needs or not contracts:
        return {}, {}
    fed = await feed.stacks(blueprint.plan_needs, contracts, at_ms, workers)
    return {timeframe: blueprint.table(stack) for timeframe, stack in fed.stacks.items()}, fed.failures


def make_plan(
    signal: Signal,
    contract: Contract,
    features: Mapping[FactRole, FeatureFact],
    quotes: Quotes,
    account: AccountState,
    blueprint: Blueprint,
    now_ms: int,
    valid_timeframes: int | None,
) -> Planned:
    """The plan for a signal from facts that were read; KeyError when the symbol has no quote."""
    facts = MarketFacts(
        book=quotes.books[signal.symbol],
        mark=quotes.marks.get(signal.symbol),
        available_balance=account.available_balance,
        balance_time_ms=account.time_ms,
        features=features,
        valid_timeframes=valid_timeframes,
    )
    return Planned(plan_order(signal, contract, facts, blueprint.profile.trade_entry, now_ms), facts, contract, now_ms)


def plan_decision(
    decision: Decision,
    tables: Mapping[Timeframe, FeatureTable],
    contract: Contract,
    quotes: Quotes,
    account: AccountState,
    now_ms: int,
) -> Planned:
    """The plan of a READY decision; ValueError for another."""
    signal = decision.signal
    if signal is None:
        raise ValueError(f"{decision.symbol} is not READY")
    features = plan_facts(decision, tables)
    blueprint = decision.batch.blueprint
    return make_plan(signal, contract, features, quotes, account, blueprint, now_ms, decision.valid_timeframes)


def facts_to_json(facts: MarketFacts) -> dict[str, Any]:
    """The facts as they are stored beside a decision, exactly: money as text, features as numbers or null."""
    book, mark = facts.book, facts.mark
    return {
        "book": {"best_bid": str(book.best_bid), "best_ask": str(book.best_ask), "time_ms": book.time_ms},
        "mark": None if mark is None else {"price": str(mark.price), "time_ms": mark.time_ms},
        "available_balance": str(facts.available_balance),
        "balance_time_ms": facts.balance_time_ms,
        "valid_timeframes": facts.valid_timeframes,
    }
