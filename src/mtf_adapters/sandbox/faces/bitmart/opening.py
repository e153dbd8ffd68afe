"""A whole exchange behind BitMart's face, put together: market, engine, world, keys, control route."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart.face import BitmartFace
from mtf_adapters.sandbox.faces.bitmart.script import Script
from mtf_adapters.sandbox.faces.bitmart.signing import Credential
from mtf_adapters.sandbox.faces.bitmart.streams import PRIVATE_PATH, PUBLIC_PATH
from mtf_adapters.sandbox.faces.control import PREFIX, Control
from mtf_adapters.sandbox.faces.opened import ACCOUNT, BALANCE, OpenedSandbox, world_of
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.world_clock import WorldClock

_PROTOCOL = "?protocol=1.1"


@frozen(eq=False)
class BitmartSandbox(OpenedSandbox[BitmartFace, Credential]):
    """One exchange with one account, as an ASGI application."""

    @classmethod
    def of(
        cls,
        market: Market,
        clock: WorldClock,
        *,
        seed: int = 1,
        balance: Decimal = BALANCE,
        script: Script | None = None,
        machine_s: Callable[[], float] = time.monotonic,
    ) -> BitmartSandbox:
        """The account's keys follow from the seed; `machine_s` is the time by which requests are counted."""
        script = script or Script()
        world = world_of(market, clock, script.quirks.rules(), balance)
        credential = Credential.of_seed(ACCOUNT, seed)
        face = BitmartFace(world, [credential], script.quirks, FaultPlan(script.faults), machine_s)
        return cls(world, face, Control(world, face), credential)

    def addresses(self, address: str) -> dict[str, str]:
        """What a client has to be told, for an address of host and port."""
        return {
            "face": "bitmart",
            "rest": f"http://{address}",
            "ws_public": f"ws://{address}{PUBLIC_PATH}{_PROTOCOL}",
            "ws_private": f"ws://{address}{PRIVATE_PATH}{_PROTOCOL}",
            "control": f"http://{address}{PREFIX}",
            "key": self.credential.key,
            "secret": self.credential.secret,
            "memo": self.credential.memo,
        }


__all__ = ["ACCOUNT", "BALANCE", "BitmartSandbox"]
