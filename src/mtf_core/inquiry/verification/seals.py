"""Whether the rows of a run are the ones that were sealed, and the run before is the one that it was."""

from __future__ import annotations

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.records import SealCheck


def check_seal(seal: SealCheck | None, checks: Checks) -> None:
    """Runs of the first version have no seal, which is no fault."""
    if seal is None:
        return
    if not seal.unchanged:
        checks.note(Finding.SEAL_BROKEN, None, "seal of the run's records", seal.recorded.digest, seal.digest_now)
    if not seal.follows:
        before = seal.before_now or "not stored, though older runs are"
        what = f"seal of the run before, {seal.recorded.before_run_id}"
        checks.note(Finding.RUN_BEFORE_CHANGED, None, what, seal.recorded.before, before)
