"""Paper trading out of the settings: the real venue without its keys, and an account of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mtf_adapters.bitmart.venue import NO_KEY
from mtf_adapters.local.places import default_data_folder
from mtf_adapters.paper import OtherBalanceError, paper_venue
from mtf_core.ports import ExchangeError, Venue
from mtf_entrypoints.bitmart_venue import bitmart_of
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import BitmartOptions, Settings, SettingsError

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection

_KEYS = ("api_key", "secret_key", "api_memo")
_KEY_NOT_USED = "The key of BitMart that is set is not used: on paper nothing private is asked."


def paper_of(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    """The venue of the settings, on paper; raises `SettingsError`."""
    if settings.exchange != "bitmart":
        raise SettingsError(
            f"MTF_PAPER=yes is for the market of a real exchange; {settings.exchange} has play money of its own: leave "
            "MTF_PAPER out, or set MTF_EXCHANGE"
        )
    if settings.live:
        raise SettingsError("MTF_PAPER=yes and MTF_LIVE=yes exclude each other: leave one of them out")
    venue = _bitmart_without_key(settings, machine, redis)
    folder = default_data_folder() / "paper"
    try:
        return paper_venue(venue, folder, settings.sandbox.balance, machine.random, machine.sleep)
    except OtherBalanceError as error:
        raise SettingsError(f"--balance: {error}") from None
    except ExchangeError as error:
        raise SettingsError(str(error)) from None


def _bitmart_without_key(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    nothing = dict.fromkeys(_KEYS)
    public = evolve(
        settings,
        bitmart=evolve(settings.bitmart, **nothing),
        sandbox=evolve(settings.sandbox, balance=None),  # it is the paper account's
    )
    venue = bitmart_of(public, machine, redis)
    has_key = evolve(BitmartOptions(), **{name: getattr(settings.bitmart, name) for name in _KEYS}) != BitmartOptions()
    remarks = tuple(one for one in venue.remarks if one != NO_KEY)
    return evolve(venue, remarks=(*remarks, *((_KEY_NOT_USED,) if has_key else ())))
