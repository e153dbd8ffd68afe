"""What each workflow may be asked with: the file of schedules is checked by it, and every job as it comes."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_core.run_request import OPTIONS
from mtf_entrypoints.temporal import names


@frozen
class Limit:
    """A number beside a run's own fields, from 0 to `most`."""

    usual: float
    most: float
    doc: str

    @property
    def allowed(self) -> str:
        return f"a number from 0 to {self.most:g}"

    def fits(self, value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= self.most


MAX_AGE_SEC, MAX_ERROR_SHARE = "max_age_sec", "max_error_share"
LIMITS: Mapping[str, Limit] = {
    MAX_AGE_SEC: Limit(45, 3600, "a run that was due longer ago is not begun any more"),
    MAX_ERROR_SHARE: Limit(0.5, 1, "a run of which more symbols fail counts as failed, 0 to 1"),
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
