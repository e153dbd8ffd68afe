"""Facts of a skip are read as types, by the names that planning gives them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mtf_core.market import OrderType
from mtf_core.planning import Skip
from mtf_core.reasons import Reason, StoredReason, UnknownReason
from mtf_core.records.facts import (
    ImplausibleEntry,
    OutsideEntryRange,
    OutsideZone,
    SpreadAsRatio,
    SpreadInBps,
    skip_facts,
)
from mtf_core.settings.trade_entry import EntrySettings
from tests.strategies import PlanCase
from tests.unit.planning.examples import example, skip_of, with_settings


def facts_of(skip: Skip) -> dict[str, str]:
    return {name: str(value) for name, value in skip.facts}


WIDE_FOR_A_LIMIT = with_settings(example(), entry=EntrySettings(spread_guard_bps=Decimal(39)))
WIDE_FOR_A_MARKET = example(order_type=OrderType.MARKET, market_max_spread_pct=Decimal("0.0039"))
IMPLAUSIBLE = example(implausible_pct=Decimal("0.0005"))


@pytest.mark.parametrize(
    ("case", "kind"),
    [(WIDE_FOR_A_LIMIT, SpreadInBps), (WIDE_FOR_A_MARKET, SpreadAsRatio), (IMPLAUSIBLE, ImplausibleEntry)],
)
def test_what_planning_tells_is_read(case: PlanCase, kind: type) -> None:
    skip = skip_of(case)
    assert isinstance(skip_facts(skip.reason, facts_of(skip)), kind)


ZONE = {"check": "zone_max_deviation_pct", "reference": "99", "zone_low": "100", "zone_high": "101.50"}


def test_facts_are_told_apart_by_their_names_and_keep_their_digits() -> None:
    read = skip_facts(Reason.SKIPPED_OUT_OF_ZONE, {**ZONE, "allowed": "0.005"})
    assert read == OutsideZone(Decimal(99), Decimal(100), Decimal("101.50"), Decimal("0.005"))
    assert str(read.zone_high) == "101.50"
    older = {"reference": "99", "entry_low": "100", "entry_high": "101"}
    assert skip_facts(Reason.SKIPPED_OUT_OF_ZONE, older) == OutsideEntryRange(Decimal(99), Decimal(100), Decimal(101))


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        (Reason.SKIPPED_OUT_OF_ZONE, ZONE),
        (Reason.SKIPPED_OUT_OF_ZONE, {**ZONE, "allowed": "0.005", "zone_low": "open"}),
        (Reason.SKIPPED_OUT_OF_ZONE, {**ZONE, "allowed": "NaN"}),
        (Reason.KILL_SWITCH_ON, {**ZONE, "allowed": "0.005"}),
        (UnknownReason("moon_is_full"), {"size": "1", "min_size": "2"}),
    ],
)
def test_facts_that_fit_no_type_are_none(reason: StoredReason, facts: dict[str, str]) -> None:
    assert skip_facts(reason, facts) is None
