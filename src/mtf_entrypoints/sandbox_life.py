"""The sandbox of a process that stays: a generated market that goes with the clock, traded on by one account.

World and account begin and end with the process. What is stored of their orders bears the name of this life, so that
the next one does not look for orders that nobody has.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.matching.commands import OpenAccount
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Refused
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import FlowingClock, ForwardClock, SteppedClock, WorldClock
from mtf_core.ports import InstantNotServedError, Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import SettingsError

_LIFE_BITS = 48


def living(venue: Venue, market: Market, balance: Decimal | None, machine: Machine) -> Venue:
    """The venue on a world of its own, with an account to trade on; raises `SettingsError` for an impossible balance.

    The venue as it is, without trading, where the clock says an instant that the market does not have.
    """
    clock = _clock(machine)
    try:
        listed = market.contracts(clock.now_ms())
    except InstantNotServedError:
        return venue
    world = World(market, MatchingEngine(listed), clock)
    life = f"{int(machine.random() * 2**_LIFE_BITS):012x}"
    account = f"sandbox-{life}"
    opened = world.do(OpenAccount(account, SandboxAccount().balance if balance is None else balance))
    if isinstance(opened.answer, Refused):
        raise SettingsError(f"--balance: {opened.answer.detail}")
    exchange = NativeExchange(world, account)
    return evolve(
        venue,
        market=exchange,
        account=exchange,
        clock=world.clock,
        trading=exchange,
        streams=NativeStreams(world, account, sleep=machine.sleep),
        is_passing=True,
        orders_kept_as=f"{venue.namespace}-life-{life}",
    )


def _clock(machine: Machine) -> WorldClock:
    """A world never goes back; the machine's own clock may be set, one that was made for a world is not."""
    wall = machine.wall
    return wall if isinstance(wall, SteppedClock | FlowingClock) else ForwardClock(machine.steady())
