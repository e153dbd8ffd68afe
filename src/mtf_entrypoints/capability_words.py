"""What an exchange can do, in plain words under names that do not change."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from mtf_core.market import (
    DAY_MS,
    EVERYTHING_KEPT_MS,
    ArmsAt,
    Capabilities,
    DeadlineKind,
    OversizedExit,
    ProtectionScope,
    Proven,
    SettingScope,
    UniqueFor,
)

_HOUR_MS = 3_600_000
_ANY_NUMBER = 100_000
_UNIQUE = {
    UniqueFor.ALWAYS: "never twice",
    UniqueFor.WHILE_OPEN: "free again when the order has ended",
    UniqueFor.UNKNOWN: "for how long it stays taken is not known",
}
_OVERSIZED = {
    OversizedExit.TRIMMED: "cut to the position",
    OversizedExit.REJECTED: "refused",
    OversizedExit.REVERSES: "opens the other side",
    OversizedExit.UNKNOWN: "not known, so never sent",
}
_SCOPES = {SettingScope.ACCOUNT: "account", SettingScope.SYMBOL: "contract", SettingScope.ORDER: "order"}
_KEEPS = {
    Proven.YES: "stops stay",
    Proven.NO: "stops go as well, so it is not used",
    Proven.UNKNOWN: "whether stops stay is not known, so it is not used",
}


def in_words(able: Capabilities) -> dict[str, str]:
    """Each main capability in one line."""
    return {
        "stop_in_entry": _stop_in_entry(able),
        "stop_of_position": _stop_of_position(able),
        "stop_moves": "in place" if able.amends_protection else "a new one first, then the old one goes",
        "entry_changes": _list(able.amends) or "not at all",
        "exit_too_large": _OVERSIZED[able.oversized_exit],
        "client_ids": _client_ids(able),
        "deadline": _deadline(able),
        "position_modes": f"{_list(able.position_modes)}, per {_SCOPES[able.position_mode_scope]}",
        "margin_modes": f"{_list(able.margin_modes)}, per {_SCOPES[able.margin_mode_scope]}",
        "timed_cancel_all": _timed_cancel_all(able),
        "kept": f"executions {_span(able.fills_kept_ms)}, cancelled orders {_span(able.cancelled_orders_kept_ms)}",
        "candles": f"{_many(able.candles.most_per_call)} a call",
    }


def _many(count: int) -> str:
    return "any number" if count >= _ANY_NUMBER else f"at most {count}"


def _list(words: Iterable[StrEnum]) -> str:
    return ", ".join(sorted(str(word) for word in words))


def _either(words: Iterable[StrEnum]) -> str:
    return " or ".join(sorted(str(word) for word in words))


def _stop_in_entry(able: Capabilities) -> str:
    entry = able.entry_protection
    if entry is None:
        return "none: a stop of its own follows the fill"
    arms = "from the first fill on" if entry.arms_at is ArmsAt.FIRST_FILL else "only when the whole entry has filled"
    covers = "what its entry filled" if entry.scope is ProtectionScope.ORDER else "the whole position"
    return f"protects {arms}; covers {covers}; set off by the {_either(entry.trigger_prices)} price"


def _stop_of_position(able: Capabilities) -> str:
    stop = able.position_protection
    if stop is None:
        return "none"
    whole = "one for the whole position" if stop.whole_position else "for a size only"
    return f"{whole}; set off by the {_either(stop.trigger_prices)} price"


def _client_ids(able: Capabilities) -> str:
    ids = able.client_ids
    history = "not found" if not ids.lookup_history_ms else f"found for {_span(ids.lookup_history_ms)}"
    return f"{ids.most_characters} of {ids.alphabet}; {_UNIQUE[ids.unique_for]}; ended orders are {history}"


def _deadline(able: Capabilities) -> str:
    deadline = able.request_deadline
    if deadline is None:
        return "none: a late request is not refused, so nothing is entered"
    how = (
        "a request says until when it counts"
        if deadline.kind is DeadlineKind.EXPIRES_AT
        else "a request is refused when its signature is too old"
    )
    return f"{how}, at most {deadline.longest_ms // 1000} s"


def _timed_cancel_all(able: Capabilities) -> str:
    timer = able.timed_cancel_all
    if timer is None:
        return "none"
    least, most = timer.least_seconds, timer.most_seconds
    span = f"at least {least} s" if most is None else f"{least} to {most} s"
    return f"per {_SCOPES[timer.scope]}, {span}; {_KEEPS[timer.keeps_protection]}"


def _span(milliseconds: int) -> str:
    if milliseconds >= EVERYTHING_KEPT_MS:
        return "always"
    days, rest = divmod(milliseconds, DAY_MS)
    return f"{days} d" if days and not rest else f"{milliseconds // _HOUR_MS} h"
