"""Signs of life of a supervisor."""

from __future__ import annotations

from mtf_core.risk import Heartbeat


def beat(beat_ms: int, read_ms: int) -> Heartbeat:
    return Heartbeat("supervisor-1", beat_ms, read_ms)
