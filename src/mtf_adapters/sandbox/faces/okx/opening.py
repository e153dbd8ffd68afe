"""A whole exchange behind OKX's face, put together: market, engine, world, keys, control route."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.control import PREFIX, Control
from mtf_adapters.sandbox.faces.okx.face import OkxFace
from mtf_adapters.sandbox.faces.okx.products import XPERPS_END_MS, inst_id_of, xperp_id_of
from mtf_adapters.sandbox.faces.okx.quirks import Sold
from mtf_adapters.sandbox.faces.okx.script import Script
from mtf_adapters.sandbox.faces.okx.signing import Credential
from mtf_adapters.sandbox.faces.okx.streams import BUSINESS_PATH, PRIVATE_PATH, PUBLIC_PATH
from mtf_adapters.sandbox.faces.okx.terms import Terms
from mtf_adapters.sandbox.faces.opened import ACCOUNT, BALANCE, OpenedSandbox, world_of
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.renamed import RenamedMarket
from mtf_adapters.sandbox.world_clock import WorldClock


@frozen(eq=False)
class OkxSandbox(OpenedSandbox[OkxFace, Credential]):
    """One exchange with one account, as an ASGI application. Its contracts bear OKX's names."""

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
    ) -> OkxSandbox:
        """The account's keys follow from the seed; `machine_s` is the time by which requests are counted."""
        script = script or Script()
        world = world_of(_named(market, script.quirks.sells), clock, script.quirks.rules(), balance)
        credential = Credential.of_seed(ACCOUNT, seed)
        face = OkxFace(world, [credential], script.quirks, FaultPlan(script.faults), machine_s)
        return cls(world, face, Control(world, face), credential)

    def addresses(self, address: str) -> dict[str, str]:
        """What a client has to be told, for an address of host and port."""
        return {
            "face": "okx",
            "rest": f"http://{address}",
            "ws_public": f"ws://{address}{PUBLIC_PATH}",
            "ws_business": f"ws://{address}{BUSINESS_PATH}",
            "ws_private": f"ws://{address}{PRIVATE_PATH}",
            "control": f"http://{address}{PREFIX}",
            "key": self.credential.key,
            "secret": self.credential.secret,
            "passphrase": self.credential.passphrase,
        }


def _named(market: Market, sells: Sold) -> Market:
    """The market under OKX's names and terms; one that was renamed already stays as it is."""
    if isinstance(market, RenamedMarket):
        return market
    if sells is Sold.XPERP:
        return RenamedMarket(market, xperp_id_of, Terms(market, XPERPS_END_MS))
    return RenamedMarket(market, inst_id_of, Terms(market))


__all__ = ["ACCOUNT", "BALANCE", "OkxSandbox"]
