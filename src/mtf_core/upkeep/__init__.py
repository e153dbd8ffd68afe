"""Keeping what decisions rest on: candles, contracts."""

from mtf_core.upkeep.contracts import ContractSync, stored_contracts, sync_contracts
from mtf_core.upkeep.ingest import Ingest, SeriesGaps, fetch_candles, find_gaps, import_candles, repair_gaps

__all__ = [
    "ContractSync",
    "Ingest",
    "SeriesGaps",
    "fetch_candles",
    "find_gaps",
    "import_candles",
    "repair_gaps",
    "stored_contracts",
    "sync_contracts",
]
