"""Runs every benchmark, one after the other; each prints its own figures. `make bench` calls this."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    here = Path(__file__).resolve()
    failed = 0
    for script in sorted(here.parent.glob("*.py")):
        if script != here and script.name not in {"floors.py", "wire.py"}:
            print(f"== {script.name}", flush=True)
            failed |= subprocess.run([sys.executable, str(script)], check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
