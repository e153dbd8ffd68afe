"""`mtf serve`."""

from __future__ import annotations

from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.http.server import serve


def perform(world: World, listening: Listening, *, supervise: bool) -> None:
    """Serves until interrupted, and supervises the account meanwhile where that is asked for."""
    serve(settings_of(world, stays=True), listening, supervise=supervise)


__all__ = ["Listening", "perform"]
