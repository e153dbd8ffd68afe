"""A crossing of two averages with stop and target, in backtesting.py and in vectorbt, over one symbol's minutes.

`PYTHON peers.py MINUTES.npz`, with an interpreter that has them (`pip install backtesting vectorbt`; measured with
backtesting 0.6.6 and vectorbt 1.2.0): neither is in our lock files, so this imports nothing of ours. Prints, as JSON,
seconds, CPU seconds and trades of each: of the second run, for vectorbt compiles itself in the first.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

FAST, SLOW = 20, 100
STOP, TARGET = 0.005, 0.01
FEE = 0.0006


def of_backtesting(minutes: Any) -> Any:
    pandas, backtesting = import_module("pandas"), import_module("backtesting")
    crossover = import_module("backtesting.lib").crossover

    def average(values: Any, length: int) -> Any:
        return pandas.Series(values).rolling(length).mean()

    class Crossing(backtesting.Strategy):  # type: ignore[misc,name-defined]
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, FAST)
            self.slow = self.I(average, self.data.Close, SLOW)

        def next(self) -> None:
            if not self.position and crossover(self.fast, self.slow):
                price = self.data.Close[-1]
                self.buy(size=0.5, sl=price * (1 - STOP), tp=price * (1 + TARGET))

    frame = pandas.DataFrame(
        {name.capitalize(): minutes[name] for name in ("open", "high", "low", "close", "volume")},
        index=pandas.to_datetime(minutes["open_ms"], unit="ms"),
    )
    return lambda: int(backtesting.Backtest(frame, Crossing, cash=10_000_000, commission=FEE).run()["# Trades"])


def of_vectorbt(minutes: Any) -> Any:
    vectorbt = import_module("vectorbt")

    def run() -> int:
        fast, slow = (vectorbt.MA.run(minutes["close"], length) for length in (FAST, SLOW))
        portfolio = vectorbt.Portfolio.from_signals(
            minutes["close"],
            fast.ma_crossed_above(slow),
            open=minutes["open"],
            high=minutes["high"],
            low=minutes["low"],
            sl_stop=STOP,
            tp_stop=TARGET,
            fees=FEE,
            freq="1min",
        )
        return int(portfolio.trades.count())

    return run


def measured(prepared: Any) -> dict[str, float]:
    prepared()
    wall, cpu = time.perf_counter(), time.process_time()
    trades = prepared()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "trades": trades}


def main() -> None:
    warnings.simplefilter("ignore")
    minutes = dict(np.load(sys.argv[1]))
    found = {}
    for name, prepare in (("backtesting", of_backtesting), ("vectorbt", of_vectorbt)):
        try:
            found[f"{name} {version(name)}"] = measured(prepare(minutes))
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
