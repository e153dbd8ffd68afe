"""What the core needs from outside, as protocols, and the values that cross them."""

from mtf_core.ports.clock import Clock
from mtf_core.ports.errors import (
    ExchangeError,
    ExchangeUnavailableError,
    PortError,
    StoreError,
    StoreOutdatedError,
    StoreUnavailableError,
    UnknownSymbolError,
)
from mtf_core.ports.exchange import Account, MarketData, Venue
from mtf_core.ports.locks import LockHeld, Locks
from mtf_core.ports.records import (
    GLOBAL_SWITCH,
    AuditEvent,
    DecisionRecord,
    Json,
    JsonObject,
    RunRecord,
    RunStatus,
    Switch,
    switch_key,
)
from mtf_core.ports.stores import AuditStore, CandleStore, ContractStore, RunStore, SwitchStore

__all__ = [
    "GLOBAL_SWITCH",
    "Account",
    "AuditEvent",
    "AuditStore",
    "CandleStore",
    "Clock",
    "ContractStore",
    "DecisionRecord",
    "ExchangeError",
    "ExchangeUnavailableError",
    "Json",
    "JsonObject",
    "LockHeld",
    "Locks",
    "MarketData",
    "PortError",
    "RunRecord",
    "RunStatus",
    "RunStore",
    "StoreError",
    "StoreOutdatedError",
    "StoreUnavailableError",
    "Switch",
    "SwitchStore",
    "UnknownSymbolError",
    "Venue",
    "switch_key",
]
