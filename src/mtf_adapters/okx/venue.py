"""OKX as a `Venue`: one product of one region."""

from __future__ import annotations

import asyncio
import random as _random
import time
from collections.abc import Awaitable, Callable

import httpx

from mtf_adapters.limits import Limiter
from mtf_adapters.okx.account import OkxAccount
from mtf_adapters.okx.capabilities import CAPABILITIES
from mtf_adapters.okx.examining import examiner
from mtf_adapters.okx.hosts import Hosts, world_of_hosts
from mtf_adapters.okx.limits import exits_left
from mtf_adapters.okx.market_data import OkxMarketData
from mtf_adapters.okx.products import Product
from mtf_adapters.okx.rest import RestClient, Timing
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.streams import OkxStreams
from mtf_adapters.okx.trading import OkxTrading
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.hosts import HostWorld
from mtf_adapters.online.sockets import Patience
from mtf_adapters.online.venues import WORLDS, connection_of, label_of, namespace_of
from mtf_core.ports import Clock, Venue

EXCHANGE, MARKET_TYPE = "okx", "perpetual"

NEVER_MET = (
    "No machine of ours has reached the real OKX: what this adapter knows of it, it knows from documents and other "
    "programs. Begin with its demo, and look at what it does."
)
NO_KEY = (
    "There is no key of OKX (OKX_API_KEY, OKX_SECRET_KEY, OKX_PASSPHRASE): the account is not known, so runs decide, "
    "and plan nothing (account_state_unknown)."
)


def okx_venue(
    environment: str,
    region: str,
    product: Product,
    hosts: Hosts,
    credentials: Credentials | None,
    wall: Clock,
    limiter: Limiter,
    *,
    timing: Timing | None = None,
    patience: Patience | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    random: Callable[[], float] = _random.random,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    timer: Callable[[], float] = time.monotonic,
    steady: Clock | None = None,
) -> Venue:
    """The venue of these addresses; raises `HostsError`. Nothing is asked before its connection is opened.

    `steady` counts time between two looks at the exchange's clock; None: `wall` does. `transport` carries the requests;
    None: connections of this machine.
    """
    world = world_of_hosts(hosts, region, environment)
    is_sandbox = world.kind is HostWorld.SANDBOX
    clock = ExchangeClock(wall, own_pace=is_sandbox, steady=steady)
    rest = RestClient(
        hosts.rest.rstrip("/"),
        credentials,
        clock,
        limiter,
        is_demo=environment == "demo",
        timing=timing,
        transport=transport,
        random=random,
        sleep=sleep,
        timer=timer,
    )
    name = f"key-{credentials.digest()}" if credentials else "no-key"
    trading = OkxTrading(rest, product, name)
    return Venue(
        exchange=EXCHANGE,
        market_type=MARKET_TYPE,
        label=label_of("OKX", world),
        namespace=namespace_of(f"okx-{region}-{product.name}-{environment}", world),
        market=OkxMarketData(rest, product),
        account=OkxAccount(rest, product, name),
        clock=clock,
        capabilities=CAPABILITIES,
        trading=trading if credentials else None,
        streams=OkxStreams(
            hosts, credentials, clock, product, environment, patience=patience, random=random, sleep=sleep
        ),
        remarks=(*(() if is_sandbox else (NEVER_MET,)), *(() if credentials else (NO_KEY,))),
        skew=lambda: clock.skew,
        waited=lambda: sum(limiter.waited.values()),
        exits_left=lambda: exits_left(limiter),
        connection=connection_of(rest, sleep, is_sandbox=is_sandbox),
        world=WORLDS[world.kind],
        examine=examiner(rest, environment),
    )
