"""Which tests come by which lines, and how long they take: measured once for each file of tests."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from attrs import define, field, frozen

from tests.mutation.drawing import CORE, Mutant, files_in_scope


@frozen
class Touched:
    """What one test does."""

    seconds: float
    """Of processor time: how busy the machine is says nothing of a test."""
    lines: Mapping[str, frozenset[int]]
    """By file of the core."""

    def comes_by(self, mutant: Mutant) -> bool:
        """Whether the test executes what is changed; a change outside of functions counts for the whole file."""
        lines = self.lines.get(mutant.file, frozenset())
        return not lines.isdisjoint(mutant.mutation.lines) if mutant.mutation.in_function else bool(lines)


class Tracer:
    """Notes the lines of some files that this process executes."""

    def __init__(self, root: Path) -> None:
        self._names = {str(path): path.relative_to(root / CORE).as_posix() for path in files_in_scope(root)}
        self._seen: dict[str, set[int]] = defaultdict(set)
        self._left: dict[CodeType, set[int]] = {}

    def start(self) -> None:
        self._seen.clear()
        self._left.clear()
        threading.settrace(self._called)
        sys.settrace(self._called)

    def stop(self) -> dict[str, frozenset[int]]:
        sys.settrace(None)
        threading.settrace(None)
        return {name: frozenset(lines) for name, lines in self._seen.items()}

    def _called(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if event != "call" or code.co_filename not in self._names:
            return None
        left = self._left.get(code)
        if left is None:
            left = self._left[code] = {line for _, _, line in code.co_lines() if line is not None}
        if not left:
            return None  # nothing new to see: as fast as without
        seen = self._seen[self._names[code.co_filename]]

        def stepped(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
            seen.add(frame.f_lineno)
            left.discard(frame.f_lineno)
            return stepped

        return stepped(frame, event, None)


@define(eq=False)
class Measuring:
    """A plugin of pytest: measures every test, and keeps what it found."""

    tracer: Tracer
    found: dict[str, Touched] = field(factory=dict)
    failed: list[str] = field(factory=list)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        began = time.process_time()
        self.tracer.start()
        try:
            return (yield)
        finally:
            lines = self.tracer.stop()
            self.found[item.nodeid] = Touched(time.process_time() - began, lines)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


@define
class Map:
    """What is known of all tests, in a file."""

    path: Path
    sources: Mapping[str, str]
    """Of the files of the core that are changed, as they are now."""
    files: dict[str, str] = field(factory=dict)
    """Digests of the files of tests that were measured."""
    tests: dict[str, Touched] = field(factory=dict)

    @classmethod
    def read(cls, path: Path, sources: Mapping[str, str]) -> Map:
        """Where a file of the core is another than when it was measured, its lines are those that they became."""
        known = cls(path, sources)
        if path.exists():
            content = json.loads(path.read_text())
            moves = {name: Moves.of(content["sources"].get(name, ""), source) for name, source in sources.items()}
            known.files = content["files"]
            for name, (seconds, lines) in content["tests"].items():
                now = {file: moves[file].moved(frozenset(of)) for file, of in lines.items() if file in moves}
                known.tests[name] = Touched(seconds, now)
        return known

    def replace(self, file: str, digest: str, tests: Mapping[str, Touched]) -> None:
        self.tests = {name: test for name, test in self.tests.items() if file_of(name) != file} | dict(tests)
        self.files[file] = digest
        rows = {
            name: (round(test.seconds, 4), {file: sorted(lines) for file, lines in test.lines.items()})
            for name, test in self.tests.items()
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"sources": self.sources, "files": self.files, "tests": rows}))

    def for_mutant(self, mutant: Mutant) -> list[str]:
        """Tests that come by: those that are named after the file, then the others, the fastest first.

        Where only imports execute what is changed, also those of the file's own tests that execute nothing of it: they
        may read a table that it holds. All tests where there is none of either kind.
        """
        named_after = mutant.file.rpartition("/")[2].removesuffix(".py")
        by = [name for name, test in self.tests.items() if test.comes_by(mutant)]
        if not mutant.mutation.in_function:
            by += [name for name in self.tests.keys() - set(by) if file_of(name).endswith(f"/test_{named_after}.py")]
            by = by or list(self.tests)
        return sorted(by, key=lambda name: (named_after not in name, self.tests[name].seconds))


@frozen
class Moves:
    """Where the lines of a file went when it changed."""

    steps: Sequence[tuple[bool, range, range]]
    """Whether they are the same; lines before, and now."""

    @classmethod
    def of(cls, before: str, now: str) -> Moves:
        matcher = SequenceMatcher(None, before.splitlines(), now.splitlines(), autojunk=False)
        steps = matcher.get_opcodes()
        return cls([(kind == "equal", range(a + 1, b + 1), range(c + 1, d + 1)) for kind, a, b, c, d in steps])

    def moved(self, lines: frozenset[int]) -> frozenset[int]:
        """Lines that are new count where one beside them or one that they replace does."""
        found: set[int] = set()
        for is_same, before, now in self.steps:
            if is_same:
                found.update(line + now.start - before.start for line in lines.intersection(before))
            elif not lines.isdisjoint(range(before.start - 1, before.stop + 1)):
                found.update(now)
        return frozenset(found)


def file_of(nodeid: str) -> str:
    return nodeid.split("::", maxsplit=1)[0]


def sources_of(root: Path) -> dict[str, str]:
    """Of the files that are changed, by their names."""
    return {path.relative_to(root / CORE).as_posix(): path.read_text() for path in files_in_scope(root)}


def digest_of(paths: Iterable[Path]) -> str:
    """Of the content of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def digests_of_tests(root: Path, nodeids: Sequence[str]) -> dict[str, str]:
    """Of each file of tests."""
    return {name: digest_of([root / name]) for name in sorted({file_of(one) for one in nodeids})}
