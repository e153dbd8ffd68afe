"""Programs that none of us wrote, run in an environment of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "foreign"
PATIENCE_S = 120


async def carried_out(
    python: Path, script: str, ready: Mapping[str, str], variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a foreign program printed that was told where the exchange is."""
    arguments = (str(SCRIPTS / script), json.dumps(ready))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(python), *arguments, stdout=pipe, stderr=pipe, env=variables)
    try:
        out, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        pytest.fail(f"{script} did not end within {PATIENCE_S} s")
    assert process.returncode == 0, errors.decode()
    printed: dict[str, Any] = json.loads(out)
    return printed
