"""The fees that a plan reckons with, as ratios of notional."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.planning.request import PlanRequest, StepLog

_NOTHING = Decimal(0)


@frozen
class Fees:
    """Ratios of notional, never negative: a rebate is not counted on."""

    entry: Decimal
    exit: Decimal
    """Of the stop and of every target: what closes a position is taken to pay as a taker."""
    count_as_risk: bool
    """Whether the loss at the stop contains them (`risk.include_fees`)."""

    @property
    def entry_in_risk(self) -> Decimal:
        return self.entry if self.count_as_risk else _NOTHING

    @property
    def exit_in_risk(self) -> Decimal:
        return self.exit if self.count_as_risk else _NOTHING


def fees_of(request: PlanRequest, *, post_only: bool, log: StepLog) -> Fees:
    """Only an order that can never take pays as a maker; any other pays the dearer of both."""
    contract, settings = request.contract, request.settings
    maker, taker = contract.maker_fee, contract.taker_fee
    only_maker = post_only and not settings.fallback_end_of_zone.enabled
    fees = Fees(
        entry=max(maker, _NOTHING) if only_maker else max(maker, taker, _NOTHING),
        exit=max(taker, _NOTHING),
        count_as_risk=settings.risk.include_fees,
    )
    log.add(
        "entry_fee",
        "max(maker_fee, 0)" if only_maker else "max(maker_fee, taker_fee, 0)",
        fees.entry,
        "ratio",
        maker_fee=maker,
        taker_fee=taker,
        post_only=post_only,
        fallback_end_of_zone=settings.fallback_end_of_zone.enabled,
    )
    log.add("exit_fee", "max(taker_fee, 0)", fees.exit, "ratio", taker_fee=taker)
    return fees
