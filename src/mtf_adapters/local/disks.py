"""The disks that hold something of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mtf_core.ports import Disk


class LocalDisks:
    """The core's `Disks`: those of some folders, or of the nearest folders above them that exist."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)

    def seen(self) -> tuple[Disk, ...]:
        """Each disk once; one that cannot be looked at is left out."""
        found: dict[int, Disk] = {}
        for folder in self._folders:
            with suppress(OSError):
                there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
                usage = shutil.disk_usage(there)
                found.setdefault(there.stat().st_dev, Disk(str(folder), usage.free, usage.total))
        return tuple(found.values())
