"""Episodes behind BitMart's face, through BitMart's adapter."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx
from attrs import evolve

from mtf_adapters.bitmart.capabilities import CAPABILITIES
from mtf_adapters.bitmart.hosts import HOSTS
from mtf_adapters.bitmart.limits import BUCKETS
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.venue import bitmart_venue
from mtf_adapters.limits import Limiter
from mtf_adapters.sandbox.faces.bitmart.face import BitmartFace
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks, drawn_quirks
from mtf_adapters.sandbox.faces.bitmart.rows import FIRST_TRADE_ID
from mtf_adapters.sandbox.faces.bitmart.signing import Credential
from mtf_adapters.sandbox.faults import Fault, FaultPlan
from mtf_adapters.sandbox.faults import FaultKind as WireFault
from mtf_adapters.sandbox.world import World
from mtf_core.market import MarginMode
from mtf_core.ports import Venue
from tests.simulation.virtual import now_s
from tests.simulation.wired import Post, WiredExchange, Wiring, Words


def quirks_of(seed: int, processes: int = 1) -> Quirks:
    """What a seed draws of everything that is not confirmed of the wire.

    In half of them requests are counted, and who sends too many is refused, and banned if that goes on. Several
    processes with one key would have to share their budget, which they do not here.
    """
    is_counted = processes == 1 and random.Random(f"limits {seed}").random() < 0.5
    return evolve(drawn_quirks(seed), rate_limits=is_counted, clock_skew_ms=0, stream_delay_ms=0)


def _opens(request: httpx.Request) -> bool:
    """An order that opens (codes 1 and 4), or the leverage that is set before it."""
    if request.url.path.endswith("/submit-leverage"):
        return True
    return request.url.path.endswith("/submit-order") and json.loads(request.content).get("side") in {1, 4}


def _of(world: World, account: str, seed: int, processes: int, plan: FaultPlan) -> WiredExchange:
    quirks, credential = quirks_of(seed, processes), Credential.of_seed(account, 1)
    key = Credentials(credential.key, credential.secret, credential.memo)

    def adapter(wall: Any, limiter: Limiter, post: Post, chance: random.Random) -> Venue:
        return bitmart_venue(
            "demo",
            HOSTS["demo"],
            key,
            wall,
            limiter,
            transport=post,
            random=chance.random,
            sleep=asyncio.sleep,
            timer=now_s,
        )

    return WiredExchange(
        face=BitmartFace(world, [credential], quirks, plan, now_s),
        secrets=(credential.secret, credential.memo, credential.key),
        opens=_opens,
        limits=BUCKETS if quirks.rate_limits else None,
        adapter=adapter,
        fill_key=lambda fill: str(FIRST_TRADE_ID + fill.fill_id),
        forgets_cancelled=quirks.cancelled_kept_days == 0,
    )


BITMART = Wiring(
    capabilities=CAPABILITIES,
    margin_mode=MarginMode.ISOLATED,
    words=Words(
        time="time",
        protects=frozenset({"submit-tp-sl-order", "modify-tp-sl-order", "submit-plan-order", "modify-plan-order"}),
        cancels=frozenset({"cancel-order", "cancel-plan-order"}),
        protection_refused=Fault(kind=WireFault.REFUSED, status=400, code=40012, text="drawn"),
        cancel_not_found=Fault(kind=WireFault.REFUSED, status=400, code=40035, text="The order is not exist"),
    ),
    rules=lambda seed: quirks_of(seed).rules(),
    of=_of,
)
