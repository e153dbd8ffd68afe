"""The exchanges that are reached over a wire, each under its name: what they are made of is imported only where it is
used."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mtf_entrypoints.wire_venue import WireVenue


def _bitmart() -> WireVenue:
    from mtf_entrypoints.bitmart_venue import BITMART  # noqa: PLC0415

    return BITMART


WIRES: Mapping[str, Callable[[], WireVenue]] = {"bitmart": _bitmart}
"""Adding an exchange is one line here, and its name in `exchanges`."""
