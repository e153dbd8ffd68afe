"""A paper venue: public data of a real one, and an account of this machine that is filled at its quotes (ADR 0027)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path

from attrs import evolve

from mtf_adapters.paper.account_file import AccountFile, Head
from mtf_adapters.paper.desk import PaperDesk
from mtf_adapters.paper.exchange import PaperAccount, PaperTrading
from mtf_adapters.paper.market import PaperMarket, PaperStreams
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.ending import ended
from mtf_core.market import Capabilities
from mtf_core.ports import ExchangeWorld, Venue

DEFAULT_BALANCE = Decimal(10_000)
_ID_BITS = 48
_ASSUMED = (
    "Paper: orders are filled by this program at the venue's quotes, and nothing is ever sent to the venue. Assumed "
    "are the sizes beside bid and ask, and a funding of 0.01 % against each position at 00, 08 and 16 UTC."
)


class OtherBalanceError(ValueError):
    """The account began with another balance than the one that is asked for."""


def paper_venue(
    venue: Venue,
    folder: Path,
    balance: Decimal | None,
    random: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Venue:
    """The venue on paper; `venue` was built without a key, and its own account is never asked.

    The account is a file of the folder, one for each venue and world; `balance` is what it begins with. Raises
    `ExchangeError` for a file that cannot be read, `OtherBalanceError` for one that began with another balance.
    """
    if venue.trading is not None:
        raise ValueError("paper is for a venue that was built without a key")
    namespace = f"{venue.namespace}-paper"
    file = AccountFile(folder / f"{hashlib.sha256(namespace.encode()).hexdigest()[:16]}.account")
    head = file.head() or Head(f"paper-{int(random() * 2**_ID_BITS):012x}", balance or DEFAULT_BALANCE)
    if balance is not None and head.balance != balance:
        raise OtherBalanceError(
            f"the paper account began with {head.balance:f}: it goes on with what it has by now. Move {file.path} away "
            "to begin with another balance"
        )
    desk = PaperDesk(venue, file, head, sleep)
    streams = venue.streams
    return evolve(
        venue,
        label=f"paper account at the quotes of the {venue.label.removesuffix(', real money')}",
        namespace=namespace,
        market=PaperMarket(venue.market, desk),
        account=PaperAccount(desk),
        trading=PaperTrading(desk),
        capabilities=_capabilities(venue.capabilities),
        streams=None if streams is None else PaperStreams(streams, desk, venue.clock.now_ms, sleep),
        remarks=(*venue.remarks, _ASSUMED),
        connection=lambda: _connected(venue, desk),
        orders_kept_as=f"{namespace}-{head.account}",
        exits_left=lambda: None,
        examine=None,  # it would look at the key of the real account
        world=ExchangeWorld.PAPER,
    )


def _capabilities(venue: Capabilities) -> Capabilities:
    """What is asked of the market is the venue's, what becomes of orders the engine's."""
    return evolve(
        CAPABILITIES,
        quotes_per_call=venue.quotes_per_call,
        candles=venue.candles,
        size_unit=venue.size_unit,
    )


@asynccontextmanager
async def _connected(venue: Venue, desk: PaperDesk) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        if venue.connection is not None:
            await stack.enter_async_context(venue.connection())
        watcher = asyncio.create_task(desk.watch())
        try:
            yield
        finally:
            await ended(watcher)
            desk.close()
