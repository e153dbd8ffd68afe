"""READY minutes that trials share, kept on the disk: deciding a market again would give the same."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from mtf_core.market import Side, Timeframe
from mtf_core.planning import FactRole
from mtf_core.reasons import Reason
from mtf_core.replay.ledger import WaitingContext
from mtf_core.replay.opportunities import Opportunities

_BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What reading a file raises that is not there, or not whole."""


@frozen
class OpportunityFiles:
    """A folder of arrays by digest. Nothing in a file makes Python do anything; one that is not whole is not used."""

    folder: Path

    def find(self, digest: str) -> Opportunities | None:
        try:
            with self._path(digest).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return _read({name: arrays[name] for name in arrays.files})
        except _BROKEN:
            return None

    def keep(self, digest: str, opportunities: Opportunities) -> None:
        """Under another name first: who reads at the same time finds all of it, or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(digest)
        becoming = path.with_suffix(f".{os.getpid()}.new")
        with becoming.open("wb") as file:
            np.savez(file, **_written(opportunities))
        becoming.replace(path)

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest}.npz"


def _written(found: Opportunities) -> dict[str, Any]:
    head = {
        "symbol": found.symbol,
        "minutes": found.minutes,
        "reasons": dict(found.reasons),
        "sides": [side.value for side in found.sides],
        "timeframes": [timeframe.value for timeframe in found.timeframes],
        "contexts": [[one.side.value, one.first_ms, one.last_ms, one.reason.value] for one in found.contexts],
        "facts": [[timeframe.value, role.value] for timeframe, roles in found.facts.items() for role in roles],
    }
    arrays: dict[str, Any] = {"at_ms": found.at_ms, "valid_timeframes": found.valid_timeframes}
    pairs = [pair for roles in found.facts.values() for pair in roles.values()]
    for number, (values, closes) in enumerate(pairs):
        arrays[f"values_{number}"], arrays[f"closes_{number}"] = values, closes
    return {"head": np.array(json.dumps(head)), **arrays}


def _read(arrays: dict[str, Any]) -> Opportunities:
    head = json.loads(str(arrays["head"]))
    facts: dict[Timeframe, dict[FactRole, Any]] = {}
    for number, (timeframe, role) in enumerate(head["facts"]):
        pair = arrays[f"values_{number}"], arrays[f"closes_{number}"]
        facts.setdefault(Timeframe(timeframe), {})[FactRole(role)] = pair
    return Opportunities(
        symbol=head["symbol"],
        minutes=head["minutes"],
        reasons=head["reasons"],
        contexts=tuple(
            WaitingContext(head["symbol"], Side(side), first_ms, last_ms, Reason(reason))
            for side, first_ms, last_ms, reason in head["contexts"]
        ),
        at_ms=arrays["at_ms"],
        sides=tuple(map(Side, head["sides"])),
        timeframes=tuple(map(Timeframe, head["timeframes"])),
        valid_timeframes=arrays["valid_timeframes"],
        facts=facts,
    )
