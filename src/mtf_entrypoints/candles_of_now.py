"""Candles of the store, and of the archive what the store does not hold any more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen

from mtf_adapters.archive import Archive
from mtf_adapters.archive.layout import venue_of_namespace
from mtf_core.market import Candles, Timeframe
from mtf_core.replay.comparing.candles_of_now import CandleReader, missing_within


@frozen(eq=False)
class StoreAndArchive:
    """What the store has counts; the archive adds minutes of the same world that are not there."""

    stored: CandleReader
    archive: Archive
    namespace: str
    """Whose candles the store holds; the archive keeps each world under a name of its own."""
    _archived: frozenset[str] = field(init=False)

    @_archived.default
    def _find_archived(self) -> frozenset[str]:
        venue = venue_of_namespace(self.namespace)
        return frozenset(one.symbol for one in self.archive.listing().series if one.venue == venue)

    async def read(
        self, symbols: Sequence[str], timeframe: Timeframe, first_open_ms: int, last_open_ms: int
    ) -> dict[str, Candles]:
        """As the store reads; raises `ArchiveError` where the archive cannot be read."""
        found = await self.stored.read(symbols, timeframe, first_open_ms, last_open_ms)
        if timeframe is not Timeframe.M1:
            return found
        for symbol in self._archived.intersection(symbols):
            if missing_within(found[symbol], timeframe, first_open_ms, last_open_ms):
                archived = self._archived_minutes(symbol, first_open_ms, last_open_ms)
                found[symbol] = found[symbol].merged(archived[~np.isin(archived.open_ms, found[symbol].open_ms)])
        return found

    def _archived_minutes(self, symbol: str, first_open_ms: int, last_open_ms: int) -> Candles:
        return self.archive.candles(venue_of_namespace(self.namespace), symbol, first_open_ms, last_open_ms)
