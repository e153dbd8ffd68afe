"""What goes wrong with an archive."""

from __future__ import annotations

from mtf_core.ports import StoreError


class ArchiveError(StoreError):
    """The archive cannot do what it was asked; the message says why and what to do."""


class DamagedArchiveError(ArchiveError):
    """A file of the archive is not what was written; the message names it."""
