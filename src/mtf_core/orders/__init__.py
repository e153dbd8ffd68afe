"""Orders as they live: ids, intents and their states, what may follow what, and what is due now.

Pure: views in, transitions and actions out. Nothing here waits, reads a clock or sends anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.orders.actions import Action, Cancellation, FurtherAttempt, Supervised, SwitchOff, Write
    from mtf_core.orders.asked import Answer, Asked, AskedKind
    from mtf_core.orders.client_ids import ClientId, ClientIdError, Purpose, mint, read_client_id, store_tag
    from mtf_core.orders.intent import Attempt, ExitReason, Intent, Progress, Sent, Terms, Wanted, WantedTarget
    from mtf_core.orders.lifecycle import Alarm, AlarmKind, EventKind, LifecycleEvent
    from mtf_core.orders.planned import Draft, PlanUse, draft_of, longest_life_ms, plan_words
    from mtf_core.orders.states import EntryCause, EntryState, PositionCause, PositionState, entry_after, position_after
    from mtf_core.orders.trade import Booking, Trade, UnreadableTradeError, trade_booked_by_hand, trade_of
    from mtf_core.orders.view import MarketNow, ReadsWanted, View

__all__ = [
    "Action",
    "Alarm",
    "AlarmKind",
    "Answer",
    "Asked",
    "AskedKind",
    "Attempt",
    "Booking",
    "Cancellation",
    "ClientId",
    "ClientIdError",
    "Draft",
    "EntryCause",
    "EntryState",
    "EventKind",
    "ExitReason",
    "FurtherAttempt",
    "Intent",
    "LifecycleEvent",
    "MarketNow",
    "PlanUse",
    "PositionCause",
    "PositionState",
    "Progress",
    "Purpose",
    "ReadsWanted",
    "Sent",
    "Supervised",
    "SwitchOff",
    "Terms",
    "Trade",
    "UnreadableTradeError",
    "View",
    "Wanted",
    "WantedTarget",
    "Write",
    "draft_of",
    "entry_after",
    "longest_life_ms",
    "mint",
    "plan_words",
    "position_after",
    "read_client_id",
    "store_tag",
    "trade_booked_by_hand",
    "trade_of",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "actions": "Action Cancellation FurtherAttempt Supervised SwitchOff Write",
            "asked": "Answer Asked AskedKind",
            "client_ids": "ClientId ClientIdError Purpose mint read_client_id store_tag",
            "intent": "Attempt ExitReason Intent Progress Sent Terms Wanted WantedTarget",
            "lifecycle": "Alarm AlarmKind EventKind LifecycleEvent",
            "planned": "Draft PlanUse draft_of longest_life_ms plan_words",
            "states": "EntryCause EntryState PositionCause PositionState entry_after position_after",
            "trade": "Booking Trade UnreadableTradeError trade_booked_by_hand trade_of",
            "view": "MarketNow ReadsWanted View",
        },
    )
