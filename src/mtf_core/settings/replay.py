"""`replay.yaml`: what a replay assumes of the exchange, each as badly for the trader as is still likely."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.structure import structure


@frozen
class SpreadStep:
    """How wide a book is where a contract's turnover of a day is at least so much."""

    turnover_usdt: Decimal = setting(Decimal(0), ge=0, unit="USDT", doc="from this turnover of a day on")
    bps: Decimal = setting(Decimal(0), ge=0, unit="bps", doc="the distance between bid and ask, of their middle")


_SPREADS = (
    SpreadStep(Decimal(0), Decimal(20)),
    SpreadStep(Decimal(1_000_000), Decimal(10)),
    SpreadStep(Decimal(10_000_000), Decimal(5)),
    SpreadStep(Decimal(100_000_000), Decimal(2)),
    SpreadStep(Decimal(1_000_000_000), Decimal(1)),
)


@frozen
class ReplaySettings:
    """The assumptions of a replay; every one is printed in its report."""

    balance_usdt: Decimal = setting(Decimal(10_000), gt=0, unit="USDT", doc="what the account begins with")
    delay_minutes: int = setting(
        1, ge=0, le=10, unit="minutes", doc="from a decision, or a look of the supervisor, until its order is live"
    )
    trade_through_ticks: int = setting(
        1, ge=0, le=100, unit="ticks", doc="how far the price has to trade through a resting order to fill it"
    )
    slippage_bps: Decimal = setting(
        Decimal(2), ge=0, le=500, unit="bps", doc="how much worse than its price everything that takes fills"
    )
    spreads: tuple[SpreadStep, ...] = setting(
        _SPREADS, doc="the width of the book by the contract's turnover; the last step that is reached counts"
    )
    stop_before_target: bool = setting(
        True, doc="a minute that reaches stop and target hits the stop; false: the target"
    )
    funding_rate: Decimal = ratio(
        Decimal("0.0001"), le="0.05", doc="what an open position pays at each funding time, of its notional"
    )
    funding_hours: int = setting(
        8, ge=0, le=24, unit="hours", doc="between two funding times, from 00:00 UTC; 0: never"
    )
    fee_factor: Decimal = setting(
        Decimal(1), ge=0, le=10, doc="the contract's fees are multiplied by it, its rebates are not"
    )
    afterwards_minutes: int = setting(
        60, ge=0, le=1440, unit="minutes", doc="for how long the price is followed after an entry that did not fill"
    )

    def spread_bps(self, turnover_usdt: Decimal) -> Decimal:
        """The width of the book of a contract with that turnover of a day."""
        reached = [step for step in self.spreads if step.turnover_usdt <= turnover_usdt]
        widest = max(self.spreads, key=lambda step: step.bps, default=SpreadStep())
        return max(reached, key=lambda step: step.turnover_usdt, default=widest).bps


def read_replay(node: ConfigNode, problems: Problems) -> ReplaySettings | None:
    """The settings in `replay.yaml`, or None when something in it was wrong."""
    before = len(problems.errors)
    settings = structure(ReplaySettings, node, problems)
    return settings if len(problems.errors) == before else None
