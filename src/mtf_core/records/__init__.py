"""What the stores keep, as values."""

from mtf_core.records.audit import AuditEvent
from mtf_core.records.json import Json, JsonObject
from mtf_core.records.page import Page
from mtf_core.records.runs import DecisionRecord, DecisionSummary, RunRecord, RunStatus

__all__ = [
    "AuditEvent",
    "DecisionRecord",
    "DecisionSummary",
    "Json",
    "JsonObject",
    "Page",
    "RunRecord",
    "RunStatus",
]
