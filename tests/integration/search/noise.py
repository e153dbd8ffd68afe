"""Searches over prices that wander without any edge: how many of them end as they should, rejected.

python -m tests.integration.search.noise --seeds 100 --folder /tmp/noise
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from mtf_adapters.archive import Archive
from mtf_adapters.trials.ledger import TrialLedger
from mtf_core.search.verdict import Verdict
from mtf_entrypoints.search.performing import Searching
from mtf_entrypoints.search.pool import Here
from mtf_entrypoints.search.preparing import prepare
from mtf_entrypoints.search.work import Workbench
from tests.search_worlds import candle_file, config_folder, space_file, walk

DAYS, TRIALS = 12, 8
FREE = """
fee_factor: 0
slippage_bps: 0
funding_rate: 0
spreads: [{turnover_usdt: 0, bps: 0}]
"""
"""Without costs a variant's true expectancy is 0, and luck alone shows a profit in every other one."""
_ENOUGH = 0.95


def searched(seed: int, folder: Path, *, is_free: bool) -> dict[str, Any]:
    """One search over one world, and what came of it."""
    root = folder / f"{'free' if is_free else 'costs'}-{seed}"
    root.mkdir(parents=True, exist_ok=True)
    known = root / "ended.json"
    if known.exists():
        found: dict[str, Any] = json.loads(known.read_text())
        return found
    if not (root / "config").exists():
        config_folder(root / "config", FREE if is_free else "")
    candle_file(root / "AAAUSDT.csv", walk(seed, DAYS))
    space = space_file(root, "AAAUSDT", trials=TRIALS, seed=seed)
    search = prepare(
        space,
        config_dir=root / "config",
        archive=Archive(root / "archive"),
        exchange="sandbox",
        cache=root / "cache",
    )
    with TrialLedger.opened("memory") as ledger:
        conclusion = Searching(search, ledger, Here(Workbench(search.work))).perform().conclusion
    found = {
        "seed": seed,
        "verdict": str(conclusion.verdict),
        "failed": [check.name for check in conclusion.checks if not check.holds],
        "score": None if conclusion.best is None else conclusion.best.train.score,
        "trades": conclusion.forward.trades,
    }
    known.write_text(json.dumps(found))
    return found


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--free", action="store_true", help="without any costs")
    asked = parser.parse_args(words)
    seeds = range(asked.first, asked.first + asked.seeds)
    with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
        found = []
        for one in pool.map(partial(searched, folder=asked.folder, is_free=asked.free), seeds):
            found.append(one)
            print(json.dumps(one), flush=True)
    rejected = sum(one["verdict"] == Verdict.REJECTED.value for one in found)
    print(f"{rejected} of {len(found)} searches over noise were rejected")
    return 0 if rejected >= _ENOUGH * len(found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
