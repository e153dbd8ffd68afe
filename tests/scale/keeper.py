"""Keeps the exchange's candles in the store, as one `mtf stream` of the venue does, without its pushes: the sandbox's
generated market is a function of the instant, so whoever knows its seed has every candle when it closes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import MINUTE_MS, Candles, Timeframe
from mtf_core.ports import PortError
from mtf_core.upkeep import sync_contracts
from mtf_core.upkeep.feed import CandleFeed
from mtf_core.validation.compiled_profile import compile_profile
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.sandbox_venue import DEFAULT_SEED
from mtf_entrypoints.settings import read_settings
from tests.scale.stage import PROFILE


class _Market:
    """The candles of the exchange; nothing else is asked of it here."""

    def __init__(self, symbols: int, container: Container) -> None:
        self._market, self._clock = GeneratedMarket(DEFAULT_SEED, symbols), container.venue().clock

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        return self._market.candles(symbol, timeframe, first_open_ms, last_open_ms, self._clock.now_ms())

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(name)


async def keep(symbols: int) -> None:
    """A line for every minute that is stored whole."""
    async with opened(read_settings()) as container:
        environment = container.environment()
        await sync_contracts(environment)
        compiled = compile_profile(environment.profiles(PROFILE))
        market: Any = _Market(symbols, container)
        feed = CandleFeed(market, environment.stores.candles, compiled.timezone)
        plan_feed = CandleFeed(market, environment.stores.candles, compiled.timezone, beside=feed)
        while True:
            now_ms = environment.venue.clock.now_ms()
            try:
                contracts = await environment.stores.contracts.all()
                await feed.stacks(compiled.needs, contracts, now_ms)
                await plan_feed.stacks(compiled.plan_needs, contracts, now_ms)
            except PortError as error:  # the database is down: what it lacks is stored when it is back
                sys.stdout.write(f"{error}\n")
                await asyncio.sleep(0.5)
                continue
            took_ms = environment.venue.clock.now_ms() - now_ms
            sys.stdout.write(f"ready: {now_ms // MINUTE_MS * MINUTE_MS} stored, {took_ms} ms\n")
            sys.stdout.flush()
            now_ms = environment.venue.clock.now_ms()
            await asyncio.sleep((MINUTE_MS - now_ms % MINUTE_MS) / 1000 + 0.2)


if __name__ == "__main__":
    asyncio.run(keep(int(os.environ["SCALE_SYMBOLS"])))
