"""How long deciding takes, as a ratio of what TA-Lib alone needs for the same indicators in the same run.

    python benchmarks/deciding.py [--candles FILE]

Prints, for each profile: one minute of 300 symbols (candles in memory), the minute after it, and every minute of a
month of one symbol; each with the floor, and the peak memory of the process. Ratios are of the best of several
repetitions, so that other work on the machine disturbs them as little as possible.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import talib
from rich.console import Console
from rich.table import Table

from mtf_adapters.files.candles import read_candles
from mtf_adapters.files.profiles import load_profile
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.features.names import Family, feature_spec
from mtf_core.market import Candles, CandleStack, Timeframe, parse_instant, to_ms
from mtf_core.rules.axis import home_timeframe
from mtf_core.rules.expressions import Feature, used
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.history import complete, resolve_history
from mtf_core.validation.window import window_at

SYMBOLS = 300
REPETITIONS = 40
AT_MS = to_ms(parse_instant("2026-01-31T14:03Z"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candles", type=Path, help="1m candles (CSV) to decide over; default: a generated month")
    parser.add_argument("--profiles", nargs="*", default=["scalper_micro", "scalper", "regular", "crash"])
    arguments = parser.parse_args()
    market = GeneratedMarket(seed=1, symbols=SYMBOLS)
    month = read_candles(arguments.candles) if arguments.candles else _month(market)
    table = Table(
        "profile", "what", "floor ms", "ours ms", "ratio", "target", "candles/s", title="Deciding against TA-Lib alone"
    )
    for name in arguments.profiles:
        compiled = compile_profile(load_profile(name))
        _live(table, name, compiled, market)
        _history(table, name, compiled, month)
    Console().print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, markets and TA-Lib's own imports included: {peak:.0f} MB")


def _live(table: Table, name: str, compiled: CompiledProfile, market: GeneratedMarket) -> None:
    symbols = [contract.symbol for contract in market.contracts(AT_MS)]
    stacks = _stacks(compiled, market, symbols, AT_MS)
    later = dict(stacks)
    later[Timeframe.M1] = _stacks(compiled, market, symbols, AT_MS + 60_000)[Timeframe.M1]
    floor, first = _best_of_both(
        lambda: _floor_of_stacks(compiled, stacks), lambda: list(Decider(compiled).decide(stacks, AT_MS))
    )
    seconds = []
    for _ in range(REPETITIONS):
        decider = Decider(compiled)
        list(decider.decide(stacks, AT_MS))
        seconds.append(_timed(lambda decider=decider: list(decider.decide(later, AT_MS + 60_000))))  # type: ignore[misc]
    second = min(seconds)
    count = sum(stack.close.size for stack in stacks.values())
    what = f"one minute, {SYMBOLS} symbols × {len(stacks)} timeframes"
    _row(table, name, what, floor, first, 2.0, count)
    table.add_row("", "the minute after (ratio: of the first)", "", _ms(second), f"{second / first:.2f}", "≤ 0.33", "")


def _history(table: Table, name: str, compiled: CompiledProfile, month: Candles) -> None:
    candles = {Timeframe.M1: month}
    series = complete(candles, frozenset(compiled.needs))
    stacks = {timeframe: CandleStack.of_series(found, "X") for timeframe, found in series.items() if len(found)}
    floor, ours = _best_of_both(
        lambda: _floor_of_stacks(compiled, stacks), lambda: resolve_history(compiled, "X", candles)
    )
    _row(table, "", f"every minute of {len(month)} candles", floor, ours, 3.0, len(month))


def _row(table: Table, name: str, what: str, floor: float, ours: float, target: float, candles: int) -> None:
    ratio, rate = ours / floor, candles / ours / 1e6
    table.add_row(name, what, _ms(floor), _ms(ours), f"{ratio:.2f}", f"≤ {target:g}", f"{rate:.1f} M")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _best_of_both(floor: Callable[[], object], ours: Callable[[], object]) -> tuple[float, float]:
    """The best time of each, taken in turns, so that both see the same machine."""
    times = [(_timed(floor), _timed(ours)) for _ in range(REPETITIONS)]
    return min(one for one, _ in times), min(other for _, other in times)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _stacks(
    compiled: CompiledProfile, market: GeneratedMarket, symbols: list[str], at_ms: int
) -> dict[Timeframe, CandleStack]:
    found = {}
    for timeframe, need in compiled.needs.items():
        window = window_at(timeframe, need, at_ms, compiled.timezone)
        first, last = window.first_open_ms, window.last_open_ms
        series = {symbol: market.candles(symbol, timeframe, first, last, at_ms) for symbol in symbols}
        found[timeframe] = window.stack(series)
    return found


def _month(market: GeneratedMarket) -> Candles:
    last = AT_MS - 180_000
    return market.candles("BTCUSDT", Timeframe.M1, last - 45_030 * 60_000, last, AT_MS)


def _floor_of_stacks(compiled: CompiledProfile, stacks: Mapping[Timeframe, CandleStack]) -> None:
    """TA-Lib's public functions, called for each indicator that the profile uses, on each symbol; nothing else.

    What TA-Lib does not have (VWAP, pivots) is left out of the floor.
    """
    for timeframe, specs in _indicators(compiled).items():
        if timeframe not in stacks:
            continue
        stack = stacks[timeframe]
        for family, period in specs:
            for row in range(len(stack.symbols)):
                high, low, close = (
                    stack.high[row, stack.lead :],
                    stack.low[row, stack.lead :],
                    stack.close[row, stack.lead :],
                )
                match family:
                    case Family.EMA:
                        talib.EMA(close, period)
                    case Family.SMA:
                        talib.SMA(close, period)
                    case Family.RSI:
                        talib.RSI(close, period)
                    case Family.ATR:
                        talib.ATR(high, low, close, period)
                    case Family.ADX:
                        talib.ADX(high, low, close, period)
                    case Family.MACD:
                        talib.MACD(close, 12, 26, 9)
                    case Family.VOLUME_RATIO:
                        talib.SMA(stack.volume[row, stack.lead :], 20)


def _indicators(compiled: CompiledProfile) -> dict[Timeframe, set[tuple[Family, int]]]:
    """What the profile's rules and filters read that TA-Lib computes, by timeframe."""
    found: dict[Timeframe, set[tuple[Family, int]]] = {}
    for timeframe in compiled.parts:
        for test in compiled.profile.rules.tests_on(timeframe):
            for leaf, _ in used(test):
                if isinstance(leaf, Feature):
                    spec = feature_spec(leaf.name)
                    home = home_timeframe(leaf, timeframe, compiled.pivot_timeframe)
                    found.setdefault(home, set()).update(_computed(spec.family, spec.period))
    return found


def _computed(family: Family, period: int) -> set[tuple[Family, int]]:
    match family:
        case Family.ATR_PCT:
            return {(Family.ATR, 14)}
        case Family.ATR_BAND:
            return {(Family.ATR, 14), (Family.EMA, period)}
        case Family.CANDLE | Family.VWAP | Family.PIVOT:
            return set()
        case _:
            return {(family, period)}


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
