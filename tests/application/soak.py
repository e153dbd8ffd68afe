"""Days of the whole application in accelerated time: `make days DAYS=3 SYMBOLS=300`, or this with `--help`.

What is measured stands in `samples.jsonl` of the folder as it is measured, and can be judged before the end and
afterwards (`--judge`). The exit code is 1 where anything grows that must not.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from attrs import evolve
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.application.days import SHORT_RETENTION, Days, soak
from tests.application.plants import PLANTED
from tests.application.samples import Sample, read_samples
from tests.application.verdict import judge

_FILE = "samples.jsonl"


def main() -> int:
    asked = _arguments()
    retention = evolve(SHORT_RETENTION, runs_most=asked.runs_most)
    if not asked.judge:
        days = Days(
            round(asked.days * 1440),
            asked.symbols,
            asked.seed,
            retention,
            with_threads=not asked.without_threads,
            planted=tuple(asked.plant),
        )
        _play(days, asked.folder, asked.database)
    try:
        verdict = judge(read_samples(asked.folder / _FILE), retention, asked.warm_up)
    except ValueError as error:
        print(error)
        return 1
    print(verdict.text())
    print(f"{len(verdict.broken)} of {len(verdict.findings)} are bad" if verdict.broken else "nothing grows")
    return 0 if verdict.holds else 1


def _play(days: Days, folder: Path, database_url: str | None) -> None:
    folder.mkdir(parents=True)
    _without_what_is_not_ours()
    # Nothing of the soak is in the user's own folder.
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    columns = (TextColumn("minutes"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with (
        (folder / _FILE).open("w") as file,
        Progress(*columns, console=Console(file=sys.stderr), refresh_per_second=1) as bars,
    ):
        bar = bars.add_task("minutes", total=days.minutes)

        def told(sample: Sample) -> None:
            file.write(sample.line())
            file.flush()
            bars.update(bar, completed=int(sample.minute))

        soak(days, folder, told, database_url)


def _without_what_is_not_ours() -> None:
    """TA-Lib loads data frames where they are installed, as they are for tests: more than half of the memory else."""
    for name in ("pandas", "polars"):
        assert name not in sys.modules
        sys.modules[name] = None  # type: ignore[assignment]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.application.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, required=True, help="a new folder, in which everything is written")
    parser.add_argument("--days", type=float, default=3.0, help="of the clock; the first hour is the warm-up")
    parser.add_argument("--symbols", type=int, default=300, help="how many contracts the sandbox lists")
    parser.add_argument("--seed", type=int, default=1, help="of the sandbox's market")
    parser.add_argument("--database", help="its address; a new SQLite file in the folder where none is given")
    parser.add_argument(
        "--runs-most", type=int, default=SHORT_RETENTION.runs_most, help="how many runs the cleanup is to keep"
    )
    parser.add_argument(
        "--without-threads", action="store_true", help="SQLite in the event loop: faster on a machine that is busy"
    )
    parser.add_argument("--warm-up", type=float, default=60.0, help="minutes of the clock that are not judged")
    parser.add_argument("--plant", nargs="*", choices=PLANTED, default=(), help="leaks that are to be found")
    parser.add_argument("--judge", action="store_true", help="plays nothing: judges what the folder holds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
