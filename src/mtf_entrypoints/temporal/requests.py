"""What each workflow may be asked with: the file of schedules is checked by it, and every job as it comes."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_core.run_request import MAX_SYMBOLS, OPTIONS
from mtf_entrypoints.temporal import names


@frozen
class Limit:
    """A number beside a run's own fields, from 0 to `most`."""

    usual: float
    most: float
    doc: str
    is_whole: bool = False

    @property
    def allowed(self) -> str:
        return f"a {'whole ' if self.is_whole else ''}number from 0 to {self.most:g}"

    def fits(self, value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return 0 <= value <= self.most and (isinstance(value, int) or not self.is_whole)


MAX_AGE_SEC, MAX_ERROR_SHARE = "max_age_sec", "max_error_share"
SHARD_SYMBOLS, ENDS_WITHIN_SEC = names.SHARD_SYMBOLS, "ends_within_sec"
LIMITS: Mapping[str, Limit] = {
    MAX_AGE_SEC: Limit(45, 3600, "a run that was due longer ago is not begun any more"),
    MAX_ERROR_SHARE: Limit(0.5, 1, "a run of which more symbols fail counts as failed, 0 to 1"),
    SHARD_SYMBOLS: Limit(
        0, MAX_SYMBOLS, "workers share a run, so many symbols at most for each; 0: one worker makes all of it", True
    ),
    ENDS_WITHIN_SEC: Limit(55, 3600, "a shared run that has not ended so long after it was due is lost"),
}
REQUEST_KEYS: Mapping[str, str] = {
    **{name: limit.doc for name, limit in LIMITS.items()},
    **{option.name: option.doc for option in OPTIONS},
}
"""What a run may be asked with, and what each does."""
FIELDS: Mapping[str, frozenset[str]] = {
    names.MTF_RUN: frozenset(REQUEST_KEYS),
    names.CONTRACT_SYNC: frozenset(),
    names.CLEANUP: frozenset({"dry_run"}),
    names.KLINE_REPAIR: frozenset(),
}
"""By workflow."""
