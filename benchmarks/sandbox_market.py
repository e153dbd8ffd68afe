"""How long the generated market takes for the candles of one run: 300 symbols, five timeframes."""

from __future__ import annotations

import argparse
from time import perf_counter

from mtf_adapters.sandbox.generated import REFERENCE_MS, GeneratedMarket
from mtf_core.market import MINUTE_MS, Timeframe

WINDOWS = {Timeframe.M1: 1500, Timeframe.M5: 700, Timeframe.M15: 700, Timeframe.H1: 700, Timeframe.H4: 700}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    now_ms = REFERENCE_MS + 43_200_000
    started = perf_counter()
    market = GeneratedMarket(arguments.seed, symbols=arguments.symbols)
    contracts = market.contracts(now_ms)
    print(f"contracts with their turnover: {perf_counter() - started:.2f} s")
    for timeframe, count in WINDOWS.items():
        started = perf_counter()
        last = timeframe.last_closed_open(now_ms)
        for contract in contracts:
            market.candles(contract.symbol, timeframe, last - (count - 1) * timeframe.ms, last, now_ms)
        print(f"{len(contracts)} × {count} candles of {timeframe}: {perf_counter() - started:.2f} s")
    started = perf_counter()
    now_ms += MINUTE_MS
    last = Timeframe.M1.last_closed_open(now_ms)
    for contract in contracts:
        market.candles(contract.symbol, Timeframe.M1, last, last, now_ms)
        market.prices(contract.symbol, now_ms)
    print(f"the next minute, its {len(contracts)} candles and as many quotes: {perf_counter() - started:.3f} s")


if __name__ == "__main__":
    main()
