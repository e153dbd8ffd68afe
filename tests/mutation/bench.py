"""Tries mutants within one process of pytest: everything is imported and collected once, each trial is a fork.

Run in a copy of the tree, where the changed source stands while it is tried: processes that tests start find it there.
"""

from __future__ import annotations

import ast
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import define, field, frozen

from tests.mutation.drawing import CORE, Mutant, files_in_scope
from tests.mutation.mutator import mutated
from tests.mutation.results import Found, Result, Results, Stage
from tests.mutation.swapping import Imported
from tests.mutation.touching import Map, Measuring, Tracer, digest_of, digests_of_tests, file_of, sources_of

TESTS = (
    *("tests/unit/orders", "tests/unit/risk", "tests/unit/execution", "tests/unit/records", "tests/unit/local"),
    *("tests/integration/execution", "tests/integration/supervision", "tests/integration/risk"),
    *("tests/integration/runs/test_placing.py", "tests/integration/runs/test_executing.py"),
    *("tests/integration/account", "tests/integration/session", "tests/integration/sql/test_orders.py"),
    *("tests/venues/test_orders.py", "tests/venues/test_protection.py", "tests/venues/test_losses.py"),
    "tests/simulation/test_episodes.py",
)
"""The tests of the order path."""

LEFT_OUT = re.compile("postgres|several_who|killed|sigkill|test_death|redis|shrinks_to|has_a_meaning")
"""Tests that start processes and servers: what they prove is not a matter of one line, and they take minutes."""

NEAR_S = 1.0
"""Tests that take no longer, in seconds of processor time while they are measured, are tried first."""
LONGEST_S, TIMES = 60.0, 10.0
"""A test that takes longer than this many seconds, and so many times its processor time without a mutant, hangs."""
MEMORY = 6 << 30
"""Bytes that a trial may take; one that wants more fails."""

PYTEST = (
    *("-q", "--no-header", "--capture=no", "-p", "tests.mutation.unshrunk"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
PASSED, FAILED, BROKEN = 0, 1, 70
NOT_COLLECTED = (2, 4)
"""What pytest ends with where a file cannot be imported."""


@frozen
class Verdict:
    found: Found
    by: str = ""


@define(eq=False)
class Bench:
    """A plugin of pytest that runs its collected tests again and again in forks."""

    root: Path
    """The copy of the tree."""
    mutants: Sequence[Mutant]
    results: Results
    map_path: Path
    say: Callable[[str], None]
    _items: dict[str, pytest.Item] = field(factory=dict, init=False)
    _failed: list[str] = field(factory=list, init=False)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            return True  # tests that cannot be collected: pytest has said which
        self._items = {item.nodeid: item for item in session.items if not LEFT_OUT.search(item.nodeid)}
        known = self._measured(session.config.pluginmanager)
        imported = Imported.of(files_in_scope(self.root))
        tests = digest_of(path for path in self.root.glob("tests/**/*.py") if path.parent.name != "mutation")
        for stage in Stage:
            for mutant in self.mutants:
                if self.results.is_due(mutant, stage, tests):
                    self._try(mutant, stage, tests, known, imported)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)
            sys.stdout.write(f"\n{report.longreprtext}\n")

    # What is measured before

    def _measured(self, plugins: pytest.PytestPluginManager) -> Map:
        """Every test's lines and time. It ends the program where a test fails without a mutant."""
        known = Map.read(self.map_path, sources_of(self.root))
        for file, digest in digests_of_tests(self.root, list(self._items)).items():
            if known.files.get(file) == digest:
                continue
            items = [item for name, item in self._items.items() if file_of(name) == file]
            measured = Map(self.root / "measured.json", known.sources)

            def measure(items: Sequence[pytest.Item] = items, measured: Map = measured, file: str = file) -> int:
                measuring = Measuring(Tracer(self.root))
                plugins.register(measuring)
                failed = self._run(items, {}, is_first_enough=False)
                measured.replace(file, "", measuring.found)
                return failed

            began = time.monotonic()
            if self._forked(measure, 3600.0).found is not Found.ALIVE:
                raise SystemExit(f"these fail without a mutant:\n{self._said()}")
            known.replace(file, digest, Map.read(measured.path, known.sources).tests)
            self.say(f"measured {len(items)} tests of {file} in {time.monotonic() - began:.0f} s")
        known.tests = {name: test for name, test in known.tests.items() if name in self._items}
        return known

    # One trial

    def _try(self, mutant: Mutant, stage: Stage, tests: str, known: Map, imported: Imported) -> None:
        began = time.monotonic()
        path = self.root / CORE / mutant.file
        source = path.read_text()
        tree = mutated(source, mutant.mutation.number)
        limits = {name: LONGEST_S + TIMES * known.tests[name].seconds for name in known.for_mutant(mutant)}
        if stage is Stage.NEAR:
            limits = {name: limit for name, limit in limits.items() if known.tests[name].seconds <= NEAR_S}
        path.write_text(ast.unparse(tree))
        try:
            verdict = self._tried(limits, lambda: imported.swap(path, source, tree))
        finally:
            path.write_text(source)
        seconds = round(time.monotonic() - began, 1)
        result = Result(mutant.name, mutant.place, mutant.digest, tests, stage, verdict.found, verdict.by, seconds)
        self.results.add(result)
        self.say(f"{verdict.found:7} {stage:5} {seconds:6.1f} s  {mutant.place}  {mutant.name}  {verdict.by}")

    def _tried(self, limits: dict[str, float], swap: Callable[[], bool]) -> Verdict:
        """What those tests say in that order. A test that waits for real time or chance must fail twice."""
        left = limits
        while left:
            verdict = self._trial(left, swap)
            if verdict.found is not Found.CAUGHT or verdict.by.startswith(("tests/unit/", "tests/simulation/")):
                return verdict
            if verdict.by not in left or self._trial({verdict.by: left[verdict.by]}, swap).found is not Found.ALIVE:
                return verdict
            names = list(left)
            left = {name: left[name] for name in names[names.index(verdict.by) + 1 :]}
        return Verdict(Found.ALIVE)

    def _trial(self, limits: dict[str, float], swap: Callable[[], bool]) -> Verdict:
        def changed() -> int:
            if not swap():
                os.execv(sys.executable, [sys.executable, *self._anew(list(limits))])
            return self._run([self._items[name] for name in limits], limits)

        return self._forked(changed, 60.0 + sum(limits.values()))

    def _anew(self, names: Sequence[str]) -> list[str]:
        """For what is changed when a file is imported: a process that imports everything."""
        listed = self.root / "chosen.txt"
        listed.write_text("\n".join(names))
        return ["-m", "pytest", *PYTEST, "-x", "-rfE", f"--basetemp={self.root / 'anew'}", f"@{listed}"]

    def _run(self, items: Sequence[pytest.Item], limits: dict[str, float], *, is_first_enough: bool = True) -> int:
        """1 where a test failed, and the first one ends it; a test that hangs ends the process."""
        self._failed.clear()
        for index, item in enumerate(items):
            following = items[index + 1] if index + 1 < len(items) else None
            signal.alarm(int(limits.get(item.nodeid, 0)))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed and is_first_enough:
                break
        sys.stdout.write("\n".join(["", *(f"FAILED {name}" for name in self._failed), ""]))
        sys.stdout.flush()
        return FAILED if self._failed else PASSED

    def _forked(self, work: Callable[[], int], limit: float) -> Verdict:
        """Does it in a process of its own: whatever it leaves behind ends with it."""
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            code = BROKEN
            try:
                os.setpgid(0, 0)
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                said = os.open(self.root / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(said, 1)
                os.dup2(said, 2)
                code = work()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        ended = _ended(process, limit)
        if ended == PASSED:
            return Verdict(Found.ALIVE)
        if ended is None or ended == -signal.SIGALRM:
            return Verdict(Found.HANGS)
        if ended > FAILED and ended not in NOT_COLLECTED:
            raise RuntimeError(f"the trial itself failed, {ended}:\n{self._said()}")
        failed = re.findall(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", self._said(), re.MULTILINE)
        return Verdict(Found.CAUGHT, failed[0] if failed else "")

    def _said(self) -> str:
        return (self.root / "said.txt").read_text(errors="replace")


def _ended(process: int, limit: float) -> int | None:
    """What it ended with; None where it took too long. What it started ends with it."""
    ends = time.monotonic() + limit
    code: int | None = None
    while code is None and time.monotonic() < ends:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if code is None:
        os.waitpid(process, 0)
    return code
