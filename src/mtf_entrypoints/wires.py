"""The exchanges that are reached over a wire, each under its name: what they are made of is imported only where it is
used."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mtf_entrypoints.wire_venue import WireVenue


def _bitmart() -> WireVenue:
    from mtf_entrypoints.bitmart_venue import BITMART  # noqa: PLC0415

    return BITMART


def _okx() -> WireVenue:
    from mtf_entrypoints.okx_venue import OKX  # noqa: PLC0415

    return OKX


WIRES: Mapping[str, Callable[[], WireVenue]] = {"bitmart": _bitmart, "okx": _okx}
"""Adding an exchange is one line here, and its name in `exchanges`."""
