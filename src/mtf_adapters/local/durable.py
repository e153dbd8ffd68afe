"""Small files that several processes of one machine write, and that are on the disk before anything goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # where the system has none, one process at a time is relied upon
    fcntl = None  # type: ignore[assignment]


@contextmanager
def opened_alone(path: Path) -> Iterator[int]:
    """A descriptor of the file, which nobody else opens this way meanwhile; it and its folder are made.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_new:
            flush_folder(path.parent)
        yield descriptor
    finally:
        os.close(descriptor)


OURS_ALONE, AS_THE_UMASK_SAYS = 0o600, 0o666
"""Who may read a file that is made: its owner; or whom the owner's umask lets, as with any program's files."""


def replace_whole(path: Path, content: bytes, mode: int = OURS_ALONE) -> None:
    """The file holds this content, or, whatever happens meanwhile, what it held before. Raises OSError.

    For one at a time; what a death left half written beside it is thrown away by the next.
    """
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)  # it may be readable to others than this one shall be
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """What was made or renamed in the folder stays so; systems that cannot do it do so by themselves."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
