"""How the market was when an entry was sent: kept with it, so that its price can be judged later."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.market import Quote


@frozen
class MarketQuality:
    """Book and mark as they were read for the plan; prices in quote currency."""

    best_bid: Decimal
    best_ask: Decimal
    mark: Decimal
    quoted_ms: int
    """The exchange's time of the book."""

    @classmethod
    def of(cls, quote: Quote) -> MarketQuality:
        return cls(quote.book.best_bid, quote.book.best_ask, quote.mark.price, quote.book.time_ms)

    def words(self, at_ms: int) -> Mapping[str, str]:
        """As an event tells it; the quote's age is that at `at_ms`."""
        with localcontext(prec=8):
            spread = (self.best_ask - self.best_bid) / ((self.best_ask + self.best_bid) / 2) * 10_000
        return {
            "best_bid": f"{self.best_bid:f}",
            "best_ask": f"{self.best_ask:f}",
            "mark": f"{self.mark:f}",
            "spread_bps": f"{spread:f}",
            "quote_age_ms": str(at_ms - self.quoted_ms),
        }
