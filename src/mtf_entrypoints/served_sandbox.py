"""A sandbox that speaks as an exchange, started as a program of its own, and the settings that lead others to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mtf_entrypoints.settings import OURS

_OURS = (*OURS, "DATABASE_URL", "REDIS_URL")


_LEADS = {
    "bitmart": {
        "BITMART_PUBLIC_API_URL": "rest",
        "BITMART_PRIVATE_API_URL": "rest",
        "BITMART_WS_PUBLIC_URL": "ws_public",
        "BITMART_WS_PRIVATE_URL": "ws_private",
        "BITMART_API_KEY": "key",
        "BITMART_SECRET_KEY": "secret",
        "BITMART_API_MEMO": "memo",
    },
    "okx": {
        "OKX_REST_URL": "rest",
        "OKX_WS_PUBLIC_URL": "ws_public",
        "OKX_WS_BUSINESS_URL": "ws_business",
        "OKX_WS_PRIVATE_URL": "ws_private",
        "OKX_API_KEY": "key",
        "OKX_SECRET_KEY": "secret",
        "OKX_PASSPHRASE": "passphrase",
    },
}
"""Which word of a face's ready line each setting is."""


def mtf_command(*arguments: str) -> list[str]:
    """The command line of mtf as a program of this interpreter."""
    return [sys.executable, "-m", "mtf_entrypoints.cli.main", *arguments]


def own_environment() -> dict[str, str]:
    """The environment without settings that would lead to another world."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def variables_for(ready: Mapping[str, str]) -> dict[str, str]:
    """The settings that lead to the sandbox of a ready line."""
    return {"MTF_EXCHANGE": ready["face"], **{name: ready[word] for name, word in _LEADS[ready["face"]].items()}}


@contextmanager
def served_sandbox(*options: str, face: str = "bitmart") -> Iterator[dict[str, str]]:
    """The ready line of `mtf sandbox serve` with these options; it runs until the block ends."""
    command = mtf_command("sandbox", "serve", "--face", face, *options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own_environment())
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"mtf sandbox serve ended with {process.wait()}")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
