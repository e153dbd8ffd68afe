"""The named choices of the trade-entry settings; the value of a member is what a file says."""

from __future__ import annotations

from enum import StrEnum


class StopFrom(StrEnum):
    """Where the stop comes from."""

    ATR = "atr"
    PIVOT = "pivot"
    RISK = "risk"


class StopFallback(StrEnum):
    """What replaces a pivot stop that is missing or too far away."""

    ATR = "atr"
    RISK = "risk"
    NONE = "none"
    """Nothing: the plan is skipped."""


class PivotStopPolicy(StrEnum):
    """Which pivot level carries the stop; an explicit one on the wrong side of the entry gives way to its mirror."""

    NEAREST = "nearest"
    STRONGEST = "strongest"
    S1 = "s1"
    S2 = "s2"
    S3 = "s3"
    S4 = "s4"
    S5 = "s5"
    S6 = "s6"
    R1 = "r1"
    R2 = "r2"
    R3 = "r3"
    R4 = "r4"
    R5 = "r5"
    R6 = "r6"


class TargetPolicy(StrEnum):
    """How the (first) target is placed."""

    PIVOT_CONSERVATIVE = "pivot_conservative"
    """At the R multiple, then aligned with the next pivot level."""
    R_MULTIPLE = "r_multiple"


class SecondTargetPolicy(StrEnum):
    """How the second target is placed."""

    PIVOT = "pivot"
    """At the next pivot level beyond the first target; 2·r where there is none."""
    R_MULTIPLE = "r_multiple"
    """At 2·r."""


class RoundingMode(StrEnum):
    """How a leverage becomes a whole number; caps and floors are applied again afterwards."""

    FLOOR = "floor"
    CEIL = "ceil"
    ROUND = "round"


class ZoneAnchor(StrEnum):
    """What the entry zone is drawn around."""

    VWAP = "vwap"
    SMA21 = "sma21"
    """The simple average of 21 closes."""
    MA21 = "ma21"
    """The exponential average of 21 closes, the `ma_21` of the rules."""
