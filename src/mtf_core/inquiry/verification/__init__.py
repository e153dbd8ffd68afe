"""A stored run, decided and planned again from the store alone, and compared with what was recorded."""

from mtf_core.inquiry.verification.findings import Difference, Finding, Verification
from mtf_core.inquiry.verification.verify import verify_run

__all__ = ["Difference", "Finding", "Verification", "verify_run"]
