"""Keeping what decisions rest on: candles, contracts."""

from mtf_core.upkeep.contracts import ContractSync, stored_contracts, sync_contracts
from mtf_core.upkeep.ingest import Ingest, SeriesGaps, fetch_candles, find_gaps, import_candles, repair_gaps
from mtf_core.upkeep.provenance import ForeignCandles, Origin

__all__ = [
    "ContractSync",
    "ForeignCandles",
    "Ingest",
    "Origin",
    "SeriesGaps",
    "fetch_candles",
    "find_gaps",
    "import_candles",
    "repair_gaps",
    "stored_contracts",
    "sync_contracts",
]
