"""What the shipped profiles would have done: READY minutes, plans, and skips by reason, over candles of one's own.

Every minute is decided as a live run would decide it, with the candles that were closed by then; each READY minute is
planned on the contract, book and balance that the sandbox shows. Guards of a run (open positions, switches) are not
asked, so one opportunity that stays READY for several minutes counts as often; its own column counts it once. With
`--every N` only each N-th of the READY minutes is planned, and the number of all of them is an estimate.

    python benchmarks/month_of_plans.py                                       # a small sample of the generated market
    python benchmarks/month_of_plans.py --symbols 30 --days 10 --every 10
    python benchmarks/month_of_plans.py --candles BTCUSDT=btc-1m.csv.gz       # your own minutes
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import numpy as np
from attrs import define, field, frozen
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import mtf_core as mtf
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Candles, Contract, Quote, Timeframe, parse_instant, to_ms
from mtf_core.rules.needs import Needs
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import compile_profile

PROFILES = ("scalper_micro", "scalper", "regular", "crash")
END_MS = to_ms(parse_instant("2026-02-11T00:00Z"))
BALANCE = Decimal(10_000)
SPREADS_BPS = (None, 0.0, 1_000.0)
"""Minutes that are READY with an unknown, no or a huge spread are decided again with the spread of that minute."""


@frozen(eq=False)
class Facts:
    """What a plan is made from beside the candles."""

    contract: Contract
    quote: Quote
    balance: Decimal


class Source(Protocol):
    """Symbols with their candles and facts; `first_ms` is where deciding begins, None: with the first candle."""

    @property
    def symbols(self) -> Sequence[str]: ...

    @property
    def first_ms(self) -> int | None: ...

    def candles(self, symbol: str, needs: Needs) -> Mapping[Timeframe, Candles]: ...

    def facts(self, symbol: str, at_ms: int) -> Facts: ...


class Files:
    """Candle files; contract and book as the sandbox shows them of such files."""

    first_ms: int | None = None

    def __init__(self, given: Sequence[str]) -> None:
        pairs = [text.partition("=") for text in given]
        self._series = {symbol: Candles.read_csv(path) for symbol, _, path in pairs}
        self.symbols = tuple(self._series)

    def candles(self, symbol: str, needs: Needs) -> Mapping[Timeframe, Candles]:
        series = self._series[symbol]
        coarser = [timeframe for timeframe in needs if timeframe.minutes > series.timeframe.minutes]
        return {series.timeframe: series, **{timeframe: series.aggregated(timeframe) for timeframe in coarser}}

    def facts(self, symbol: str, at_ms: int) -> Facts:
        found = mtf.venue_facts(symbol, self._series[symbol], at_ms)
        return Facts(found.contract, Quote(found.book, found.mark), found.balance)


class Generated:
    """Symbols of the generated market, with all the history that deciding needs before the first of the days."""

    def __init__(self, seed: int, symbols: int, days: int) -> None:
        self._market = GeneratedMarket(seed, symbols)
        self.first_ms = END_MS - days * DAY_MS
        self._contracts = {
            contract.symbol: contract
            for contract in self._market.contracts(self.first_ms)
            if contract.is_tradable(self.first_ms)
        }
        self.symbols = tuple(self._contracts)

    def candles(self, symbol: str, needs: Needs) -> Mapping[Timeframe, Candles]:
        series = {}
        for timeframe, need in needs.items():
            first_ms = self.first_ms - (need.history.candles + need.tail) * timeframe.ms
            series[timeframe] = self._market.candles(symbol, timeframe, first_ms, END_MS - timeframe.ms, END_MS)
        return series

    def facts(self, symbol: str, at_ms: int) -> Facts:
        quote = self._market.prices(symbol, at_ms).as_quote(symbol, at_ms)
        return Facts(self._contracts[symbol], quote, BALANCE)


@define
class Tally:
    """What came of one profile."""

    minutes: int = 0
    candidates: int = 0
    """Minutes that are READY at some spread."""
    looked_at: int = 0
    ready: int = 0
    """Of the minutes looked at."""
    plans: int = 0
    skips: Counter[str] = field(factory=Counter)
    opportunities: set[str] = field(factory=set)
    planned: set[str] = field(factory=set)
    others: Counter[str] = field(factory=Counter)
    """Minutes that are not READY, by reason."""

    @property
    def all_ready(self) -> int:
        """READY minutes; an estimate where not every candidate was looked at."""
        return round(self.candidates * self.ready / max(1, self.looked_at))

    def add(self, key: str, outcome: mtf.OrderPlan | mtf.Skip) -> None:
        """A READY minute of the opportunity `key`, and its plan."""
        self.ready += 1
        self.opportunities.add(key)
        if isinstance(outcome, mtf.OrderPlan):
            self.plans += 1
            self.planned.add(key)
        else:
            self.skips[str(outcome.reason)] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candles", action="append", metavar="SYMBOL=FILE", help="1m candles; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--symbols", type=int, default=3, help="generated symbols (3)")
    parser.add_argument("--days", type=int, default=1, help="generated days (1)")
    parser.add_argument("--every", type=int, default=1, help="plan each N-th READY minute of a symbol (1)")
    parser.add_argument("--profile", action="append", help="default: the four shipped ones")
    arguments = parser.parse_args()
    source: Source = (
        Files(arguments.candles) if arguments.candles else Generated(arguments.seed, arguments.symbols, arguments.days)
    )
    names = arguments.profile or PROFILES
    tallies: dict[str, Tally] = {name: Tally() for name in names}
    console = Console()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("", total=len(names) * len(source.symbols))
        for name, tally in tallies.items():
            profile = mtf.load_profile(name)
            compiled = compile_profile(profile)
            needs = {**compiled.plan_needs, **compiled.needs}
            for symbol in source.symbols:
                progress.update(task, description=f"{name} {symbol}")
                _count(source, profile, needs, symbol, tally, arguments.every)
                progress.advance(task)
    _print(tallies, source, arguments.every, console)


def _count(source: Source, profile: Profile, needs: Needs, symbol: str, tally: Tally, every: int) -> None:
    """Adds one symbol's minutes."""
    candles = source.candles(symbol, needs)
    candidates = _candidates(source, profile, symbol, candles, tally)
    tally.candidates += len(candidates)
    for at_ms in candidates[::every]:
        tally.looked_at += 1
        facts = source.facts(symbol, at_ms)
        spread_bps = float(facts.quote.book.spread_ratio) * 10_000
        decision = mtf.decide(profile, symbol=symbol, candles=candles, at=at_ms, spread_bps=spread_bps)
        if not decision.ready:
            continue
        outcome = mtf.plan_order(
            profile,
            decision,
            contract=facts.contract,
            book=facts.quote.book,
            mark=facts.quote.mark,
            balance=facts.balance,
        )
        tally.add(str(decision.key), outcome)


def _candidates(
    source: Source, profile: Profile, symbol: str, candles: Mapping[Timeframe, Candles], tally: Tally
) -> list[int]:
    """The minutes that may be READY, whatever the spread; the others are counted here."""
    finest = min(candles, key=lambda timeframe: timeframe.minutes)
    over = [
        mtf.decide_over(
            profile,
            candles,
            symbol=symbol,
            spread_bps=None if spread is None else np.full(len(candles[finest]), spread),
        )
        for spread in SPREADS_BPS
    ]
    instants = over[0].instants_ms
    decided = instants > (source.first_ms or 0)
    ready = np.logical_or.reduce([signals.ready for signals in over])
    tally.minutes += int(decided.sum())
    _, firsts, counts = np.unique(over[0].reasons[decided & ~ready], return_index=True, return_counts=True)
    places = np.flatnonzero(decided & ~ready)
    for first, count in zip(firsts, counts, strict=True):
        tally.others[str(over[0].reason(int(places[first])))] += int(count)
    return [int(at_ms) for at_ms in instants[ready & decided]]


def _print(tallies: Mapping[str, Tally], source: Source, every: int, console: Console) -> None:
    more = f" and {len(source.symbols) - 5} more" if len(source.symbols) > 5 else ""
    console.print(f"{', '.join(source.symbols[:5])}{more}")
    about = "about " if every > 1 else ""
    table = Table("profile", "minutes", "READY", "looked at", "plans", "skips", "opportunities", "not READY, most by")
    for name, tally in tallies.items():
        reason, count = next(iter(tally.others.most_common(1)), ("none", 0))
        table.add_row(
            name,
            f"{tally.minutes:,}",
            f"{about}{tally.all_ready:,}\n{tally.all_ready / max(1, tally.minutes):.2%}",
            f"{tally.ready:,}",
            f"{tally.plans:,}\n{tally.plans / max(1, tally.ready):.1%}",
            "\n".join(f"{count:,} {reason}" for reason, count in tally.skips.most_common()) or "none",
            f"{len(tally.opportunities):,}\n{len(tally.planned):,} planned",
            f"{reason}\n{count:,}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
