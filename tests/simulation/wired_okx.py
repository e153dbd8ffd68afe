"""Episodes behind OKX's face, through OKX's adapter."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx
from attrs import evolve

from mtf_adapters.limits import Limiter
from mtf_adapters.okx.capabilities import CAPABILITIES
from mtf_adapters.okx.hosts import HOSTS
from mtf_adapters.okx.limits import BUCKETS
from mtf_adapters.okx.products import SWAP
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.venue import okx_venue
from mtf_adapters.sandbox.faces.okx.face import OkxFace
from mtf_adapters.sandbox.faces.okx.quirks import Quirks, drawn_quirks, order_number
from mtf_adapters.sandbox.faces.okx.rows import trade_id
from mtf_adapters.sandbox.faces.okx.signing import Credential
from mtf_adapters.sandbox.faults import Fault, FaultPlan
from mtf_adapters.sandbox.faults import FaultKind as WireFault
from mtf_adapters.sandbox.world import World
from mtf_core.market import MarginMode
from mtf_core.ports import Venue
from tests.simulation.virtual import now_s
from tests.simulation.wired import Post, WiredExchange, Wiring, Words

_OPENS = frozenset({("buy", "long"), ("sell", "short")})


def quirks_of(seed: int, processes: int = 1) -> Quirks:
    """What a seed draws of everything that is not confirmed of the wire; in half of them requests are counted."""
    is_counted = processes == 1 and random.Random(f"limits {seed}").random() < 0.5
    return evolve(drawn_quirks(seed), rate_limits=is_counted, clock_skew_ms=0)


def _opens(request: httpx.Request) -> bool:
    """An order that opens, or the leverage that is set before it."""
    if request.url.path.endswith("/set-leverage"):
        return True
    if request.method != "POST" or not request.url.path.endswith("/trade/order"):
        return False
    body = json.loads(request.content)
    return (body.get("side"), body.get("posSide")) in _OPENS


def _of(world: World, account: str, seed: int, processes: int, plan: FaultPlan) -> WiredExchange:
    quirks, credential = quirks_of(seed, processes), Credential.of_seed(account, 1)
    key = Credentials(credential.key, credential.secret, credential.passphrase)

    def adapter(wall: Any, limiter: Limiter, post: Post, chance: random.Random) -> Venue:
        return okx_venue(
            "demo",
            "global",
            SWAP,
            HOSTS["global", "demo"],
            key,
            wall,
            limiter,
            transport=post,
            random=chance.random,
            sleep=asyncio.sleep,
            timer=now_s,
        )

    return WiredExchange(
        face=OkxFace(world, [credential], quirks, plan, now_s),
        secrets=(credential.secret, credential.key),
        opens=_opens,
        limits=BUCKETS if quirks.rate_limits else None,
        adapter=adapter,
        fill_key=lambda fill: f"{trade_id(fill)}:{order_number(fill.order_id)}",
        forgets_cancelled=False,
    )


OKX = Wiring(
    capabilities=CAPABILITIES,
    margin_mode=MarginMode.CROSS,
    words=Words(
        time="time",
        protects=frozenset({"order-algo", "amend-algos"}),
        cancels=frozenset({"cancel-order", "cancel-algos"}),
        protection_refused=Fault(kind=WireFault.REFUSED, status=200, code=51280, text="drawn"),
        cancel_not_found=Fault(kind=WireFault.REFUSED, status=200, code=51400, text="Cancellation failed"),
    ),
    rules=lambda seed: quirks_of(seed).rules(),
    of=_of,
)
