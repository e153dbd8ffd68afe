"""The command line as a child's work."""

from __future__ import annotations

import os
import sys

from mtf_entrypoints.cli.main import run
from mtf_entrypoints.observing import ObservedOrchestrator


def main(*words: str) -> None:
    """As an operator starts it."""
    sys.exit(run(words))


def within(folder: str, *words: str) -> None:
    """As an operator starts it in that folder."""
    os.chdir(folder)
    sys.exit(run(words))


def broken(*words: str) -> None:
    """As an operator starts it, with a bug whose error shows everything that the process was told."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"it broke: {dict(os.environ)} {words}")

    ObservedOrchestrator.run = fail  # type: ignore[assignment]
    sys.exit(run(words))
