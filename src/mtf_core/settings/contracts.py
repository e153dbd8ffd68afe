"""`mtf_contracts.yaml`: which contracts a run looks at when it is given no symbols."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import ContractStatus
from mtf_core.settings.fields import setting
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.refused import REFUSED_CONTRACT_KEYS, without_refused
from mtf_core.settings.structure import structure
from mtf_core.symbols import ALLOWED_SYMBOLS, is_symbol, meant_symbol


class TurnoverOrder(StrEnum):
    """How a bucket is sorted before its limit cuts it."""

    DESC = "desc"
    ASC = "asc"


@frozen
class ContractFilters:
    """What a contract must be to be looked at. Turnover is of the last 24 hours, in the quote currency."""

    quote_currency: str = setting("USDT", doc="currency that profit and loss are paid in")
    status: ContractStatus = setting(ContractStatus.TRADING, doc="status of the contract at the exchange")
    min_turnover: Decimal = setting(
        Decimal(500_000), ge=0, unit="quote currency", doc="least turnover of the MID bucket, itself included"
    )
    mid_max_turnover: Decimal = setting(
        Decimal(2_000_000), ge=0, unit="quote currency", doc="most turnover of the MID bucket; TOP begins above it"
    )
    require_not_expired: bool = setting(True, doc="leave out contracts whose expiry has passed")
    min_age_hours: Decimal = setting(
        Decimal(880), ge=0, unit="hours", doc="leave out contracts that opened less than this long ago"
    )


@frozen
class ContractLimits:
    """How many contracts of each bucket are taken."""

    top_n: int = setting(0, ge=0, unit="contracts", doc="how many contracts of the TOP bucket")
    mid_n: int = setting(0, ge=0, unit="contracts", doc="how many contracts of the MID bucket")


@frozen
class ContractOrder:
    """By which turnover a bucket is filled first."""

    top: TurnoverOrder = setting(TurnoverOrder.DESC, doc="order of the TOP bucket by turnover")
    mid: TurnoverOrder = setting(TurnoverOrder.ASC, doc="order of the MID bucket by turnover")


@frozen
class ContractSelection:
    """Which of the stored contracts a run looks at."""

    filters: ContractFilters = setting(factory=ContractFilters, doc="what a contract must be")
    limits: ContractLimits = setting(factory=ContractLimits, doc="how many are taken")
    order: ContractOrder = setting(factory=ContractOrder, doc="which come first")
    blacklist: tuple[str, ...] = setting((), doc="symbols that are never selected")
    refresh_interval_minutes: int = setting(
        60, ge=1, unit="minutes", doc="stored contracts that are older are synchronised before a run"
    )


@frozen
class ContractSettings:
    """The settings of `mtf_contracts`."""

    selection: ContractSelection = setting(factory=ContractSelection, doc="which contracts a run looks at")


def read_contracts(node: ConfigNode, problems: Problems) -> ContractSettings | None:
    """The settings in `mtf_contracts.yaml`, or None when something in it was wrong."""
    settings = structure(ContractSettings, without_refused(node, REFUSED_CONTRACT_KEYS, problems), problems)
    if settings is None:
        return None
    before = len(problems.errors)
    filters, limits = settings.selection.filters, settings.selection.limits
    if filters.min_turnover > filters.mid_max_turnover:
        problems.error(
            node.place_of("selection", "filters", "min_turnover"),
            f"found min_turnover {filters.min_turnover} above mid_max_turnover {filters.mid_max_turnover}",
            "the MID bucket lies between the two",
        )
    for index, symbol in enumerate(settings.selection.blacklist):
        if not is_symbol(symbol):
            place = node.place_of("selection", "blacklist")
            allowed = f"allowed are {ALLOWED_SYMBOLS}"
            problems.error(place.child(index, place.line), f"found {symbol!r}", allowed, meant_symbol(symbol))
    if not limits.top_n and not limits.mid_n:
        problems.warning(
            node.place_of("selection", "limits"), "top_n and mid_n are both 0", "no contract is ever selected"
        )
    return settings if len(problems.errors) == before else None
