"""How long it takes until anything happens: small commands, and `import mtf_core` beyond what numpy itself takes.

Every figure is CPU seconds of a new process, the best of several, so that other work on the machine disturbs little.
Starting waits for nothing: on a quiet machine the wall clock says the same.

    python benchmarks/startup.py [--repetitions 15]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

IMPORT_LIMIT_S = 0.15
COMMAND_LIMITS_S = {"version": 0.15, "--help": 0.3, "config check": 0.8, "why BTCUSDT": 0.8}

_NUMPY = "import numpy"
_CORE = "import numpy, mtf_core"
_EVERYTHING = "import numpy, mtf_core; [getattr(mtf_core, name) for name in mtf_core.__all__]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=15)
    repetitions = parser.parse_args().repetitions
    empty, numpy = best("pass", repetitions), best(_NUMPY, repetitions)
    print(f"a bare interpreter: {empty:.3f} s")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'mtf.db'}"
        best(_command("run"), 1)
        for words, limit in COMMAND_LIMITS_S.items():
            shown(f"mtf {words}", best(_command(words), repetitions), limit)
    shown("import mtf_core, less import numpy", best(_CORE, repetitions) - numpy, IMPORT_LIMIT_S)
    print(f"the same, and every name it exports looked up: {best(_EVERYTHING, repetitions) - numpy:.3f} s")


def _command(words: str) -> str:
    return f"from mtf_entrypoints.cli.main import run; raise SystemExit(run({words.split()!r}))"


def best(code: str, repetitions: int) -> float:
    """Seconds of the fastest of several new interpreters that run the code."""
    return min(_timed(code) for _ in range(repetitions))


def _timed(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def shown(what: str, seconds: float, limit: float) -> None:
    print(f"{what}: {seconds:.3f} s, target {limit} s{'' if seconds < limit else '  MISSED'}")


if __name__ == "__main__":
    main()
