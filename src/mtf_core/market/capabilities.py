"""What an exchange can do, as far as the core has to know: asked for instead of the exchange's name."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, optional


@frozen
class Capabilities:
    """The abilities of one exchange and market type; each is declared, none is assumed."""

    quotes_per_call: int | None = field(validator=optional(ge(1)))
    """How many symbols one call for quotes answers; None: any number, 1: the exchange has no bulk tickers."""
