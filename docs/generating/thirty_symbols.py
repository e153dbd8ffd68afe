"""The replay of thirty generated symbols that a notebook shows: made once, for it takes minutes, and stored."""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.replay_parts.generated_archive import END_MS, LISTED, SEED, VENUE, made

from mtf_core.market import format_instant

STORED = Path("docs/notebooks/thirty-symbols.json.gz")
_SYMBOLS, _PROFILE = 30, "scalper_micro"
_OF_TRADES = ("symbol", "side", "entry_at", "exit_at", "net_usdt", "r_net", "exit_reason")


def thirty_symbols(days: int, cache: Path | None = None) -> bytes:
    """The file, of so many days; the same days and code give the same file but for how long it took.

    The folder `cache`, where there is one, keeps the whole report, and the candles, which are not made again then.
    """
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = Path(thrown_away)
        archive = made(cache or folder, _SYMBOLS, days).resolve()
        (folder / "archive").symlink_to(archive)
        report = (cache or folder).resolve() / "report"
        options = ("--profile", _PROFILE, "--archive", "archive", "--venue", VENUE, "--out")
        ended = subprocess.run(
            [sys.executable, "-m", "mtf_entrypoints.cli.main", "replay", *options, str(report)],
            cwd=folder,
            env={**os.environ, "MTF_TRIALS": f"sqlite:///{folder / 'trials.db'}", "COLUMNS": "110"},
            check=True,
            capture_output=True,
            text=True,
        )
        document = json.loads((report / "report.json").read_text())
    told = {"command": " ".join(("mtf replay", *options, "report")), "screen": _trimmed(ended.stdout), "took": _took()}
    return gzip.compress(json.dumps(_kept(document) | told, separators=(",", ":")).encode(), mtime=0)


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    """What the notebook shows, and what it needs to begin once more."""
    head = document["replay"]
    return {
        "version": head["version"],
        "from": _first_open(head),
        "symbols": [market["symbol"] for market in head["markets"]],
        "seed": SEED,
        "listed": LISTED,
        "contracts_of": format_instant(END_MS),
        "equity": [{name: one[name] for name in ("at", "equity_usdt", "underwater_pct")} for one in document["equity"]],
        "buy_and_hold_pct": document["summary"]["buy_and_hold_pct"],
        "trades": [{name: one[name] for name in _OF_TRADES} for one in document["trades"]],
    }


def _trimmed(screen: str) -> str:
    return "\n".join(line.rstrip() for line in screen.splitlines())


def _first_open(head: dict[str, Any]) -> str:
    minutes = max(market["candles"] for market in head["markets"])
    return format_instant(END_MS - minutes * 60_000)


def _took() -> str:
    """Of the processes that have ended: nothing else was begun by this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return f"It took {used.ru_utime + used.ru_stime:.0f} s of processor time."
