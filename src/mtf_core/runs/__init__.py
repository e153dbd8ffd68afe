"""One run: the request, its stages, the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.run_request import RunRequest
    from mtf_core.runs.locked import RunLockedError
    from mtf_core.runs.once import KeyReusedError, RunBrokenOffError, RunInProgressError, run_of_key, run_once
    from mtf_core.runs.orchestrator import Orchestrator
    from mtf_core.runs.report import RunReport, SymbolResult
    from mtf_core.runs.request import document_of_texts, parse_request, request_field_names
    from mtf_core.runs.sharded import ConfigurationDiffersError, ShardedRuns, Told

__all__ = [
    "ConfigurationDiffersError",
    "KeyReusedError",
    "Orchestrator",
    "RunBrokenOffError",
    "RunInProgressError",
    "RunLockedError",
    "RunReport",
    "RunRequest",
    "ShardedRuns",
    "SymbolResult",
    "Told",
    "document_of_texts",
    "parse_request",
    "request_field_names",
    "run_of_key",
    "run_once",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "once": "KeyReusedError RunBrokenOffError RunInProgressError run_of_key run_once",
            "locked": "RunLockedError",
            "orchestrator": "Orchestrator",
            "report": "RunReport SymbolResult",
            "request": "RunRequest document_of_texts parse_request request_field_names",
            "sharded": "ConfigurationDiffersError ShardedRuns Told",
        },
    )
