"""Guards on money: switches, the risk day, limits that stand before every entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.risk.books import AccountCondition, Books, Heartbeat, Reservation, Standing
    from mtf_core.risk.day import DayLock, DayLoss, RiskDay, day_loss, loss_lock
    from mtf_core.risk.guards import GuardFacts, ProposedEntry, refusal
    from mtf_core.risk.switches import BUSY, GLOBAL_SWITCH, QueuedSymbol, Switch, Switchboard, SwitchChange, switch_key

__all__ = [
    "BUSY",
    "GLOBAL_SWITCH",
    "AccountCondition",
    "Books",
    "DayLock",
    "DayLoss",
    "GuardFacts",
    "Heartbeat",
    "ProposedEntry",
    "QueuedSymbol",
    "Reservation",
    "RiskDay",
    "Standing",
    "Switch",
    "SwitchChange",
    "Switchboard",
    "day_loss",
    "loss_lock",
    "refusal",
    "switch_key",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "books": "AccountCondition Books Heartbeat Reservation Standing",
            "day": "DayLock DayLoss RiskDay day_loss loss_lock",
            "guards": "GuardFacts ProposedEntry refusal",
            "switches": "BUSY GLOBAL_SWITCH QueuedSymbol Switch SwitchChange Switchboard switch_key",
        },
    )
