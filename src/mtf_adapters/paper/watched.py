"""A paper account that this process trades on: it follows the venue's quotes, and what it missed of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from mtf_adapters.paper.holes import Holes
from mtf_adapters.paper.kept_engine import KeptEngine
from mtf_adapters.paper.missed import settlements, worst_of
from mtf_adapters.paper.quotes_seen import QuotesSeen
from mtf_adapters.sandbox.matching.commands import Funding
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world import World
from mtf_core.market import HOUR_MS, MINUTE_MS, Quote, Timeframe
from mtf_core.ports import ExchangeError, Venue


class Watched:
    """One account: its engine, the world that moves it, and the face by which it is traded on."""

    def __init__(
        self, venue: Venue, seen: QuotesSeen, engine: KeptEngine, world: World, exchange: NativeExchange, account: str
    ) -> None:
        self.world = world
        self.exchange = exchange
        self._venue = venue
        self._seen = seen
        self._engine = engine
        self._account = account
        self._holes = Holes()
        self._signed_minute = 0

    async def look(self, symbols: Sequence[str]) -> None:
        """Reads the quotes of symbols and has the account follow them. Raises `ExchangeError` where that fails."""
        most = self._venue.capabilities.quotes_per_call or max(1, len(symbols))
        for first in range(0, len(symbols), most):
            asked = symbols[first : first + most]
            self._seen.see(await self._venue.market.quotes(asked))
            self._follow(asked)

    def hear(self, quotes: Mapping[str, Quote | ExchangeError]) -> None:
        """Follows quotes that somebody else has asked for, as far as they matter."""
        self._follow(sorted(self._engine.symbols_in_use() & quotes.keys()))

    async def look_around(self) -> None:
        """Looks at everything that has orders or positions. Raises `ExchangeError` where that fails."""
        in_use = self._engine.symbols_in_use()
        self._holes.forget_all_but(in_use)
        await self.look(sorted(in_use))
        self.world.catch_up()
        await self._judge_holes(self.world.now_ms)
        minute = self.world.now_ms // MINUTE_MS
        if minute != self._signed_minute:
            self._engine.keep_latest()
            self._signed_minute = minute

    async def catch_up_since(self, left_ms: int) -> None:
        """What became of orders and positions while no process watched them. Raises `ExchangeError`."""
        in_use, now_ms = sorted(self._engine.symbols_in_use()), self.world.now_ms
        for symbol in in_use:
            self._holes.seen(symbol, left_ms)
            self._holes.seen(symbol, now_ms)
        for settles_ms in settlements(left_ms, now_ms, self.world.funding_interval_ms) if in_use else ():
            await self._judge_holes(settles_ms)
            for symbol in in_use:
                self.world.happen(Funding(symbol, self._seen.funding_rate(symbol, settles_ms)))
        await self._judge_holes(now_ms)
        await self.look(in_use)

    def _follow(self, symbols: Iterable[str]) -> None:
        """Shows the account the newest quotes of symbols, as far as they are young enough."""
        self.world.catch_up()
        now_ms = self.world.now_ms
        for symbol in symbols:
            contract = self._engine.contract(symbol)
            if contract is None:
                continue
            with suppress(ExchangeError):  # too old, or none: what was seen before stays
                prices = self._seen.prices(symbol, now_ms)
                self.world.happen(self._seen.tick(contract, prices, now_ms, self._engine.tick(symbol)))
                self._holes.seen(symbol, self._seen.of_ms(symbol))

    async def _judge_holes(self, until_ms: int) -> None:
        """Minutes that were not watched closely, by their candles: what these reached against a position happened."""
        for symbol, minutes in self._holes.closed(until_ms).items():
            candles = await self._venue.market.candles(symbol, Timeframe.M1, minutes[0], minutes[-1])
            rows = zip(candles.open_ms.tolist(), candles.low.tolist(), candles.high.tolist(), strict=True)
            shown = {open_ms: (low, high) for open_ms, low, high in rows}
            for open_ms in minutes:
                if open_ms in shown:
                    self._judge(symbol, open_ms, shown[open_ms])
            gone_ms = until_ms - HOUR_MS  # a minute without trades has no candle
            self._holes.done(symbol, [one for one in minutes if one in shown or one < gone_ms])

    def _judge(self, symbol: str, open_ms: int, low_high: tuple[float, float]) -> None:
        contract = self._engine.contract(symbol)
        if contract is None:
            return
        for tick in worst_of(self._engine, self._account, contract, open_ms, low_high):
            self.world.happen(tick)
            self._seen.forget_shown(symbol)
