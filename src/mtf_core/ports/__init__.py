"""What the core needs from outside, as protocols, and the values that cross them."""

from mtf_core.ports.clock import Clock
from mtf_core.ports.errors import (
    ExchangeError,
    ExchangeUnavailableError,
    InvalidCursorError,
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
    DecisionSummary,
    Json,
    JsonObject,
    Page,
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
    "DecisionSummary",
    "ExchangeError",
    "ExchangeUnavailableError",
    "InvalidCursorError",
    "Json",
    "JsonObject",
    "LockHeld",
    "Locks",
    "MarketData",
    "Page",
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
