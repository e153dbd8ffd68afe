"""The numbers behind a skip as types, where one can say more with them than its reason's meaning.

A skip is stored with its facts as texts by their names. Which of these types they are follows from the reason and the
names; facts of other names are told as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from attrs import fields_dict, frozen

from mtf_core.reasons import Reason, StoredReason


@frozen
class WorseThanPrice:
    """The entry would be worse than the price by more basis points than the guard allows."""

    entry: Decimal
    reference: Decimal
    worse_bps: Decimal
    slippage_guard_bps: Decimal


@frozen
class ImplausibleEntry:
    """The entry lies farther from the price than is plausible; the limit is a ratio."""

    entry: Decimal
    reference: Decimal
    implausible_pct: Decimal


@frozen
class OutsideZone:
    """The price has no entry in the zone; `allowed` is the ratio that the failed check allows."""

    reference: Decimal
    zone_low: Decimal
    zone_high: Decimal
    allowed: Decimal


@frozen
class OutsideEntryRange:
    """What version 1 told of a price outside the zone."""

    reference: Decimal
    entry_low: Decimal
    entry_high: Decimal


@frozen
class SpreadInBps:
    """The spread of the book and the widest for a limit entry, in basis points."""

    spread_bps: Decimal
    spread_guard_bps: Decimal


@frozen
class SpreadAsRatio:
    """The spread of the book and the widest for a market entry, as ratios."""

    spread: Decimal
    market_max_spread_pct: Decimal


@frozen
class SizeTooSmall:
    """The size that the risk buys, and the contract's smallest, in contracts."""

    size: Decimal
    min_size: Decimal


@frozen
class PositionsOpen:
    """Positions that are open or about to be, and how many may."""

    open: Decimal
    allowed: Decimal


SkipFacts = (
    WorseThanPrice
    | ImplausibleEntry
    | OutsideZone
    | OutsideEntryRange
    | SpreadInBps
    | SpreadAsRatio
    | SizeTooSmall
    | PositionsOpen
)

_KINDS: Mapping[StoredReason, tuple[type[SkipFacts], ...]] = {
    Reason.SKIPPED_OUT_OF_ZONE: (WorseThanPrice, ImplausibleEntry, OutsideZone, OutsideEntryRange),
    Reason.SPREAD_TOO_WIDE: (SpreadInBps, SpreadAsRatio),
    Reason.SIZE_BELOW_MIN_VOLUME: (SizeTooSmall,),
    Reason.MAX_CONCURRENT_POSITIONS_REACHED: (PositionsOpen,),
}


def skip_facts(reason: StoredReason, facts: Mapping[str, str]) -> SkipFacts | None:
    """The facts of a skip as the first type whose names they have.

    None where there is none, or where a value is no number, such as a bound of an open zone.
    """
    for kind in _KINDS.get(reason, ()):
        names = fields_dict(kind)
        if names.keys() <= facts.keys():
            try:
                numbers = {name: Decimal(facts[name]) for name in names}
            except InvalidOperation:
                return None
            return kind(**numbers) if all(number.is_finite() for number in numbers.values()) else None
    return None
