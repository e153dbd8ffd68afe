"""Traces of runs, where `MTF_TRACES=yes` asks for them: OpenTelemetry is imported only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mtf_adapters.telemetry.masking import Masking
from mtf_adapters.telemetry.metrics import Metrics
from mtf_entrypoints.settings import Settings, SettingsError

if TYPE_CHECKING:
    from mtf_adapters.telemetry.traces import Traces

MISSING = (
    "MTF_TRACES: OpenTelemetry is not installed; install it with: "
    'pip install "mtf-orchestrator[traces]", or leave MTF_TRACES out'
)
_PROTOCOL = "http/protobuf"
_WRONG_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT: allowed: where a collector answers, like http://127.0.0.1:4318"
_DEFAULT_ENDPOINT = "http://localhost:4318"


def build_traces(settings: Settings) -> Traces | None:
    """None where nobody asked for them; raises `SettingsError` where they cannot be."""
    if not settings.traces:
        return None
    protocol = _of_traces("PROTOCOL", _PROTOCOL)
    if protocol != _PROTOCOL:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL: found {protocol!r}; traces are sent by {_PROTOCOL} alone")
    where = _place_of(_of_traces("ENDPOINT", _DEFAULT_ENDPOINT))
    try:
        from mtf_adapters.telemetry.traces import open_traces  # noqa: PLC0415  (an extra, and it takes a while)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            raise
        raise SettingsError(MISSING) from None
    return open_traces(Masking(settings.secrets), where)


def transactions_heard(metrics: Metrics, traces: Traces | None) -> Callable[[str, str, float], None]:
    """Whoever is to hear of the transactions of the store."""
    if traces is None:
        return metrics.transaction

    def heard(kind: str, outcome: str, seconds: float) -> None:
        metrics.transaction(kind, outcome, seconds)
        traces.transaction(kind, outcome, seconds)

    return heard


def _of_traces(name: str, default: str) -> str:
    """One of OpenTelemetry's own variables: the one of traces, or that of everything that is sent."""
    names = (f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    return next((value for each in names if (value := os.environ.get(each, "").strip())), default)


def _place_of(url: str) -> str:
    """Where a collector is, without what an address may hold of a key; raises `SettingsError`."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise SettingsError(_WRONG_ENDPOINT) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(_WRONG_ENDPOINT)
    return f"{parts.scheme}://{parts.hostname}{port}"
