"""What a family of features is: the names of its features, what they mean, what they need, how they are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum

from attrs import field, frozen

from mtf_core.features.history import History
from mtf_core.features.quotients import Call, Quotient
from mtf_core.market.candles import Floats
from mtf_core.market.stack import CandleStack


class Unit(StrEnum):
    """What a feature is counted in."""

    PRICE = "quote currency"
    VOLUME = "contracts"
    RATIO = "ratio"
    SCALE = "0..100"
    TIMES = "times"


class Values(Enum):
    """Which values a feature can take; from this follows which rules can never hold."""

    ANY = "any"
    NOT_NEGATIVE = "≥ 0"
    POSITIVE = "> 0"
    HUNDRED = "0..100"


@frozen
class Output:
    """One name of a family. `N` stands for the period, `K` for a decimal: `ema_N`, `ma_N_plus_Katr`."""

    name: str
    definition: str
    unit: Unit
    values: Values = Values.ANY
    alias_of: str = ""
    """The name of which this is another."""
    sign: int = 1
    """The sign of K."""


@frozen
class Period:
    """The shortest N; those that are suggested and documented; the one that is meant where none is written."""

    shortest: int
    usual: tuple[int, ...]
    default: int | None = None


@frozen
class BySeries:
    """Computed from one unbroken series at a time.

    `call` gives, for a feature and the tolerance of the warm-up, the function and the candle columns that it reads. It
    returns an array of shape (n,), or one for each of the feature's `together`; NaN until the first value. Values at a
    candle depend on that and earlier candles only. `quotient` tells where the value is undefined.
    """

    call: Callable[[FeatureSpec, float], Call]
    quotient: Callable[[FeatureSpec, float], Quotient] | None = None


@frozen
class OfStack:
    """Computed of all symbols at once: from a stack, the number of last columns and the timezone of the day."""

    function: Callable[[CandleStack, int, str], Mapping[str, Floats]]


@frozen
class SumOf:
    """Σ coefficient · feature, of the same candle."""

    terms: Callable[[FeatureSpec], tuple[tuple[str, float], ...]]


@frozen
class RatioOf:
    """One feature over another, of the same candle; missing where the other is zero."""

    numerator: str
    denominator: str


Computation = BySeries | OfStack | SumOf | RatioOf


@frozen(eq=False)
class Family:
    """All that is known of one kind of feature."""

    outputs: tuple[Output, ...]
    computation: Computation
    history: Callable[[FeatureSpec, float], History] | None = None
    """What a feature needs for a tolerance; None: what the features that it is made of need."""
    period: Period | None = None
    of_pivot_timeframe: bool = False
    """It is computed on the pivot timeframe's candles, whichever timeframe asks for it."""
    equals: Callable[[FeatureSpec], tuple[tuple[str, float], ...] | None] = field(default=lambda _: None)
    """Σ coefficient · feature that it equals although it is not computed so; for the analysis of rules."""


@frozen(cache_hash=True)
class FeatureSpec:
    """One feature: its canonical name (aliases resolved), what its family says of it, the period, and K (signed)."""

    name: str
    family: Family
    output: Output
    period: int = 0
    k: float = 0.0

    @property
    def together(self) -> tuple[str, ...]:
        """The features that are computed at once, itself among them: all of a family without periods."""
        return (self.name,) if self.family.period else tuple(output.name for output in self.family.outputs)
