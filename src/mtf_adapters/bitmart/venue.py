"""BitMart as a `Venue`."""

from __future__ import annotations

import asyncio
import random as _random
import time
from collections.abc import Awaitable, Callable

import httpx

from mtf_adapters.bitmart.account import BitmartAccount
from mtf_adapters.bitmart.capabilities import CAPABILITIES
from mtf_adapters.bitmart.examining import examine
from mtf_adapters.bitmart.hosts import Hosts, world_of_hosts
from mtf_adapters.bitmart.limits import exits_left
from mtf_adapters.bitmart.market_data import BitmartMarketData
from mtf_adapters.bitmart.rest import Addresses, RestClient, Timing
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.streams import BitmartStreams
from mtf_adapters.bitmart.trading import BitmartTrading
from mtf_adapters.limits import Limiter
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.hosts import HostWorld
from mtf_adapters.online.sockets import Patience
from mtf_adapters.online.venues import WORLDS, connection_of, label_of, namespace_of
from mtf_core.ports import Clock, Venue

EXCHANGE, MARKET_TYPE = "bitmart", "perpetual"

CLOSED = (
    "BitMart ended its trading on 26 August 2026 and announced the end of its operations for 31 January 2027: "
    "what its interface still answers may be old, and may stop."
)
NO_KEY = (
    "There is no key of BitMart (BITMART_API_KEY, BITMART_SECRET_KEY, BITMART_API_MEMO): the account is not known, so "
    "runs decide, and plan nothing (account_state_unknown)."
)


def bitmart_venue(
    environment: str,
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
    world = world_of_hosts(hosts, environment)
    is_sandbox = world.kind is HostWorld.SANDBOX
    clock = ExchangeClock(wall, own_pace=is_sandbox, steady=steady)
    addresses = Addresses(hosts.public_api.rstrip("/"), hosts.private_api.rstrip("/"))
    rest = RestClient(
        addresses,
        credentials,
        clock,
        limiter,
        timing=timing,
        transport=transport,
        random=random,
        sleep=sleep,
        timer=timer,
    )
    name = f"key-{credentials.digest()}" if credentials else "no-key"
    trading = BitmartTrading(rest, name)
    return Venue(
        exchange=EXCHANGE,
        market_type=MARKET_TYPE,
        label=label_of("BitMart", world),
        namespace=namespace_of(f"bitmart-{environment}", world),
        market=BitmartMarketData(rest),
        account=BitmartAccount(rest, name),
        clock=clock,
        capabilities=CAPABILITIES,
        trading=trading if credentials else None,
        streams=BitmartStreams(hosts, credentials, clock, patience=patience, random=random, sleep=sleep),
        remarks=(*(() if is_sandbox else (CLOSED,)), *(() if credentials else (NO_KEY,))),
        skew=lambda: clock.skew,
        waited=lambda: sum(limiter.waited.values()),
        exits_left=lambda: exits_left(limiter),
        connection=connection_of(rest, sleep, is_sandbox=is_sandbox),
        world=WORLDS[world.kind],
        examine=examine,
    )
