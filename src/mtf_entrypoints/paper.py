"""Paper trading out of the settings: the real venue without its keys, and an account of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from mtf_adapters.local.places import default_data_folder
from mtf_adapters.paper import OtherBalanceError, paper_venue
from mtf_core.ports import ExchangeError, Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import Settings, SettingsError, paper_problem
from mtf_entrypoints.wires import WIRES

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection


def paper_of(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    """The venue of the settings, on paper; raises `SettingsError`."""
    wrong = paper_problem(settings)
    if wrong is not None:
        raise SettingsError(wrong)
    venue = _without_key(settings, machine, redis)
    folder = default_data_folder() / "paper"
    try:
        return paper_venue(venue, folder, settings.sandbox.balance, machine.random, machine.sleep)
    except OtherBalanceError as error:
        raise SettingsError(f"--balance: {error}") from None
    except ExchangeError as error:
        raise SettingsError(str(error)) from None


def _without_key(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    wire = WIRES[settings.exchange]()
    options = wire.options(settings)
    changes: dict[str, Any] = {
        wire.exchange: options.without_key(),
        "sandbox": evolve(settings.sandbox, balance=None),  # it is the paper account's
    }
    public = evolve(settings, **changes)
    venue = wire.build(public, machine, redis)
    remarks = tuple(one for one in venue.remarks if one != wire.no_key)
    if not options.secrets:
        return evolve(venue, remarks=remarks)
    not_used = f"The key of {wire.name} that is set is not used: on paper nothing private is asked."
    return evolve(venue, remarks=(*remarks, not_used))
