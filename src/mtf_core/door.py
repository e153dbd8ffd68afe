"""How the pure core reaches files when a notebook asks it to: named sources that adapters register (ADR 0002)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class NoSourceError(RuntimeError):
    """No installed package registers a source of that name."""


@cache
def source(name: str) -> Callable[..., Any]:
    """The function registered under `name` in the entry point group `mtf_core.sources`."""
    for entry in _registered():
        if entry.name == name:
            return _loaded(entry)
    raise NoSourceError(f"nothing is registered as the source of {name}; is the package mtf-orchestrator installed?")


def venue_source(kind: str, venue: str | None = None) -> Callable[..., Any]:
    """The function that a venue registers under its name and `kind`, like `NAME_facts`; None: the only venue's."""
    entries = {entry.name.removesuffix(f"_{kind}"): entry for entry in _registered() if entry.name.endswith(f"_{kind}")}
    if venue in entries:
        return _loaded(entries[venue])
    if venue is None and len(entries) == 1:
        return _loaded(*entries.values())
    known = ", ".join(sorted(entries)) or "none"
    asked = "more than one venue is registered" if venue is None and entries else f"no venue {venue or 'at all'}"
    raise NoSourceError(f"the source of {kind}: {asked}; registered are: {known}")


def _loaded(entry: EntryPoint) -> Callable[..., Any]:
    loaded: Callable[..., Any] = entry.load()
    return loaded


@cache
def _registered() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # noqa: PLC0415  (slow to import, and only this needs it)

    return tuple(entry_points(group="mtf_core.sources"))
