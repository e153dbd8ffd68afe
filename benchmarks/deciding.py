"""How long deciding takes, as a ratio of what computing the same features costs at the very least.

    python benchmarks/deciding.py [--candles FILE]

Prints, for each profile: one minute of 300 symbols (candles in memory), the minute after it, and every minute of a
month of one symbol. Each stands against two floors (`floors.py`): bare calls of TA-Lib, and these with numpy for what
TA-Lib does not have. Neither reads rules, explains or decides anything. A target that is not reached is marked MISSED.
Times are CPU times of the best of several repetitions, taken in turns, so that other work disturbs them little.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from attrs import evolve, frozen
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.floors import Floor, aggregation, floor_of

from mtf_adapters.files.candles import read_candles
from mtf_adapters.files.profiles import load_profile
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe, parse_instant, to_ms
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.history import complete, resolve_history
from mtf_core.validation.window import window_at

SYMBOLS = 300
REPETITIONS = 30
AT_MS = to_ms(parse_instant("2026-01-31T14:03Z"))
MINUTE_TARGET = 1.3
HISTORY_TARGET = {"regular": 2.0}
"""`regular` previews a trade for its selector; the others are to stay within 1.5."""

Stacks = dict[Timeframe, CandleStack]


@frozen
class Measured:
    """The best time of each, in seconds of CPU."""

    bare: float
    full: float
    ours: float

    def cells(self, target: float) -> tuple[str, ...]:
        missed = self.ours > target * self.full
        marked = f"≤ {target:g}" + (" MISSED" if missed else "")
        ratios = (f"{self.ours / self.bare:.2f}", f"{self.ours / self.full:.2f}", marked)
        return (*(f"{seconds * 1000:.1f}" for seconds in (self.bare, self.full, self.ours)), *ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candles", type=Path, help="1m candles (CSV) to decide over; default: a generated month")
    parser.add_argument("--profiles", nargs="*", default=["scalper_micro", "scalper", "regular", "crash"])
    arguments = parser.parse_args()
    market = GeneratedMarket(seed=1, symbols=SYMBOLS)
    month = read_candles(arguments.candles) if arguments.candles else _month(market)
    table = Table(
        *("profile", "what", "bare ms", "full ms", "ours ms", "ratio to bare", "to full", "target"),
        title=f"Deciding: one minute of {SYMBOLS} symbols, the next, and {len(month)} minutes of one",
    )
    for name in arguments.profiles:
        compiled = compile_profile(load_profile(name))
        stacks = _stacks(compiled, market, AT_MS)
        later = {**stacks, Timeframe.M1: _stacks(compiled, market, AT_MS + 60_000)[Timeframe.M1]}
        table.add_row(name, "minute", *_minute(compiled, stacks).cells(MINUTE_TARGET))
        table.add_row("", "the next", *_next_minute(compiled, stacks, later).cells(MINUTE_TARGET))
        table.add_row("", "month", *_history(compiled, month).cells(HISTORY_TARGET.get(name, 1.5)))
    Console(width=120 if not sys.stdout.isatty() else None).print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, markets and TA-Lib's own imports included: {peak:.0f} MB")


def _minute(compiled: CompiledProfile, stacks: Stacks) -> Measured:
    batch = Decider(compiled).decide(stacks, AT_MS)
    return _measured(floor_of(list(batch.tables.values())), lambda: list(Decider(compiled).decide(stacks, AT_MS)))


def _next_minute(compiled: CompiledProfile, stacks: Stacks, later: Stacks) -> Measured:
    """A minute in which only the 1m candles are new, for a decider that decided the one before."""
    batch = Decider(compiled).decide(later, AT_MS + 60_000)
    floor = floor_of([batch.tables[Timeframe.M1]])
    times = []
    for _ in range(REPETITIONS):
        decider = Decider(compiled)
        list(decider.decide(stacks, AT_MS))
        times.append(_timed(lambda decider=decider: list(decider.decide(later, AT_MS + 60_000))))  # type: ignore[misc]
    return evolve(_measured(floor, lambda: None), ours=min(times))


def _history(compiled: CompiledProfile, month: Candles) -> Measured:
    candles = {Timeframe.M1: month}
    series = complete(candles, frozenset(compiled.needs))
    stacks = {timeframe: CandleStack.of_series(each, "X") for timeframe, each in series.items() if len(each)}
    decided = Decider(compiled).decide(stacks, month.end_ms).tables
    tables = []
    for timeframe, stack in stacks.items():
        tables.append(FeatureTable(stack, stack.count, compiled.timezone, compiled.tolerance))
        for name in decided[timeframe].computed:
            tables[-1].feature(name)
    floor = floor_of(tables)
    floor.beside.extend(aggregation(month, list(stacks)))
    return _measured(floor, lambda: resolve_history(compiled, "X", candles))


def _measured(floor: Floor, ours: Callable[[], object]) -> Measured:
    """The best time of each, taken in turns, so that all see the same machine."""
    times = [(_timed(floor.run_bare), _timed(floor.run_full), _timed(ours)) for _ in range(REPETITIONS)]
    return Measured(*(min(column) for column in zip(*times, strict=True)))


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _stacks(compiled: CompiledProfile, market: GeneratedMarket, at_ms: int) -> Stacks:
    symbols = [contract.symbol for contract in market.contracts(at_ms)]
    stacks = {}
    for timeframe, need in compiled.needs.items():
        window = window_at(timeframe, need, at_ms, compiled.timezone)
        first, last = window.first_open_ms, window.last_open_ms
        series = {symbol: market.candles(symbol, timeframe, first, last, at_ms) for symbol in symbols}
        stacks[timeframe] = window.stack(series)
    return stacks


def _month(market: GeneratedMarket) -> Candles:
    last = AT_MS - 180_000
    return market.candles("BTCUSDT", Timeframe.M1, last - 45_030 * 60_000, last, AT_MS)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
