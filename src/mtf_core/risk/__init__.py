"""Guards on money: switches, losses of days and weeks, limits that stand before every entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.risk.books import AccountCondition, Books, Heartbeat, Reservation, Standing
    from mtf_core.risk.exposure import Stake, stakes
    from mtf_core.risk.guards import GuardFacts, ProposedEntry, entries_must_end, guard_of, refusal, what_stops_entries
    from mtf_core.risk.live import LiveFacts
    from mtf_core.risk.locks import RiskLock, Span, holding
    from mtf_core.risk.losses import (
        EquityMark,
        Losses,
        OpeningSource,
        RiskDay,
        SpanResult,
        counts_weeks,
        day_as_seen,
        day_from_mark,
        day_from_rows,
        limit_of,
        losing_streak,
        mark_of,
        new_locks,
        result_by_equity,
        result_by_rows,
    )
    from mtf_core.risk.switches import (
        BUSY,
        CANCELLED,
        GLOBAL_SWITCH,
        ORDERED,
        QueuedSymbol,
        Switch,
        Switchboard,
        SwitchChange,
        switch_key,
    )

__all__ = [
    "BUSY",
    "CANCELLED",
    "GLOBAL_SWITCH",
    "ORDERED",
    "AccountCondition",
    "Books",
    "EquityMark",
    "GuardFacts",
    "Heartbeat",
    "LiveFacts",
    "Losses",
    "OpeningSource",
    "ProposedEntry",
    "QueuedSymbol",
    "Reservation",
    "RiskDay",
    "RiskLock",
    "Span",
    "SpanResult",
    "Stake",
    "Standing",
    "Switch",
    "SwitchChange",
    "Switchboard",
    "counts_weeks",
    "day_as_seen",
    "day_from_mark",
    "day_from_rows",
    "entries_must_end",
    "guard_of",
    "holding",
    "limit_of",
    "losing_streak",
    "mark_of",
    "new_locks",
    "refusal",
    "result_by_equity",
    "result_by_rows",
    "stakes",
    "switch_key",
    "what_stops_entries",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "books": "AccountCondition Books Heartbeat Reservation Standing",
            "exposure": "Stake stakes",
            "guards": "GuardFacts ProposedEntry entries_must_end guard_of refusal what_stops_entries",
            "live": "LiveFacts",
            "locks": "RiskLock Span holding",
            "losses": (
                "EquityMark Losses OpeningSource RiskDay SpanResult counts_weeks day_as_seen day_from_mark "
                "day_from_rows limit_of losing_streak mark_of new_locks result_by_equity result_by_rows"
            ),
            "switches": "BUSY CANCELLED GLOBAL_SWITCH ORDERED QueuedSymbol Switch Switchboard SwitchChange switch_key",
        },
    )
