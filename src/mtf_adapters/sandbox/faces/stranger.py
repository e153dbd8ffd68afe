"""An account that is nobody's: what is shown where an exchange mixes accounts up."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import OpenAccount
from mtf_adapters.sandbox.world import World

STRANGER, STRANGERS_BALANCE = "stranger", Decimal(7)


def stranger_in(world: World) -> str:
    """Another account, which holds nothing; it appears when it is first asked for."""
    if STRANGER not in world.engine.accounts():
        world.do(OpenAccount(STRANGER, STRANGERS_BALANCE))
    return STRANGER
