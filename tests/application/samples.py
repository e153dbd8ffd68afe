"""What is measured of the process and its database while days pass, a line of JSON each time."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cattrs
import numpy as np
from attrs import asdict, define, field, frozen

from tests.application.databases import Stored

_STATUS = Path("/proc/self/status")
_FILES = Path("/proc/self/fd")
_MOST_TYPES = 60


@frozen
class Sample:
    """One look at the process. `minute`: of the clock since the beginning."""

    minute: float
    real_s: float
    cpu_s: float
    rss_kb: int
    threads: Mapping[str, int]
    files: Mapping[str, int]
    """Open ones, by what they are."""
    tasks: Mapping[str, int]
    """By the coroutine that each carries out."""
    stored: Stored | None = None
    objects: Mapping[str, int] = field(factory=dict)
    """Objects that the garbage collector knows, by type, after it collected; only now and then."""
    held_kb: Mapping[str, int] = field(factory=dict)
    """What they hold of texts, bytes, numbers and arrays, by type; at the same times."""
    done: Mapping[str, int] = field(factory=dict)
    """What the application did since the beginning."""

    def line(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Of a file; a last line that was cut off is left out."""
    whole = path.read_text().rpartition("\n")[0]
    return tuple(cattrs.structure(json.loads(line), Sample) for line in whole.splitlines())


@define(eq=False)
class Meter:
    """Measures this process."""

    read_stored: Callable[[], Stored]
    begun_s: float = field(factory=time.monotonic, init=False)

    def sample(self, minute: float, done: Mapping[str, int], *, counts_rows: bool, counts_objects: bool) -> Sample:
        objects, held_kb = count_objects() if counts_objects else ({}, {})
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return Sample(
            minute=minute,
            real_s=round(time.monotonic() - self.begun_s, 2),
            cpu_s=round(usage.ru_utime + usage.ru_stime, 2),
            rss_kb=memory_kb(),
            threads=Counter(thread.name.partition("_")[0] for thread in threading.enumerate()),
            files=open_files(),
            tasks=tasks_by_name(),
            stored=self.read_stored() if counts_rows else None,
            objects=objects,
            held_kb=held_kb,
            done=dict(done),
        )


def memory_kb() -> int:
    """What of this process is in memory."""
    found = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(found.split()[1])


def open_files() -> dict[str, int]:
    """Sockets and pipes by their kind, files by their name."""

    def kinds() -> Iterator[str]:
        for entry in sorted(_FILES.iterdir(), key=lambda one: int(one.name)):
            try:
                target = str(entry.readlink())
            except OSError:
                continue  # the one by which the folder is read
            kind = target.partition(":")[0]
            yield kind if not target.startswith("/") else Path(target).name

    return dict(sorted(Counter(kinds()).items()))


def tasks_by_name() -> dict[str, int]:
    names = (getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
    return dict(sorted(Counter(names).items()))


def count_objects() -> tuple[dict[str, int], dict[str, int]]:
    """Objects by type, and what they hold that the collector does not know, each once."""
    gc.collect()
    known = gc.get_objects()
    counted = Counter(_type_of(one) for one in known)
    held: Counter[str] = Counter()
    seen: set[int] = set()
    for one in known:
        for referent in gc.get_referents(one):
            part = _owner_of(referent)
            if not gc.is_tracked(part) and id(part) not in seen:
                seen.add(id(part))
                held[_type_of(part)] += sys.getsizeof(part, 0)
    most = {name: size // 1024 for name, size in held.most_common(_MOST_TYPES // 3)}
    return {"all": counted.total(), **dict(counted.most_common(_MOST_TYPES))}, {"all": held.total() // 1024, **most}


def _owner_of(part: object) -> object:
    """Of an array that shows a part of another one, that one."""
    while isinstance(part, np.ndarray) and part.base is not None:
        part = part.base
    return part


def _type_of(one: object) -> str:
    return f"{type(one).__module__}.{type(one).__qualname__}"
