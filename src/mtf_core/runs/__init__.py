"""The use cases: asynchronous, speaking only to ports."""

from mtf_core.runs.context import Progress, RunContext, Stores, no_progress
from mtf_core.runs.contracts_sync import ContractSync, stored_contracts, sync_contracts
from mtf_core.runs.funnel import Funnel, FunnelStage, funnel
from mtf_core.runs.health import HealthCheck, check_health
from mtf_core.runs.ingest import (
    Ingest,
    SeriesGaps,
    fetch_candles,
    find_gaps,
    import_candles,
    repair_gaps,
)
from mtf_core.runs.inspection import Indicators, explain_symbol, plan_symbol, read_indicators
from mtf_core.runs.orchestrator import Orchestrator, RunLockedError
from mtf_core.runs.report import OrderStatus, RunReport, SymbolResult, SymbolStatus
from mtf_core.runs.request import FieldProblem, InvalidRequestError, RunRequest, parse_request, request_field_names
from mtf_core.runs.verification import Difference, Finding, Verification, verify_run
from mtf_core.runs.why import Why, why

__all__ = [
    "ContractSync",
    "Difference",
    "FieldProblem",
    "Finding",
    "Funnel",
    "FunnelStage",
    "HealthCheck",
    "Indicators",
    "Ingest",
    "InvalidRequestError",
    "Orchestrator",
    "OrderStatus",
    "Progress",
    "RunContext",
    "RunLockedError",
    "RunReport",
    "RunRequest",
    "SeriesGaps",
    "Stores",
    "SymbolResult",
    "SymbolStatus",
    "Verification",
    "Why",
    "check_health",
    "explain_symbol",
    "fetch_candles",
    "find_gaps",
    "funnel",
    "import_candles",
    "no_progress",
    "parse_request",
    "plan_symbol",
    "read_indicators",
    "repair_gaps",
    "request_field_names",
    "stored_contracts",
    "sync_contracts",
    "verify_run",
    "why",
]
