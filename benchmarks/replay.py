"""What a replay costs: reading, deciding, trading and the report, beside floors, and beside other backtesters.

    python benchmarks/replay.py                              # 5 generated symbols over 60 days, a minute or so
    python benchmarks/replay.py --year                       # 30 symbols over 365 days: the targets are meant of this
    python benchmarks/replay.py --peers /path/to/python      # with backtesting.py and vectorbt, on one of the symbols

Each phase runs in a process of its own, and the whole once more as `mtf replay`. Floors are measured in the same run:
reading the minutes from the archive, and what the profile's features cost at the very least (`floors.py`). Then days
and symbols are doubled, to see whether costs grow as candles do. CPU seconds say more than seconds on a machine that
does other things; the load is printed. A target that is not reached is marked MISSED.

The peers do much less: one pair of averages with a stop and a target on one symbol, in floats. They know no context
timeframes, no guards, no supervisor, no account that symbols share, no zones or fallbacks, and they keep no row for
what was not traded. They show what a pass over as many minutes costs elsewhere, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from attrs import evolve, frozen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.replay_parts.generated_archive import VENUE, made
from benchmarks.replay_parts.watching import Watched, watched

from mtf_adapters.archive import Archive
from mtf_core.market import COLUMNS

PARTS = Path(__file__).resolve().parent / "replay_parts"
PHASES = ("read", "features", "decide", "trade", "report")
YEAR_SYMBOLS, YEAR_DAYS = 30, 365
WHOLE_S, WHOLE_MB = 60.0, 1500.0
"""Of a year of 30 symbols on two cores."""
LINEAR = 1.2
"""Twice the candles may cost at most so many times twice as much."""


@frozen
class Size:
    """Of an archive."""

    symbols: int
    days: int

    @property
    def candles(self) -> int:
        return self.symbols * self.days * 1440

    def __str__(self) -> str:
        return f"{self.symbols} symbols x {self.days} days"


TIMES = 3
_SMALLEST = Size(2, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=5)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--year", action="store_true", help=f"{YEAR_SYMBOLS} symbols and {YEAR_DAYS} days")
    parser.add_argument("--profile", default="scalper_micro")
    parser.add_argument("--cache", type=Path, help="keeps the archives there; default: they are thrown away")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has backtesting and vectorbt")
    parser.add_argument("--no-doubling", action="store_true", help="leaves out how costs grow")
    arguments = parser.parse_args()
    size = Size(YEAR_SYMBOLS, YEAR_DAYS) if arguments.year else Size(arguments.symbols, arguments.days)
    with tempfile.TemporaryDirectory() as thrown_away:
        cache = arguments.cache or Path(thrown_away)
        print(f"{arguments.profile}, {size}, {size.candles:,} candles; {os.cpu_count()} cores, load {_load()}")
        archive = made(cache, size.symbols, size.days)
        phases(archive, arguments.profile)
        whole = replayed(archive, arguments.profile)
        _print_whole(size, whole)
        if not arguments.no_doubling:
            doubled(cache, size, arguments.profile)
        if arguments.peers:
            beside_peers(cache, size, arguments.profile, arguments.peers)
        print(f"load at the end {_load()}")


def phases(archive: Path, profile: str) -> None:
    """Prints each phase, with its ratio to reading."""
    print("phase       wall s    CPU s   x reading   peak MB (all, largest process)")
    with tempfile.TemporaryDirectory() as folder:
        floor, found = 0.0, {}
        for name in PHASES:
            seen = watched([sys.executable, str(PARTS / "phases.py"), name, str(archive), profile, folder])
            taken = found[name] = json.loads(seen.output)
            if name == "features":
                _print_floor(taken, floor)
                continue
            floor = floor or taken["cpu"]
            more = ", ".join(f"{value:,} {what}" for what, value in taken.items() if what not in ("wall", "cpu"))
            print(
                f"{name:<8}  {taken['wall']:>8.2f} {taken['cpu']:>8.2f}   {taken['cpu'] / floor:>9.2f}   "
                f"{seen.together_mb:.0f}, {seen.largest_mb:.0f}   {more}"
            )
    decided, bare = found["decide"], found["features"]
    floors = found["read"]["cpu"] + bare["full"]
    print(f"deciding is {decided['cpu'] / floors:.2f} x reading and the features together")
    print(f"trading: {1000 * found['trade']['cpu'] / max(1, found['trade']['ready']):.2f} ms of CPU a READY minute")


def _print_floor(taken: dict[str, float], read: float) -> None:
    for name in ("bare", "full"):
        print(f"floor: {name:<4}        {taken[name]:>5.2f}   {taken[name] / read:>9.2f}   features, {name}")


def replayed(archive: Path, profile: str) -> Watched:
    """The whole, as a person runs it."""
    with tempfile.TemporaryDirectory() as out:
        options = ["replay", "--profile", profile, "--archive", str(archive), "--venue", VENUE, "--out", out]
        seen = watched([sys.executable, "-m", "mtf_entrypoints.cli.main", *options])
    return evolve(seen, output="")


def _print_whole(size: Size, seen: Watched) -> None:
    """The targets are those of a year of 30 symbols; nothing smaller is measured by them."""
    is_year = size.candles >= Size(YEAR_SYMBOLS, YEAR_DAYS).candles
    for value, target, unit in ((seen.wall, WHOLE_S, "s"), (seen.together_mb, WHOLE_MB, "MB")):
        verdict = ("met" if value <= target else "MISSED") if is_year else "of a year of 30 symbols"
        print(f"whole: {value:.1f} {unit} (target {target:.0f} {unit}: {verdict})")
    print(f"whole: {seen.cpu:.1f} s of CPU, {1e6 * seen.cpu / size.candles:.2f} us a candle")


def doubled(cache: Path, size: Size, profile: str) -> None:
    """How costs grow with days and with symbols, in CPU seconds, the least of some times.

    What hardly any candles cost is taken off: programs start, the processes that decide, too.
    """
    starting, once = (_least_cpu(made(cache, one.symbols, one.days), profile) for one in (_SMALLEST, size))
    print(f"{size}: {once:.1f} s of CPU, of which {starting:.1f} s is starting (each the least of {TIMES} times)")
    for what, more in (("days", evolve(size, days=2 * size.days)), ("symbols", evolve(size, symbols=2 * size.symbols))):
        twice = _least_cpu(made(cache, more.symbols, more.days), profile)
        ratio = (twice - starting) / (once - starting) / 2
        verdict = ("met" if ratio <= LINEAR else "MISSED") if once > 2 * starting else "too small a size to tell"
        print(f"{what} doubled: {twice:.1f} s of CPU, {ratio:.2f} x linear (target {LINEAR}: {verdict})")


def _least_cpu(archive: Path, profile: str) -> float:
    return min(replayed(archive, profile).cpu for _ in range(TIMES))


def beside_peers(cache: Path, size: Size, profile: str, python: str) -> None:
    """The same minutes of one symbol, in our replay and in theirs."""
    archive = made(cache, 1, size.days)
    (series,) = Archive(archive).series()
    minutes = Archive(archive).candles(VENUE, series.symbol)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "minutes.npz"
        np.savez(file, open_ms=minutes.open_ms, **{name: getattr(minutes, name) for name in COLUMNS})
        command = [python, str(PARTS / "peers.py"), str(file)]
        theirs = json.loads(watched(command).output)
        ours = 0.0
        for name in ("read", "decide", "trade", "report"):
            seen = watched([sys.executable, str(PARTS / "phases.py"), name, str(archive), profile, folder])
            ours += json.loads(seen.output)["cpu"]
    print(f"one symbol, {len(minutes):,} minutes; ours: {ours:.2f} s of CPU, from the archive to the report")
    for name, taken in theirs.items():
        print(
            f"  {name}: {taken['cpu']:.2f} s of CPU, {taken['cpu'] / ours:.0%} of ours, {taken['trades']:,} trades of "
            "a plain crossing; no context timeframes, no guards, no supervisor, no shared account"
        )


def _load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


if __name__ == "__main__":
    main()
