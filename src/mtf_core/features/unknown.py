"""The error of a name that no feature bears. Apart from the features: whoever only tells people of it needs none."""


class UnknownFeatureError(ValueError):
    """No feature bears this name; the message says what does."""
