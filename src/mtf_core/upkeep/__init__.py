"""Keeping what decisions rest on: candles, contracts; and what operators do by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.upkeep.cleanup import Cleanup, cleanup
    from mtf_core.upkeep.contracts import ContractSync, stored_contracts, sync_contracts
    from mtf_core.upkeep.ingest import Ingest, SeriesGaps, fetch_candles, find_gaps, import_candles, repair_gaps
    from mtf_core.upkeep.operators import (
        SwitchStates,
        kill,
        list_locks,
        list_switches,
        queue_symbol,
        release_lock,
        switch_off,
        switch_on,
        unkill,
    )
    from mtf_core.upkeep.provenance import ForeignCandles, Origin
    from mtf_core.upkeep.zones import settle_zones

__all__ = [
    "Cleanup",
    "ContractSync",
    "ForeignCandles",
    "Ingest",
    "Origin",
    "SeriesGaps",
    "SwitchStates",
    "cleanup",
    "fetch_candles",
    "find_gaps",
    "import_candles",
    "kill",
    "list_locks",
    "list_switches",
    "queue_symbol",
    "release_lock",
    "repair_gaps",
    "settle_zones",
    "stored_contracts",
    "switch_off",
    "switch_on",
    "sync_contracts",
    "unkill",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "cleanup": "Cleanup cleanup",
            "contracts": "ContractSync stored_contracts sync_contracts",
            "ingest": "Ingest SeriesGaps fetch_candles find_gaps import_candles repair_gaps",
            "operators": (
                "SwitchStates kill list_locks list_switches queue_symbol release_lock switch_off switch_on unkill"
            ),
            "provenance": "ForeignCandles Origin",
            "zones": "settle_zones",
        },
    )
