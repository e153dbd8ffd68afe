"""One run: the request, its stages, the report."""

from mtf_core.run_request import RunRequest
from mtf_core.runs.once import RunBrokenOffError, RunInProgressError, run_once
from mtf_core.runs.orchestrator import Orchestrator, RunLockedError
from mtf_core.runs.report import OrderStatus, RunReport, SymbolResult, SymbolStatus
from mtf_core.runs.request import document_of_texts, parse_request, request_field_names

__all__ = [
    "Orchestrator",
    "OrderStatus",
    "RunBrokenOffError",
    "RunInProgressError",
    "RunLockedError",
    "RunReport",
    "RunRequest",
    "SymbolResult",
    "SymbolStatus",
    "document_of_texts",
    "parse_request",
    "request_field_names",
    "run_once",
]
