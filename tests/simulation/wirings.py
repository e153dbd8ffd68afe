"""The faces behind which an episode may be played."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.wired import Wiring
from tests.simulation.wired_bitmart import BITMART
from tests.simulation.wired_okx import OKX

NATIVE = "native"
"""No face: the ports right on the world."""

WIRINGS: Mapping[str, Wiring] = {"bitmart": BITMART, "okx": OKX}
"""By the name of the face."""

FACES = (NATIVE, *sorted(WIRINGS))
