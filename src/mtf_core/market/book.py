"""What the market shows right now: the top of the book and the mark price, each with its time, and both as a quote."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen


class InvalidQuoteError(ValueError):
    """A book or mark price that cannot be: crossed, not positive or not finite."""


@frozen
class TopOfBook:
    """Best bid and ask, in quote currency; `time_ms` is the exchange's time of the quote."""

    symbol: str
    best_bid: Decimal
    best_ask: Decimal
    time_ms: int

    def __attrs_post_init__(self) -> None:
        if not (self.best_bid.is_finite() and self.best_ask.is_finite() and 0 < self.best_bid < self.best_ask):
            raise InvalidQuoteError(f"{self.symbol}: bid {self.best_bid}, ask {self.best_ask}: need 0 < bid < ask")

    @property
    def mid(self) -> Decimal:
        return (self.best_bid + self.best_ask) / 2

    @property
    def spread_ratio(self) -> Decimal:
        """(ask − bid) / mid."""
        return (self.best_ask - self.best_bid) / self.mid


@frozen
class MarkPrice:
    """The exchange's fair price, in quote currency."""

    symbol: str
    price: Decimal
    time_ms: int

    def __attrs_post_init__(self) -> None:
        if not self.price.is_finite() or self.price <= 0:
            raise InvalidQuoteError(f"{self.symbol}: mark price {self.price} is not above zero")


@frozen
class Quote:
    """Book and mark price of one symbol: what a plan is made from."""

    book: TopOfBook
    mark: MarkPrice
