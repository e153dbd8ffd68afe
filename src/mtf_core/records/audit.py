"""The audit trail: who did what, when."""

from __future__ import annotations

from attrs import frozen

from mtf_core.records.json import JsonObject


@frozen
class AuditEvent:
    """Something that changed state, or that an operator did: when, who, what, on what, with which details."""

    time_ms: int
    actor: str
    action: str
    subject: str
    details: JsonObject
