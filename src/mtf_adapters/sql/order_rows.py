"""Intents and what belongs to them as rows, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, TypeVar

import attrs
from sqlalchemy import Row

from mtf_core.market import Fill, FillCause, Side
from mtf_core.orders import Alarm, AlarmKind, Attempt, EntryState, EventKind, Intent, LifecycleEvent
from mtf_core.ports import Request, StoredAlarm, StoredEvent, StoreError, UnreadableRowError
from mtf_core.records import UnreadableRecordError, intent_from_plain, intent_to_plain
from mtf_core.risk import Reservation

Value = TypeVar("Value")


def intent_row(intent: Intent, now_ms: int) -> dict[str, Any]:
    """The columns of an intent that change with it; `now_ms` is this program's time."""
    planned, filled, alive = steps(intent)
    return {
        "entry": intent.entry.value,
        "position": intent.position.value,
        "is_live": intent.is_live,
        "planned_steps": planned,
        "filled_steps": filled,
        "alive_steps": alive,
        "loss_at_stop": intent.loss_at_stop_usdt,
        "version": intent.version,
        "updated_ms": now_ms,
        "content": intent_to_plain(intent),
    }


def new_intent_row(intent: Intent, created_ms: int, now_ms: int) -> dict[str, Any]:
    """Every column of an intent that is committed for the first time."""
    return intent_row(intent, now_ms) | {
        "decision_key": intent.decision_key,
        "counter": intent.counter,
        "symbol": intent.symbol,
        "side": intent.side.value,
        "profile": intent.terms.profile,
        "run_id": intent.terms.run_id,
        "holds_symbol": True,
        "notional": intent.terms.notional_usdt,
        "margin": intent.terms.margin_usdt,
        "created_ms": created_ms,
    }


def steps(intent: Intent) -> tuple[int, int, int]:
    """What is planned, filled, and may still fill, in steps of size; an attempt that is only planned may, too.

    What is filled and alive is rounded together, up: a grid that became finer must not hide a part. Raises `StoreError`
    for a planned size that is not on the grid.
    """
    step = intent.terms.size_step
    planned = intent.wanted.size / step
    if planned != planned.to_integral_value():
        raise StoreError(f"{intent.decision_key}: the size {intent.wanted.size} is no multiple of {step}")
    alive = Decimal(0) if intent.entry.is_final else intent.attempt.size - intent.attempt.filled
    filled = int((intent.filled / step).to_integral_value(ROUND_FLOOR))
    together = int(((intent.filled + alive) / step).to_integral_value(ROUND_CEILING))
    return int(planned), filled, together - filled


def client_id_row(intent: Intent, attempt: Attempt) -> dict[str, Any]:
    """The id of an attempt, which is committed before anything is sent."""
    return {
        "client_order_id": attempt.client_order_id,
        "decision_key": intent.decision_key,
        "attempt": attempt.number,
    }


def intent_of(row: Row[Any]) -> Intent:
    """The intent of a row with its `version` and `content`; raises `UnreadableRowError`."""
    return _intent(lambda: row.content, row.version)


def intent_of_text(content: str, version: int) -> Intent:
    """The intent of a row whose content was read as text; raises `UnreadableRowError`."""
    return _intent(lambda: json.loads(content), version)


def _intent(read: Callable[[], Any], version: int) -> Intent:
    try:
        return attrs.evolve(intent_from_plain(read()), version=version)
    except (UnreadableRecordError, ValueError) as error:
        raise UnreadableRowError(f"a stored intent cannot be read: {error}") from error


def reservation_of(row: Row[Any]) -> Reservation:
    """What a live intent takes of the account's limits."""
    money = (row.notional, row.margin, row.loss_at_stop)
    return Reservation(row.decision_key, row.symbol, _read(Side, row.side), *money)


def entry_of(row: Row[Any]) -> EntryState:
    return _read(EntryState, row.entry)


def event_row(event: LifecycleEvent, run_id: str, program_ms: int) -> dict[str, Any]:
    row = attrs.asdict(event, recurse=False)
    changed = {"kind": event.kind.value, "details": dict(event.details)}
    return row | changed | {"run_id": run_id, "program_ms": program_ms}


def stored_event(row: Row[Any]) -> StoredEvent:
    """Raises `UnreadableRowError`."""
    kind = _read(EventKind, row.kind)
    event = LifecycleEvent(row.decision_key, row.symbol, row.attempt, kind, row.venue_ms, row.details)
    return StoredEvent(row.id, event, row.run_id, row.program_ms)


def fill_row(fill: Fill, decision_key: str) -> dict[str, Any]:
    row = attrs.asdict(fill, recurse=False)
    return row | {"side": fill.side.value, "cause": fill.cause.value, "decision_key": decision_key}


def fill_of(row: Row[Any]) -> Fill:
    """Raises `UnreadableRowError`."""
    return Fill(**row._asdict() | {"side": _read(Side, row.side), "cause": _read(FillCause, row.cause)})


def alarm_row(alarm: Alarm, raised_ms: int) -> dict[str, Any]:
    return attrs.asdict(alarm) | {"kind": alarm.kind.value, "raised_ms": raised_ms, "ended_ms": None}


def stored_alarm(row: Row[Any]) -> StoredAlarm:
    """Raises `UnreadableRowError`."""
    alarm = Alarm(_read(AlarmKind, row.kind), row.subject, row.text, row.venue_ms)
    return StoredAlarm(alarm, row.raised_ms, row.ended_ms)


def request_of(row: Row[Any]) -> Request:
    return Request(**row._asdict())


def _read(kind: Callable[[str], Value], text: str) -> Value:
    try:
        return kind(text)
    except ValueError as error:
        raise UnreadableRowError(f"a row of the store of orders cannot be read: {error}") from error
