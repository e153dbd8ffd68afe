"""What a verification can find, and what it answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import frozen

from mtf_core._version import __version__


class Finding(StrEnum):
    """What a verification can find."""

    RUN_NOT_FINISHED = "run_not_finished"
    SEAL_BROKEN = "seal_broken"
    RUN_BEFORE_CHANGED = "run_before_changed"
    CONFIGURATION_MISSING = "configuration_missing"
    CONFIGURATION_CHANGED = "configuration_changed"
    CONFIGURATION_REFUSED = "configuration_refused"
    CANDLES_MISSING = "candles_missing"
    CANDLES_CHANGED = "candles_changed"
    RECORD_UNREADABLE = "record_unreadable"
    RECORD_INCOMPLETE = "record_incomplete"
    RECORD_CHANGED = "record_changed"
    DECISION_DIFFERS = "decision_differs"
    PLAN_DIFFERS = "plan_differs"
    ZONE_DIFFERS = "zone_differs"


@frozen
class Difference:
    """One thing that is not as it was recorded; `symbol` None for the run as a whole."""

    finding: Finding
    symbol: str | None
    what: str
    recorded: str
    found: str


@frozen
class Verification:
    """The result: how much was decided and planned again, and every difference. `ok` means not one."""

    run_id: str
    profile: str
    code_version: str
    decisions: int
    plans: int
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "profile": self.profile,
            "ok": self.ok,
            "recorded_with": self.code_version,
            "verified_with": __version__,
            "decisions": self.decisions,
            "plans": self.plans,
            "differences": [
                {
                    "finding": str(one.finding),
                    "symbol": one.symbol,
                    "what": one.what,
                    "recorded": one.recorded,
                    "found": one.found,
                }
                for one in self.differences
            ],
        }
