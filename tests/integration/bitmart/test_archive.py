"""History over BitMart's wire: the same bits as the market's, within the limits, and again only what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtf_adapters.archive import Archive, candles_digest
from mtf_adapters.archive.fetching import FetchRequest, fetch
from mtf_adapters.archive.spans import Span
from mtf_adapters.sandbox.faces.bitmart.limits import Limit
from mtf_adapters.sandbox.faces.counting import Count, RateLimits
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, MINUTE_MS, Timeframe
from mtf_entrypoints.container import Container
from tests.integration.bitmart.wire import settings_for
from tests.integration.faces.exchange import AT_MS, exchange

MARKET = GeneratedMarket(7, 12)
SPAN = Span(AT_MS - 3 * DAY_MS, AT_MS - MINUTE_MS)
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT")


async def test_history_over_the_wire_is_the_markets_within_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, counts, real = Archive(tmp_path), list[Count[Limit]](), RateLimits.counted

    def counted(self: RateLimits, endpoint: str, limit: Limit, whose: str, now_s: float) -> Count[Limit]:
        counts.append(real(self, endpoint, limit, whose, now_s))
        return counts[-1]

    monkeypatch.setattr(RateLimits, "counted", counted)
    # The exchange counts as BitMart says that it does (12 calls for candles in 2 s), and so does the adapter.
    async with exchange(market=MARKET) as served:
        settings = settings_for(served, BITMART_RATE_KLINE="12/2s")
        venue = Container(settings=settings).venue()
        assert venue.connection is not None
        async with venue.connection():
            done = await fetch(archive, venue, FetchRequest(SYMBOLS, SPAN))
            again = await fetch(archive, venue, FetchRequest(SYMBOLS, SPAN))
    assert [(one.error, one.done.added) for one in done] == [(None, 3 * 1440)] * len(SYMBOLS)
    assert [one.asked for one in again] == [0] * len(SYMBOLS)
    for series in archive.series():
        shown = MARKET.candles(series.symbol, Timeframe.M1, SPAN.first_open_ms, SPAN.last_open_ms, AT_MS)
        assert candles_digest(archive.candles(series.venue, series.symbol)) == candles_digest(shown)
    assert {one.venue for one in archive.series()} == {place_of(venue)}
    assert venue.waited() > 0, "45 calls do not fit into one window"
    assert len(counts) >= 45
    assert not any(count.is_over for count in counts)


def place_of(venue: Any) -> str:
    return str(venue.namespace).replace(":", "-")
