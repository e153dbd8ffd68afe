"""A thousand symbols in a minute: one worker alone, and three that share the run, from the close to the report.

Real processes here: PostgreSQL, Redis, a Temporal dev server, a sandbox that speaks as BitMart, a supervisor. Candles
are in the store, as one stream process keeps them. The floor is one worker that makes the whole run. On a machine of
two cores three workers cannot be three times as quick: what this shows is what sharing costs.

`--minutes N` (4) of each, the first of which is not counted: caches are cold.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.scale.killings import Outcome, play
from tests.scale.stage import stage

SYMBOLS, SHARD, WORKERS = 1000, 150, 3


def minutes_of(minutes: int, workers: int, shard: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="mtf-shared-") as folder, stage(Path(folder), SYMBOLS) as there:
        return asyncio.run(play(there, SYMBOLS, minutes, seed=1, kills=False, workers=workers, shard=shard))


def report(name: str, outcome: Outcome) -> float:
    took = [one.close_to_report_s for one in outcome.minutes[1:] if one.close_to_report_s is not None]
    if not took:
        raise SystemExit(f"{name}: no minute was finished: {[one.words for one in outcome.minutes]}")
    median = statistics.median(took)
    most = max(one.activities for one in outcome.minutes)
    size = max(one.most_bytes for one in outcome.minutes)
    print(
        f"{name}: {median:.1f} s from the close to the report (shortest {min(took):.1f}, longest {max(took):.1f}), "
        f"of these 3 s until the schedule starts; {most} activities, largest event {size} bytes"
    )
    return median


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=4)
    asked = parser.parse_args()
    alone = report("one worker", minutes_of(asked.minutes, 1, 0))
    shared = report(f"{WORKERS} workers, shards of {SHARD}", minutes_of(asked.minutes, WORKERS, SHARD))
    print(f"shared against alone: {shared / alone:.2f} x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
