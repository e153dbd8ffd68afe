"""How the market was when an entry left."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.execution import MarketQuality


def test_the_spread_is_a_share_of_the_middle_and_the_quote_has_an_age() -> None:
    seen = MarketQuality(Decimal("99.9"), Decimal("100.1"), Decimal("100.02"), 5_000)
    assert seen.words(5_250) == {
        "best_bid": "99.9",
        "best_ask": "100.1",
        "mark": "100.02",
        "spread_bps": "20.000",
        "quote_age_ms": "250",
    }
