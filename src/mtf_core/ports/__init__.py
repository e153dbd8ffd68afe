"""What the core needs from outside, as protocols, and the values that cross them."""

from mtf_core.ports.clock import Clock
from mtf_core.ports.environment import Environment, ProfileSource, Progress, Stores, no_progress
from mtf_core.ports.errors import (
    ExchangeError,
    ExchangeUnavailableError,
    InstantNotServedError,
    InvalidCursorError,
    PortError,
    StoreError,
    StoreOutdatedError,
    StoreUnavailableError,
    TimeframeNotServedError,
    UnknownSymbolError,
)
from mtf_core.ports.exchange import Account, MarketData, Venue
from mtf_core.ports.locks import LockHeld, Locks
from mtf_core.ports.stores import AuditStore, CandleStore, ContractStore, RunStore, SwitchStore

__all__ = [
    "Account",
    "AuditStore",
    "CandleStore",
    "Clock",
    "ContractStore",
    "Environment",
    "ExchangeError",
    "ExchangeUnavailableError",
    "InstantNotServedError",
    "InvalidCursorError",
    "LockHeld",
    "Locks",
    "MarketData",
    "PortError",
    "ProfileSource",
    "Progress",
    "RunStore",
    "StoreError",
    "StoreOutdatedError",
    "StoreUnavailableError",
    "Stores",
    "SwitchStore",
    "TimeframeNotServedError",
    "UnknownSymbolError",
    "Venue",
    "no_progress",
]
