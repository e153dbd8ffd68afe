"""A program that tries to enter, with every guard that a run has, and says what became of it."""

from __future__ import annotations

import asyncio
import json
import sys

from mtf_core.execution import Ground, MarketQuality, Submitted, guards_for, open_desk, submit
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.market import Quote
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings
from tests.integration.execution.dying import draft_of


async def tried(symbol: str, key: str) -> dict[str, object]:
    """What became of an entry two percent below the market; the settings are those of the environment."""
    async with opened(read_settings()) as container:
        environment = container.environment()
        desk, profile = await open_desk(environment), environment.profiles(None)
        market = environment.venue.market
        contracts = by_symbol(await environment.stores.contracts.all())
        quote = (await market.quotes([symbol]))[symbol]
        assert isinstance(quote, Quote)
        account = await desk.trading.sync()
        losses = await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
        draft = draft_of(contracts[symbol], quote, key, desk.now_ms, environment.stores.namespace)
        guards = guards_for(desk, draft, profile, Ground(account, losses, contracts))
        found = await submit(desk, draft, guards, MarketQuality.of(quote), switch_minutes=15)
        if isinstance(found, Submitted):
            return {"sent": True, "reason": None}
        return {"sent": False, "reason": found.reason.value}


def main(symbol: str, key: str) -> None:
    sys.stdout.write(json.dumps(asyncio.run(tried(symbol, key))))
