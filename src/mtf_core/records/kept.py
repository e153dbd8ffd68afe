"""What a purge leaves, as it asks for it and tells of it."""

from __future__ import annotations

from attrs import frozen


@frozen
class KeptRuns:
    """Runs with one configuration that a purge leaves: the instant of the earliest."""

    config_digest: str
    first_instant_ms: int


@frozen
class CandleFloor:
    """Candles of a timeframe that stay whatever a retention says."""

    least: int = 0
    """So many before the last of each series."""
    from_ms: int | None = None
    """Those that open at or after this; None: no instant holds them."""
