"""`mtf serve`."""

from __future__ import annotations

from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.http.server import serve


def perform(world: World, listening: Listening) -> None:
    """Serves until interrupted."""
    serve(settings_of(world, stays=True), listening)


__all__ = ["Listening", "perform"]
