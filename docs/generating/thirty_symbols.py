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
_COMMAND = ("replay", "--profile", _PROFILE, "--archive", "generated", "--venue", VENUE, "--out", "report")
_OF_TRADES = ("symbol", "side", "entry_at", "exit_at", "net_usdt", "r_net", "exit_reason")


def thirty_symbols(days: int) -> bytes:
    """The file, of so many days; the same days and code give the same file but for how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        made(Path(folder), _SYMBOLS, days).rename(Path(folder, "generated"))
        environment = {**os.environ, "MTF_TRIALS": str(Path(folder, "trials.db")), "COLUMNS": "110"}
        ended = subprocess.run(
            [sys.executable, "-m", "mtf_entrypoints.cli.main", *_COMMAND],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        document = json.loads(Path(folder, "report", "report.json").read_text())
    kept = _kept(document) | {
        "command": " ".join(("mtf", *_COMMAND)),
        "screen": _trimmed(ended.stdout),
        "took": _took(),
    }
    return gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), mtime=0)


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
