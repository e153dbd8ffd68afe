"""How the size is shared between two targets.

The shares follow the market: what is strong runs on, what is doubtful is taken early. The words of the rules mean:
momentum by ADX(14) on 1h: strong from 25 on, weak below 20, medium between; a clear pullback: the entry within half an
ATR of the zone's anchor; a late entry: more than 1.5 ATR beyond the anchor in the direction of the trade. A rule that
needs a missing fact does not match.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import on_grid_at_or_below
from mtf_core.planning.facts import FactRole
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.zone_event import EntryZone

_STRONG_ADX, _WEAK_ADX = Decimal(25), Decimal(20)
_CLEAR_PULLBACK, _LATE_ENTRY = Decimal("0.5"), Decimal("1.5")


@frozen
class _Market:
    """What the rules look at; None is missing."""

    adx: Decimal | None
    atr_percent: Decimal | None
    valid: int | None
    stretch: Decimal | None
    """How far the entry lies beyond the anchor in the direction of the trade, in ATRs of the zone."""

    @property
    def is_strong(self) -> bool:
        return (
            self.adx is not None
            and self.adx >= _STRONG_ADX
            and self.atr_percent is not None
            and self.atr_percent < Decimal("1.2")
            and self.valid is not None
            and self.valid >= 3
            and self.stretch is not None
            and abs(self.stretch) <= _CLEAR_PULLBACK
        )

    @property
    def is_volatile(self) -> bool:
        return (
            self.atr_percent is not None
            and self.atr_percent > Decimal("1.8")
            and self.valid is not None
            and self.valid <= 1
        )

    @property
    def is_doubtful(self) -> bool:
        return (
            self.adx is not None
            and self.adx < _WEAK_ADX
            and self.atr_percent is not None
            and self.atr_percent > 2
            and self.valid is not None
            and self.valid <= 1
            and self.stretch is not None
            and self.stretch > _LATE_ENTRY
        )


def split_size(
    request: PlanRequest, entry: Decimal, size: Decimal, smallest: Decimal, zone: EntryZone | None, log: StepLog
) -> tuple[Decimal, Decimal] | None:
    """The sizes of both targets; None when a part would be below the smallest that may be ordered."""
    contract = request.contract
    policy, share = _share(request, _market(request, entry, zone), log)
    first = on_grid_at_or_below(size * share, contract.size_step)
    second = size - first
    fits = first >= smallest and second >= smallest
    log.add(
        "tp1_size",
        "down(size · share, size_step)" if fits else "size",
        first if fits else size,
        "contracts",
        size=size,
        policy=policy,
        share=share,
        size_step=contract.size_step,
        smallest_part=smallest,
        targets=2 if fits else 1,
    )
    return (first, second) if fits else None


def _market(request: PlanRequest, entry: Decimal, zone: EntryZone | None) -> _Market:
    atr, zone_atr = request.positive(FactRole.SPLIT_ATR), request.positive(FactRole.ZONE_ATR)
    stretch = (entry - zone.anchor) * request.side.sign / zone_atr if zone and zone_atr else None
    return _Market(
        adx=request.fact(FactRole.ADX_1H),
        atr_percent=100 * atr / entry if atr else None,
        valid=request.facts.valid_timeframes,
        stretch=stretch,
    )


def _share(request: PlanRequest, market: _Market, log: StepLog) -> tuple[str, Decimal]:
    """The first rule that matches. Doubtful goes before volatile: whatever is doubtful is volatile too."""
    shares = request.settings.defaults.tp1_share
    if market.is_strong:
        policy, share = "strong_momentum", shares.strong_momentum_pct
    elif market.is_doubtful:
        policy, share = "doubtful", shares.doubtful_pct
    elif market.is_volatile:
        policy, share = "volatile", shares.volatile_pct
    else:
        policy, share = "neutral", shares.neutral_pct
    log.add(
        "tp1_share",
        "share",
        share,
        "ratio",
        share=share,
        policy=policy,
        adx_1h=market.adx,
        atr_percent=market.atr_percent,
        valid_timeframes=market.valid,
        stretch=market.stretch,
    )
    return policy, share
