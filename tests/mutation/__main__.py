"""Does the proof of the order path notice a fault? `make mutants MUTANTS=200 SEED=1`.

Each mutant is one small change of the order path in a copy of the tree. The tests that stand nearest to the changed
file are run against it first, then all others of the order path, then a handful of simulated episodes; the first red
one catches it. What was found is kept in a file: a run that was stopped goes on where it was, and one with more mutants
runs only those that are new.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import pytest
from attrs import frozen

from tests.mutation.mutator import Mutation, mutated, mutations_of
from tests.mutation.swapping import swap_functions

ROOT = Path(__file__).resolve().parents[2]
CORE = Path("src/mtf_core")
MUTATED = ("orders/**/*.py", "execution/*.py", "risk/guards.py", "risk/exposure.py")
UNIT, TOGETHER = "tests/unit/orders", "tests/integration"
LONGEST_S = 900
NO_SERVERS = "not postgres and not several and not killed and not sigkill"
"""Tests of what SQLite and PostgreSQL do are not of the order path's own code, and slow."""

OPTIONS = ("-x", "-q", "--no-header", "-W", "ignore::pytest.PytestAssertRewriteWarning")

NEAREST: dict[str, tuple[str, ...]] = {
    "orders/evidence": (f"{UNIT}/test_evidence.py", f"{UNIT}/supervision"),
    "orders/states": (f"{UNIT}/test_states.py", f"{UNIT}/supervision"),
    "orders/reconcile": (f"{UNIT}/test_reconcile.py", f"{TOGETHER}/supervision/test_differences.py"),
    "orders/trade": (f"{UNIT}/test_trade.py", f"{UNIT}/test_trades_and_balance.py"),
    "orders/hand": (f"{UNIT}/test_hand.py", f"{UNIT}/supervision/test_hand.py"),
    "orders/planned": (f"{UNIT}/test_planned.py", f"{TOGETHER}/runs/test_placing.py"),
    "orders/client_ids": (f"{UNIT}/test_client_ids.py",),
    "orders/supervision/entry": (f"{UNIT}/supervision/test_entry.py", f"{UNIT}/supervision"),
    "orders/supervision/zone_end": (f"{UNIT}/supervision/test_zone_end.py", f"{UNIT}/supervision"),
    "orders/supervision/exits": (f"{UNIT}/supervision/test_exits.py", f"{UNIT}/supervision"),
    "orders/supervision/gone": (f"{UNIT}/supervision/test_exits.py", f"{UNIT}/supervision"),
    "orders/supervision/hand": (f"{UNIT}/supervision/test_hand.py", f"{UNIT}/supervision"),
    "orders/supervision/protection": (f"{UNIT}/supervision/test_protection.py", f"{UNIT}/supervision"),
    "orders/supervision/targets": (f"{UNIT}/supervision/test_targets.py", f"{UNIT}/supervision"),
    "orders": (f"{UNIT}/supervision",),
    "risk": ("tests/unit/risk/test_guards.py",),
    "execution/submit": (f"{TOGETHER}/execution/test_submit.py",),
    "execution/switching": (f"{TOGETHER}/execution/test_submit.py",),
    "execution/quality": (f"{TOGETHER}/execution/test_submit.py",),
    "execution/opening": (f"{TOGETHER}/execution/test_opening.py",),
    "execution/losses": (f"{TOGETHER}/risk/test_losses.py",),
    "execution/loss_watch": (f"{TOGETHER}/risk/test_loss_watch.py",),
    "execution/lifting": (f"{TOGETHER}/risk/test_lifting.py",),
    "execution/guarding": (f"{TOGETHER}/runs/test_placing.py", f"{TOGETHER}/risk/test_at_once.py"),
    "execution/by_hand": (f"{TOGETHER}/supervision/test_by_hand.py",),
    "execution/booking": (f"{UNIT}/test_booking_lost_evidence.py", f"{TOGETHER}/supervision/test_by_hand.py"),
    "execution/reconciling": (f"{TOGETHER}/supervision/test_differences.py",),
    "execution/recovery": (f"{TOGETHER}/supervision/test_differences.py",),
    "execution/dead_man": (f"{TOGETHER}/supervision/test_differences.py",),
    "execution/seat": (f"{TOGETHER}/supervision/test_seat.py",),
    "execution": (f"{TOGETHER}/supervision/test_situations.py", f"{TOGETHER}/supervision/test_store_trouble.py"),
}
"""Which tests stand nearest to which files; the longest beginning counts."""

WHOLE = (
    *(UNIT, "tests/unit/risk", "tests/unit/local"),
    *(f"{TOGETHER}/{name}" for name in ("execution", "supervision", "risk", "runs/test_placing.py")),
    "tests/simulation/test_episodes.py",
)
STAGES = ("near", "whole")


@frozen
class Mutant:
    """One change of one file of the core."""

    file: str
    mutation: Mutation

    @property
    def key(self) -> str:
        """Which it is, until its line changes."""
        return f"{self.file}:{self.mutation}"

    def tests(self, stage: str) -> Sequence[str]:
        fits = (name for name in NEAREST if self.file.startswith(name))
        return NEAREST[max(fits, key=len)] if stage == "near" else WHOLE


def drawn(number: int, seed: int) -> list[Mutant]:
    """So many mutants, from every file in turn."""
    files = sorted(path for pattern in MUTATED for path in (ROOT / CORE).glob(pattern) if path.name != "__init__.py")
    lists = []
    for path in files:
        name = path.relative_to(ROOT / CORE).as_posix()
        found = [Mutant(name, mutation) for mutation in mutations_of(path.read_text())]
        random.Random(f"{seed} {name}").shuffle(found)
        lists.append(found)
    return [one for turn in zip_longest(*lists) for one in turn if one is not None][:number]


class Tried:
    """What was found so far, a line each in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.by_key: dict[str, dict[str, str]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._keep(json.loads(line))

    def _keep(self, row: dict[str, str]) -> None:
        self.by_key[row["key"]] = row

    def add(self, mutant: Mutant, stage: str, result: str, seconds: float) -> None:
        row = {"key": mutant.key, "stage": stage, "result": result, "seconds": f"{seconds:.1f}"}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        self._keep(row)

    def is_due(self, mutant: Mutant, stage: str) -> bool:
        row = self.by_key.get(mutant.key)
        return row is None or (row["result"] == "alive" and STAGES.index(row["stage"]) < STAGES.index(stage))


def trial(copy: Path, tests: Sequence[str], swapped: tuple[Path, str] | None = None) -> str:
    """What the tests say of the copy: "alive", "caught", or "hangs" where they do not end.

    `swapped`: a file, and the source whose functions take the place of those that were imported from it.
    """
    process = os.fork()
    if process == 0:
        code = 3
        try:
            os.setpgid(0, 0)
            if swapped is not None and not swap_functions(*swapped):
                os.execv(sys.executable, [sys.executable, "-m", "pytest", *_arguments(tests)])
            code = _run_tests(copy, tests)
        finally:
            os._exit(code)
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return "alive" if os.waitstatus_to_exitcode(status) == 0 else "caught"
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "hangs"


def trial_anew(copy: Path, tests: Sequence[str]) -> str:
    """The same in a process that imports everything: for what changes when a file is imported."""
    command = [sys.executable, "-m", "pytest", *_arguments(tests)]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, check=False, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return "hangs"
    return "alive" if done.returncode == 0 else "caught"


def _arguments(tests: Sequence[str]) -> list[str]:
    return [*OPTIONS, "-k", NO_SERVERS, *tests]


def _run_tests(copy: Path, tests: Sequence[str], *more: str) -> int:
    """Within this process; what they say is in a file of the copy."""
    kept = os.dup(1), os.dup(2)
    said = os.open(copy / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        return int(pytest.main([*_arguments(tests), *more]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, number)


def leave_for(copy: Path) -> None:
    """From here on our own modules are those of the copy, here and in processes that are started."""
    for name in [name for name in sys.modules if name == "tests"]:
        del sys.modules[name]
    os.chdir(copy)
    sys.path[:0] = [str(copy / "src"), str(copy)]
    os.environ["PYTHONPATH"] = f"{copy / 'src'}:{copy}"
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True


def tried_all(mutants: Sequence[Mutant], copy: Path, tried: Tried) -> Iterator[str]:
    """Tries what was not tried yet; a line for each."""
    proven: set[str] = set()
    quick_first = sorted(mutants, key=lambda mutant: mutant.file.startswith("execution"))
    for stage in STAGES:
        for mutant in quick_first:
            if not tried.is_due(mutant, stage):
                continue
            tests = tuple(mutant.tests(stage))
            new = [name for name in tests if not any(name.startswith(one) for one in proven)]
            if new:
                _run_tests(copy, new, "--collect-only")  # imports what they need, once
            if new and trial(copy, new) != "alive":
                sys.exit(f"these tests fail without a mutant: {' '.join(new)}\n{(copy / 'said.txt').read_text()}")
            proven.update(new)
            path = copy / CORE / mutant.file
            source = path.read_text()
            began = time.monotonic()
            change = mutated(source, mutant.mutation.number)
            try:
                path.write_text(change)
                is_swapped = mutant.mutation.in_function
                result = trial(copy, tests, (path, change)) if is_swapped else trial_anew(copy, tests)
            finally:
                path.write_text(source)
            tried.add(mutant, stage, result, time.monotonic() - began)
            yield f"{result:7}{stage:6}{time.monotonic() - began:6.1f} s  {mutant.key}"


def table(mutants: Sequence[Mutant], tried: Tried) -> str:
    """By file: how many, and how many were caught; then those that live."""
    found = [(mutant, tried.by_key[mutant.key]) for mutant in mutants if mutant.key in tried.by_key]
    all_of: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for mutant, row in found:
        all_of[mutant.file] += 1
        caught[mutant.file] += row["result"] != "alive"
    lines = [f"{name:40}{caught[name]:4} of {number:3}" for name, number in sorted(all_of.items())]
    total, dead = all_of.total(), caught.total()
    lines.append(f"{'all':40}{dead:4} of {total:3}  {100 * dead / max(total, 1):.1f} %")
    living = [mutant.key for mutant, row in found if row["result"] == "alive"]
    return "\n".join([*lines, "alive:", *(living or ["none"])])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Tries the proof of the order path.")
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=ROOT / ".mutants" / "results.jsonl")
    parser.add_argument("--only-table", action="store_true", help="print what is known and try nothing")
    asked = parser.parse_args()
    mutants, tried = drawn(asked.mutants, asked.seed), Tried(asked.results)
    if not asked.only_table:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for name in ("src", "tests", "docs"):
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(ROOT / "pyproject.toml", copy)
            leave_for(copy)
            for line in tried_all(mutants, copy, tried):
                print(line, flush=True)
    print(table(mutants, tried))
    return 0


if __name__ == "__main__":
    sys.exit(main())
