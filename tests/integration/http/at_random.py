"""Asks the real service at random until it contradicts its OpenAPI document: `make openapi`.

The command of schemathesis with all its checks and phases, on loopback, over a small generated market: once against a
service that has a token, once against one that has none. The tests ask the same with few examples.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from attrs import evolve

from mtf_entrypoints.settings import SandboxOptions
from tests.integration.http.server import SMALL, serving

FEW = evolve(SMALL, sandbox=SandboxOptions(universe_size=2))
TOKEN = "correct-horse"


def main() -> int:
    """Zero when nothing contradicts the document, else the exit code of schemathesis."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=60, help="for each operation, phase and kind of data")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    return max(_ask(token, chosen.examples, chosen.seed) for token in (None, TOKEN))


def _ask(token: str | None, examples: int, seed: int) -> int:
    with serving(evolve(FEW, api_token=token)) as url:
        command = Path(sys.executable).with_name("schemathesis")
        asked = [command, "run", f"{url}/schema/openapi.json", f"--max-examples={examples}", f"--seed={seed}"]
        headers = [] if token is None else ["--header", f"Authorization: Bearer {token}"]
        return subprocess.run([*asked, "--generation-database=none", *headers], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
