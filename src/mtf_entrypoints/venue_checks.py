"""An exchange of the settings, looked at: no store is opened, and nothing is set."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext

from attrs import evolve

from mtf_adapters.local import WallClock
from mtf_core.inquiry.venue_check import check_venue, open_contract
from mtf_core.inquiry.venue_order import refuse_real_money, try_an_order
from mtf_core.ports import ExchangeError, Venue, VenueFinding
from mtf_entrypoints.container import profile_source
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import Settings, SettingsError
from mtf_entrypoints.sharing import open_redis
from mtf_entrypoints.venues import build_venue
from mtf_entrypoints.wires import WIRES


def refuse_what_cannot_be(settings: Settings, with_order: bool) -> None:
    """Raises `SettingsError` for an exchange that is not reached over a wire, and for an order on paper."""
    if settings.exchange not in WIRES:
        raise SettingsError(
            f"there is nothing to check of {settings.exchange!r}: known are {', '.join(sorted(WIRES))}; a sandbox that "
            "speaks as one of them is started by `mtf sandbox serve`"
        )
    if settings.paper and with_order:
        raise SettingsError("--orders needs a key, and MTF_PAPER=yes uses none: leave one of them out")


async def findings_of(
    settings: Settings, symbol: str | None, say: Callable[[str], None], *, with_order: bool
) -> AsyncIterator[VenueFinding]:
    """Each finding when it is there; `say` is told what a person should know of the venue before.

    Raises `SettingsError`, and `TradingRefusedError` for an order with real money.
    """
    refuse_what_cannot_be(settings, with_order)
    profile = profile_source(settings)(None)
    redis = open_redis(settings)
    # On paper the account is this program's own: what is asked of the exchange is public.
    venue = build_venue(evolve(settings, paper=False), Machine(WallClock()), redis)
    if with_order:
        refuse_real_money(venue)
    for remark in venue.remarks:
        if not (settings.paper and remark == WIRES[settings.exchange]().no_key):
            say(remark)
    try:
        async with nullcontext() if venue.connection is None else venue.connection():
            async for finding in check_venue(venue, profile, symbol, with_account=not settings.paper):
                yield finding
            if with_order:
                yield await _order(venue, symbol)
    finally:
        if redis is not None:
            await redis.close()


async def _order(venue: Venue, symbol: str | None) -> VenueFinding:
    try:
        contract = open_contract(await venue.market.contracts(), symbol)
    except ExchangeError as error:
        return VenueFinding("order", False, f"nothing was sent: {error}")
    if contract is None:
        return VenueFinding("order", False, f"nothing was sent: there is no contract {symbol or 'open for trading'}")
    return await try_an_order(venue, contract, f"mtfcheck{uuid.uuid4().hex[:16]}", asyncio.sleep)
