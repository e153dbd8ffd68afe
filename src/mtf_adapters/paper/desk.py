"""One paper account: opened by the process that trades on it, copied by others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from mtf_adapters.paper.account_file import AccountFile, Head, Kept
from mtf_adapters.paper.kept_engine import KeptEngine
from mtf_adapters.paper.quotes_seen import QuotesSeen
from mtf_adapters.paper.watched import Watched
from mtf_adapters.sandbox.market import Prices
from mtf_adapters.sandbox.matching.commands import OpenAccount, Tick
from mtf_adapters.sandbox.matching.events import Refused
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world import World
from mtf_core.market import HOUR_MS, Contract, Quote
from mtf_core.ports import Clock, ExchangeError, ExchangeUnavailableError, Venue

LOOK_EVERY_S = 1.0
"""Between two looks at the quotes of what has orders or positions; one look at a time."""

_log = logging.getLogger(__name__)


class _Forward:
    """The venue's clock, which never goes back, not even to before the last step of the account."""

    def __init__(self, clock: Clock, not_before_ms: int) -> None:
        self._clock = clock
        self._latest_ms = not_before_ms

    def now_ms(self) -> int:
        self._latest_ms = max(self._latest_ms, self._clock.now_ms())
        return self._latest_ms


class PaperDesk:
    """`head` is that of the file, or of the account that is opened where there is none yet."""

    def __init__(
        self,
        venue: Venue,
        file: AccountFile,
        head: Head,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.account = head.account
        self._head = head
        self._venue = venue
        self._file = file
        self._sleep = sleep
        self._seen = QuotesSeen()
        self._opening = asyncio.Lock()
        self._watched: Watched | None = None
        self._copy: tuple[int, NativeExchange] | None = None
        """What it was copied to, while the file had so many bytes."""
        self._listed_ms: int | None = None

    async def opened(self) -> Watched:
        """The account, to trade on: of this process alone, and up to date with what happened since the last one.

        Raises `TradingRefusedError` while another process trades on it, `ExchangeError` where the venue, or the file,
        does not answer.
        """
        async with self._opening:
            if self._watched is None:
                self._file.claim()
                try:
                    self._watched = await self._open()
                except BaseException:
                    self._file.release()
                    raise
            return self._watched

    async def to_read(self) -> NativeExchange:
        """The account as it is; where this process does not trade on it, a copy by its last step, which writes nothing.

        Raises `ExchangeError`.
        """
        if self._watched is not None:
            return self._watched.exchange
        await self._follow_contracts()
        size = self._file.size()
        if self._copy is None or self._copy[0] != size:
            kept = self._kept()
            blind = QuotesSeen()  # a copy that followed quotes would come to an end of its own
            blind.listed = self._seen.listed
            _, exchange = self._world_of(KeptEngine(kept.lines if kept else (), None), blind)
            self._copy = (size, exchange)
        return self._copy[1]

    def hear(self, quotes: Mapping[str, Quote | ExchangeError]) -> None:
        """What a run, or whoever supervises, has read of the market."""
        self._seen.see(quotes)
        if self._watched is not None:
            self._watched.hear(quotes)

    async def watch(self) -> None:
        """Looks after the account again and again, once it is open, until cancelled; what fails is tried again."""
        while True:
            await self._sleep(LOOK_EVERY_S)
            if self._watched is None:
                continue
            try:
                await self._watched.look_around()
                await self._follow_contracts()
            except ExchangeError as error:
                _log.warning("the paper account was not looked after: %s", error)

    def close(self) -> None:
        """Another process may trade on the account from now on."""
        self._watched = None
        self._file.release()

    async def _open(self) -> Watched:
        if self._venue.skew is not None and self._venue.skew() is None:
            await self._venue.market.server_time_ms()  # the account's steps bear the venue's time
        await self._follow_contracts()
        kept = self._kept()
        if kept is None:
            self._file.begin(self._head)
        engine = KeptEngine(kept.lines if kept else (), self._file)
        left_ms = engine.written_ms
        with engine.together():
            world, exchange = self._world_of(engine, self._seen)
        watched = Watched(self._venue, self._seen, engine, world, exchange, self.account)
        await watched.catch_up_since(left_ms)
        return watched

    def _kept(self) -> Kept | None:
        kept = self._file.kept()
        if kept is not None and kept.head.account != self.account:
            raise ExchangeError("another paper account was opened meanwhile; start the process again")
        return kept

    def _world_of(self, engine: KeptEngine, seen: QuotesSeen) -> tuple[World, NativeExchange]:
        """A world that moves the engine, with the account in it; nothing that was shown to another one counts."""

        def book(contract: Contract, prices: Prices, now_ms: int, _: Decimal) -> Tick:
            return seen.tick(contract, prices, now_ms, engine.tick(contract.symbol))

        def pays(symbol: str) -> int:
            held = engine.positions(self.account, symbol)
            return 1 if sum(position.side.sign * position.size for position in held) >= 0 else -1

        seen.pays = pays
        seen.forget_shown()
        world = World(seen, engine, _Forward(self._venue.clock, engine.now_ms), book=book)
        if self.account not in engine.accounts():
            opened = world.do(OpenAccount(self.account, self._head.balance))
            if isinstance(opened.answer, Refused):
                raise ExchangeError(f"the paper account cannot be opened: {opened.answer.detail}")
        return world, NativeExchange(world, self.account)

    async def _follow_contracts(self) -> None:
        """The venue's contracts, read again after an hour; the world takes what changed when its hour changes."""
        now_ms = self._venue.clock.now_ms()
        if self._listed_ms is None or now_ms - self._listed_ms >= HOUR_MS:
            self._seen.listed = await self._venue.market.contracts()
            self._listed_ms = self._venue.clock.now_ms()
        if not self._seen.listed:
            raise ExchangeUnavailableError("the venue lists no contract")
