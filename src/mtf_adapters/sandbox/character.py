"""What kind of market is generated: the constants that shape trends, volatility and volume. Tune here."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, gt, le

from mtf_adapters.sandbox.noise import Floats

# Relative activity of the hours of the UTC day, mean about 1: quiet before Asia opens, loudest where London and New
# York overlap. Volume follows it, and price variance its square root.
HOURLY_ACTIVITY: Floats = np.array(
    [
        *(1.05, 0.95, 0.90, 0.80, 0.70, 0.68, 0.75, 0.90, 1.00, 1.00, 0.95, 0.95),
        *(1.10, 1.40, 1.65, 1.60, 1.40, 1.20, 1.05, 0.95, 0.90, 0.80, 0.72, 0.80),
    ]
)
WEEKDAY_ACTIVITY: Floats = np.array([1.1, 1.05, 0.75, 0.75, 1.05, 1.1, 1.1])
"""Thursday first, because 1970-01-01 was one: weekends trade less."""


@frozen
class MarketCharacter:
    """How generated markets behave. Every number enters the same formula at every level of refinement."""

    volatility_clustering: float = field(default=0.28, validator=[ge(0.0), le(1.0)])
    """Standard deviation of a part's log variance against its siblings; each level of refinement adds its own."""
    market_correlation: float = field(default=0.6, validator=[ge(0.0), le(0.95)])
    """Weight of the common market factor in the moves of a symbol of average beta (0: symbols are independent)."""
    trend_strength: float = field(default=0.3, validator=[ge(0.0), le(2.0)])
    """In trending moods (mood > 0) the noise within a candle is exp(−strength · mood) times a random walk's: its net
    move stands out, in longer legs with smaller pullbacks. 0: a random walk, as real minutes nearly are; 1: every third
    window of 48 candles is a clear trend."""
    chop_strength: float = field(default=0.1, validator=[ge(0.0), le(2.0)])
    """In choppy moods (mood < 0) that noise is exp(strength · |mood|) times a random walk's."""
    mood_memory: float = field(default=0.75, validator=[ge(0.0), le(0.99)])
    """How much of its mood (trending … choppy) a part inherits from the candle it belongs to."""
    volume_noise: float = field(default=0.45, validator=[ge(0.0), le(1.5)])
    """Standard deviation of the log volume of a part against its siblings."""
    volume_follows_volatility: float = field(default=0.8, validator=[ge(0.0), le(2.0)])
    """Exponent of a part's variance in its share of the volume."""
    price_memory: float = field(default=0.85, validator=[gt(0.0), le(0.95)])
    """How much of a price's distance from its level (in logs) is left after one period of 40 days."""
