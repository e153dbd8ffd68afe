"""What the core needs from outside, as protocols, and the values that cross them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.ports.alerts import Disk, Disks, Ping, Receiver
    from mtf_core.ports.aside import Aside, at_once
    from mtf_core.ports.clock import Clock, ClockSkew
    from mtf_core.ports.environment import (
        Environment,
        LiveSwitches,
        ProfileSource,
        Progress,
        Sleep,
        Stores,
        no_progress,
    )
    from mtf_core.ports.errors import (
        ExchangeError,
        ExchangeUnavailableError,
        InstantNotServedError,
        IntentChangedError,
        InvalidCursorError,
        LockLostError,
        PortError,
        ReceiverError,
        StoreError,
        StoreNotOursError,
        StoreOutdatedError,
        StoreUnavailableError,
        TimeframeNotServedError,
        TradingRefusedError,
        UnknownSymbolError,
        UnreadableRowError,
    )
    from mtf_core.ports.exchange import ExchangeWorld, MarketData, Venue, VenueFinding
    from mtf_core.ports.locks import Acquired, HeldBy, LockAnswer, Locks
    from mtf_core.ports.orders import (
        ActionJournal,
        HighWater,
        Mark,
        Noted,
        OrderStore,
        Request,
        StoredAlarm,
        StoredEvent,
        StoreIdentity,
        StoreView,
    )
    from mtf_core.ports.stores import (
        LEAST_KEPT,
        NO_FLOORS,
        AlertStore,
        AuditStore,
        CandleStore,
        CleanupStore,
        ContractStore,
        ProcessStore,
        RiskStore,
        RunStore,
        ShardStore,
        SwitchStore,
        TallyStore,
        ZoneStore,
    )
    from mtf_core.ports.streams import (
        AccountEvent,
        BalancePushed,
        CandleEvent,
        CandleUpdate,
        Connected,
        Disconnected,
        NotStreamed,
        OrderPushed,
        PositionPushed,
        Silent,
        Streams,
    )
    from mtf_core.ports.trading import Account, FeeRates, Priority, Trading

__all__ = [
    "LEAST_KEPT",
    "NO_FLOORS",
    "Account",
    "AccountEvent",
    "Acquired",
    "ActionJournal",
    "AlertStore",
    "Aside",
    "AuditStore",
    "BalancePushed",
    "CandleEvent",
    "CandleStore",
    "CandleUpdate",
    "CleanupStore",
    "Clock",
    "ClockSkew",
    "Connected",
    "ContractStore",
    "Disconnected",
    "Disk",
    "Disks",
    "Environment",
    "ExchangeError",
    "ExchangeUnavailableError",
    "ExchangeWorld",
    "FeeRates",
    "HeldBy",
    "HighWater",
    "InstantNotServedError",
    "IntentChangedError",
    "InvalidCursorError",
    "LiveSwitches",
    "LockAnswer",
    "LockLostError",
    "Locks",
    "Mark",
    "MarketData",
    "NotStreamed",
    "Noted",
    "OrderPushed",
    "OrderStore",
    "Ping",
    "PortError",
    "PositionPushed",
    "Priority",
    "ProcessStore",
    "ProfileSource",
    "Progress",
    "Receiver",
    "ReceiverError",
    "Request",
    "RiskStore",
    "RunStore",
    "ShardStore",
    "Silent",
    "Sleep",
    "StoreError",
    "StoreIdentity",
    "StoreNotOursError",
    "StoreOutdatedError",
    "StoreUnavailableError",
    "StoreView",
    "StoredAlarm",
    "StoredEvent",
    "Stores",
    "Streams",
    "SwitchStore",
    "TallyStore",
    "TimeframeNotServedError",
    "Trading",
    "TradingRefusedError",
    "UnknownSymbolError",
    "UnreadableRowError",
    "Venue",
    "VenueFinding",
    "ZoneStore",
    "at_once",
    "no_progress",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "alerts": "Disk Disks Ping Receiver",
            "aside": "Aside at_once",
            "clock": "Clock ClockSkew",
            "environment": "Environment LiveSwitches ProfileSource Progress Sleep Stores no_progress",
            "errors": (
                "ExchangeError ExchangeUnavailableError InstantNotServedError IntentChangedError InvalidCursorError "
                "LockLostError PortError ReceiverError StoreError StoreNotOursError StoreOutdatedError "
                "StoreUnavailableError TimeframeNotServedError TradingRefusedError UnknownSymbolError "
                "UnreadableRowError"
            ),
            "exchange": "ExchangeWorld MarketData Venue VenueFinding",
            "locks": "Acquired HeldBy LockAnswer Locks",
            "orders": (
                "ActionJournal HighWater Mark Noted OrderStore Request StoredAlarm StoredEvent StoreIdentity StoreView"
            ),
            "stores": (
                "LEAST_KEPT NO_FLOORS AlertStore AuditStore CandleStore CleanupStore ContractStore ProcessStore "
                "RiskStore RunStore ShardStore SwitchStore TallyStore ZoneStore"
            ),
            "streams": (
                "AccountEvent BalancePushed CandleEvent CandleUpdate Connected Disconnected NotStreamed "
                "OrderPushed PositionPushed Silent Streams"
            ),
            "trading": "Account FeeRates Priority Trading",
        },
    )
