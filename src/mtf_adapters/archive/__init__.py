"""History on the disk: candles of 1m in Parquet files, one per symbol and year, each with its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_adapters.archive.archive import Archive, ArchivedSeries
    from mtf_adapters.archive.digests import candles_digest
    from mtf_adapters.archive.errors import ArchiveError, DamagedArchiveError

__all__ = ["Archive", "ArchiveError", "ArchivedSeries", "DamagedArchiveError", "candles_digest"]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "archive": "Archive ArchivedSeries",
            "digests": "candles_digest",
            "errors": "ArchiveError DamagedArchiveError",
        },
    )
