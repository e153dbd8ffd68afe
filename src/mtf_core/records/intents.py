"""Intents and actions as plain values and back, for the store of orders and the journal beside it.

A value that was written by an earlier version lacks what has a default, and one of a later version may hold more: the
first gets the default, the second is read without it.
"""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.market import Amendment, ExitOrder, ProtectiveOrder
from mtf_core.orders import Action, Cancellation, FurtherAttempt, Intent, Write
from mtf_core.records.codec import UnreadableRecordError, from_plain, to_plain
from mtf_core.records.json import JsonObject

_WRITES: Mapping[str, type[Write]] = {
    "protective_order": ProtectiveOrder,
    "exit_order": ExitOrder,
    "amendment": Amendment,
    "cancellation": Cancellation,
    "further_attempt": FurtherAttempt,
}
_NAMES = {kind: name for name, kind in _WRITES.items()}


def intent_to_plain(intent: Intent) -> JsonObject:
    """An intent as JSON can hold it."""
    plain: JsonObject = to_plain(intent)
    return plain


def intent_from_plain(plain: object) -> Intent:
    """Raises `UnreadableRecordError`."""
    return from_plain(plain, Intent)


def action_to_plain(action: Action) -> JsonObject:
    """An action as JSON can hold it, with the name of what it writes."""
    write = {"kind": _NAMES[type(action.write)], "order": to_plain(action.write)}
    return {"write": write, "why": action.why, "protects": action.protects}


def action_from_plain(plain: object) -> Action:
    """Raises `UnreadableRecordError`."""
    try:
        write, why, protects = plain["write"], plain["why"], plain["protects"]  # type: ignore[index]
        kind, order = _WRITES[write["kind"]], write["order"]
    except (KeyError, TypeError) as error:
        raise UnreadableRecordError(f"this is no action: {error}") from error
    if not isinstance(why, str) or not isinstance(protects, bool):
        raise UnreadableRecordError("this is no action: why it is done is text, and whether it protects true or false")
    return Action(from_plain(order, kind), why, protects)
