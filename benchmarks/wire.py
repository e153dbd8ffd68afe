"""Starts a sandbox that speaks as BitMart for a benchmark, as a program of its own."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen

from mtf_entrypoints.served_sandbox import own_environment, served_sandbox, variables_for


@frozen
class Face:
    """Where it is."""

    where: Mapping[str, str]

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of a process that uses it."""
        return own_environment() | variables_for(self.where) | more

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
    with served_sandbox(*options) as ready:
        yield Face(ready)
