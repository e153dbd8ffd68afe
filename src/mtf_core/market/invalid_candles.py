"""The error of candles that are none. Apart from them: whoever only tells people of it needs no arrays."""


class InvalidCandlesError(ValueError):
    """The arrays are no candles; the message lists every kind of problem with its first place."""
