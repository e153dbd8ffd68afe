"""What the core needs from outside, as protocols, and the values that cross them."""

from mtf_core.ports.aside import Aside, at_once
from mtf_core.ports.clock import Clock
from mtf_core.ports.environment import Environment, ProfileSource, Progress, Sleep, Stores, no_progress
from mtf_core.ports.errors import (
    ExchangeError,
    ExchangeUnavailableError,
    InstantNotServedError,
    InvalidCursorError,
    LockLostError,
    PortError,
    StoreError,
    StoreNotOursError,
    StoreOutdatedError,
    StoreUnavailableError,
    TimeframeNotServedError,
    UnknownSymbolError,
)
from mtf_core.ports.exchange import Account, MarketData, Venue
from mtf_core.ports.locks import Acquired, HeldBy, LockAnswer, Locks
from mtf_core.ports.stores import AuditStore, CandleStore, CleanupStore, ContractStore, RiskStore, RunStore, SwitchStore

__all__ = [
    "Account",
    "Acquired",
    "Aside",
    "AuditStore",
    "CandleStore",
    "CleanupStore",
    "Clock",
    "ContractStore",
    "Environment",
    "ExchangeError",
    "ExchangeUnavailableError",
    "HeldBy",
    "InstantNotServedError",
    "InvalidCursorError",
    "LockAnswer",
    "LockLostError",
    "Locks",
    "MarketData",
    "PortError",
    "ProfileSource",
    "Progress",
    "RiskStore",
    "RunStore",
    "Sleep",
    "StoreError",
    "StoreNotOursError",
    "StoreOutdatedError",
    "StoreUnavailableError",
    "Stores",
    "SwitchStore",
    "TimeframeNotServedError",
    "UnknownSymbolError",
    "Venue",
    "at_once",
    "no_progress",
]
