"""Guards on money: switches, the risk day, limits that stand before every entry."""

from mtf_core.risk.day import DayLock, DayLoss, RiskDay, day_loss, loss_lock
from mtf_core.risk.guards import GuardFacts, ProposedEntry, refusal
from mtf_core.risk.switches import BUSY, GLOBAL_SWITCH, QueuedSymbol, Switch, Switchboard, switch_key

__all__ = [
    "BUSY",
    "GLOBAL_SWITCH",
    "DayLock",
    "DayLoss",
    "GuardFacts",
    "ProposedEntry",
    "QueuedSymbol",
    "RiskDay",
    "Switch",
    "Switchboard",
    "day_loss",
    "loss_lock",
    "refusal",
    "switch_key",
]
