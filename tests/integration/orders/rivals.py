"""A process that enters round after round, at the instants at which its rivals do, with the guards of a real run.

In every third round all want the same opportunity; in the next each has one of its own on the same symbol; then each
has a symbol of its own, and the limits of the account decide. Every second entry takes at once, the others rest.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from decimal import Decimal

from attrs import evolve

from mtf_core.execution import Desk, Ground, MarketQuality, Submitted, guards_for, open_desk, submit
from mtf_core.execution.losses import measure_losses
from mtf_core.market import Contract, Quote, TimeInForce, on_grid_at_or_below
from mtf_core.orders import Draft
from mtf_core.ports import PortError
from mtf_core.settings.profile import Profile
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings
from tests.integration.execution.dying import draft_of

MOST_POSITIONS, MOST_NOTIONAL = 3, Decimal(260)
SAME_KEY, SAME_SYMBOL, OWN_SYMBOL = range(3)


def limited(profile: Profile) -> Profile:
    """The profile with limits that the rounds reach."""
    risk = evolve(profile.trade_entry.risk, max_concurrent_positions=MOST_POSITIONS, max_notional_usdt=MOST_NOTIONAL)
    return evolve(profile, trade_entry=evolve(profile.trade_entry, risk=risk))


def wish(number: int, runner: int, symbols: list[str]) -> tuple[str, str]:
    """The symbol and the decision key of one process in one round."""
    kind = number % 3
    symbol = symbols[(number + (runner if kind == OWN_SYMBOL else 0)) % len(symbols)]
    own = "" if kind == SAME_KEY else f"{runner}"
    return symbol, f"{symbol}:5m:{number}{own}:long"


def shaped(draft: Draft, contract: Contract, quote: Quote, number: int) -> Draft:
    """Of one of three sizes; it takes at once and is closed some seconds later, or rests and is cancelled then."""
    size = draft.wanted.size * (1 + number % 3)
    price = draft.attempt.price
    if number % 2:
        price = on_grid_at_or_below(quote.mark.price * Decimal("1.002"), contract.tick_size)
    assert price is not None
    force = TimeInForce.IOC if number % 2 else TimeInForce.GTC
    terms = evolve(
        draft.terms,
        notional_usdt=contract.notional(size, price),
        order_timeout_ms=1000,
        hard_time_stop_ms=2000,
        after_cancel_minutes=0,
    )
    return evolve(
        draft,
        wanted=evolve(draft.wanted, size=size),
        attempt=evolve(draft.attempt, size=size, price=price, time_in_force=force),
        terms=terms,
    )


async def enter(desk: Desk, profile: Profile, contracts: dict[str, Contract], number: int, runner: int) -> str:
    """One entry, as a run makes it from its plan on: `sent`, or the reason why not."""
    symbol, key = wish(number, runner, sorted(contracts))
    quote = (await desk.environment.venue.market.quotes([symbol]))[symbol]
    if not isinstance(quote, Quote):
        return type(quote).__name__
    account = await desk.trading.sync()
    losses = await measure_losses(desk.environment, profile.trade_entry.risk, profile.name, account)
    contract, namespace = contracts[symbol], desk.environment.stores.namespace
    draft = shaped(draft_of(contract, quote, key, desk.now_ms, namespace), contract, quote, number)
    guards = guards_for(desk, draft, profile, Ground(account, losses, contracts))
    outcome = await submit(desk, draft, guards, MarketQuality.of(quote), switch_minutes=0)
    return "sent" if isinstance(outcome, Submitted) else str(outcome.reason)


async def compete(runner: int, begin_s: float, period_s: float, rounds: int) -> dict[str, str]:
    """What became of this process's wish in each round, by decision key."""
    async with opened(read_settings()) as container:
        environment = container.environment()
        desk = await open_desk(environment)
        profile = limited(environment.profiles("scalper_micro"))
        contracts = {one.symbol: one for one in await environment.venue.market.contracts()}
        became: dict[str, str] = {}
        for number in range(rounds):
            await asyncio.sleep(max(0.0, begin_s + number * period_s - time.time()))
            _, key = wish(number, runner, sorted(contracts))
            try:
                became[key] = await enter(desk, profile, contracts, number, runner)
            except PortError as error:
                became[key] = type(error).__name__
        return became


def main(runner: str, begin_s: str, period_s: str, rounds: str) -> None:
    sys.stdout.write(json.dumps(asyncio.run(compete(int(runner), float(begin_s), float(period_s), int(rounds)))))
