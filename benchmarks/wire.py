"""Starts a sandbox that speaks as BitMart for a benchmark, as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen


@frozen
class Face:
    """Where it is."""

    where: Mapping[str, str]

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of a process that uses it."""
        ours = ("MTF_", "BITMART_", "DATABASE_URL", "REDIS_URL")
        own = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return own | {
            "MTF_EXCHANGE": "bitmart",
            "BITMART_PUBLIC_API_URL": self.where["rest"],
            "BITMART_PRIVATE_API_URL": self.where["rest"],
            "BITMART_WS_PUBLIC_URL": self.where["ws_public"],
            "BITMART_WS_PRIVATE_URL": self.where["ws_private"],
            "BITMART_API_KEY": self.where["key"],
            "BITMART_SECRET_KEY": self.where["secret"],
            "BITMART_API_MEMO": self.where["memo"],
            **more,
        }

    def calls(self) -> dict[str, dict[str, int]]:
        """Requests that it has had, by path and status."""
        counts: dict[str, dict[str, int]] = self._control("calls")
        return counts

    def _control(self, name: str) -> Any:
        with urllib.request.urlopen(f"{self.where['control']}/{name}", timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def face(*options: str) -> Iterator[Face]:
    """The sandbox until the block ends; `options` as of `mtf sandbox serve`."""
    command = [sys.executable, "-m", "mtf_entrypoints.cli.main", "sandbox", "serve", "--face", "bitmart", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Face(json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(timeout=30)
