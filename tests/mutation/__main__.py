"""Does the proof of the order path notice a fault? `make mutants MUTANTS=260 SEED=1`.

Each mutant is one small change of the order path. The tests that come by the changed lines are run against it, the
fastest first, the first red one catches it: at first those that take a fraction of a second, for all mutants; then, for
those that live, the slow ones and episodes of the simulation. What was found is kept in a file: a run that was stopped
goes on where it was, one with more mutants tries only those that are new, and what lives is tried again by other tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.mutation.bench import PYTEST, TESTS, Bench
from tests.mutation.drawing import drawn
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.results import Results, table

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".mutants"
COPY = "MTF_MUTANTS_COPY"
"""Names the copy of the tree to the process that works in it."""


def in_a_copy(arguments: list[str]) -> int:
    """Does it in a process that imports a copy of the tree: files of the tree itself are never changed."""
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "notebooks", "benchmarks"))
        compiled = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", str(copy)]
        subprocess.run([sys.executable, *compiled], check=True)
        paths = {"PYTHONPATH": f"{copy / 'src'}:{copy}", "PYTHONDONTWRITEBYTECODE": "1", COPY: str(ROOT)}
        command = [sys.executable, "-m", "tests.mutation", *arguments]
        return subprocess.run(command, cwd=copy, env=os.environ | paths, check=False).returncode


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Tries the proof of the order path.")
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=KEPT / "results.jsonl")
    parser.add_argument("--only-table", action="store_true", help="print what is known and try nothing")
    asked = parser.parse_args()
    if COPY not in os.environ and not asked.only_table:
        return in_a_copy([*sys.argv[1:], "--results", str(asked.results.resolve())])
    mutants = drawn(ROOT, asked.mutants, asked.seed)
    results = Results(asked.results)
    if not asked.only_table:
        tried = [one for one in mutants if one.name not in EQUIVALENT]
        bench = Bench(ROOT, tried, results, asked.results.with_name("touched.json"), say)
        if code := pytest.main([*PYTEST, f"--basetemp={ROOT / 'scratch'}", *TESTS], plugins=[bench]):
            return int(code)
    say(table(mutants, results, EQUIVALENT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
