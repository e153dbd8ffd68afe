"""How the pure core reaches files when a notebook asks it to: named sources that adapters register (ADR 0002)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


class NoSourceError(RuntimeError):
    """No installed package registers a source of that name."""


@cache
def source(name: str) -> Callable[..., Any]:
    """The function registered under `name` in the entry point group `mtf_core.sources`."""
    from importlib.metadata import entry_points  # noqa: PLC0415  (slow to import, and only this needs it)

    for entry in entry_points(group="mtf_core.sources", name=name):
        loaded: Callable[..., Any] = entry.load()
        return loaded
    raise NoSourceError(f"nothing is registered as the source of {name}; is the package mtf installed?")
