"""One run: the request, its stages, the report."""

from mtf_core.runs.orchestrator import Orchestrator, RunLockedError
from mtf_core.runs.report import OrderStatus, RunReport, SymbolResult, SymbolStatus
from mtf_core.runs.request import RunRequest, parse_request, request_field_names

__all__ = [
    "Orchestrator",
    "OrderStatus",
    "RunLockedError",
    "RunReport",
    "RunRequest",
    "SymbolResult",
    "SymbolStatus",
    "parse_request",
    "request_field_names",
]
