"""Watching from outside: what is seen in the store, what of it calls for help, and who is told when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.watching.conditions import Alert, Condition, advice_of, conditions_of, is_supervised
    from mtf_core.watching.facts import Facts, Pulse, read_facts
    from mtf_core.watching.figures import PositionFigures, StoreFigures, read_figures
    from mtf_core.watching.ledger import Ledger
    from mtf_core.watching.losses import enabled_profiles
    from mtf_core.watching.watcher import Told, Troubled, Watcher, WatchNews

__all__ = [
    "Alert",
    "Condition",
    "Facts",
    "Ledger",
    "PositionFigures",
    "Pulse",
    "StoreFigures",
    "Told",
    "Troubled",
    "WatchNews",
    "Watcher",
    "advice_of",
    "conditions_of",
    "enabled_profiles",
    "is_supervised",
    "read_facts",
    "read_figures",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "conditions": "Alert Condition advice_of conditions_of is_supervised",
            "facts": "Facts Pulse read_facts",
            "figures": "PositionFigures StoreFigures read_figures",
            "ledger": "Ledger",
            "losses": "enabled_profiles",
            "watcher": "Told Troubled WatchNews Watcher",
        },
    )
