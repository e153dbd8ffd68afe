"""Keys under which a client asks for a run at most once."""

from __future__ import annotations

from attrs import frozen

from mtf_core.records.json import JsonObject


@frozen
class KeyedRun:
    """The run that a key stands for, and what was asked of it."""

    key: str
    run_id: str
    request: JsonObject
    asked_ms: int
