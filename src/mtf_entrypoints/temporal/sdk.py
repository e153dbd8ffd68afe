"""Temporal's SDK, which is an extra: what is said where it is not installed."""

from __future__ import annotations

MISSING = 'Temporal\'s SDK is not installed; install it with: pip install "mtf-orchestrator[temporal]"'


def is_missing(error: ModuleNotFoundError) -> bool:
    """Whether an import failed for want of the SDK, and not of something else."""
    return (error.name or "").partition(".")[0] == "temporalio"
