"""Which symbols a run looks at."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import HOUR_MS, Contract, ContractStatus
from mtf_core.reasons import Reason
from mtf_core.risk import Switch
from mtf_core.risk.switches import Switchboard
from mtf_core.runs.universe import select_universe
from mtf_core.settings.contracts import ContractFilters, ContractLimits, ContractOrder, ContractSelection, TurnoverOrder
from tests.integration.runs.world import MARKET, NOW_MS

LIKE = evolve(MARKET.contracts(NOW_MS)[0], opened_at_ms=NOW_MS - 1000 * HOUR_MS)
SETTINGS = ContractSelection(
    filters=ContractFilters(min_turnover=Decimal(100), mid_max_turnover=Decimal(1000), min_age_hours=Decimal(10)),
    limits=ContractLimits(top_n=3, mid_n=2),
)


def contract(symbol: str, turnover: int = 5000, **changes: Any) -> Contract:
    return evolve(LIKE, symbol=symbol, turnover_24h=Decimal(turnover), **changes)


def chosen(
    *contracts: Contract, switches: tuple[Switch, ...] = (), settings: ContractSelection = SETTINGS
) -> list[str]:
    board = Switchboard.of(switches, NOW_MS)
    return list(select_universe(settings, contracts, board, NOW_MS).symbols)


def off(symbol: str, seconds: int | None, reason: str = "busy") -> Switch:
    return Switch(symbol, False, None if seconds is None else NOW_MS + seconds * 1000, reason, NOW_MS)


@pytest.mark.parametrize(("turnover", "bucket"), [(99, None), (100, "mid"), (1000, "mid"), (1001, "top")])
def test_both_thresholds_belong_to_the_mid_bucket(turnover: int, bucket: str | None) -> None:
    for name, limits in (("top", ContractLimits(1, 0)), ("mid", ContractLimits(0, 1))):
        settings = evolve(SETTINGS, limits=limits)
        assert chosen(contract("A", turnover), settings=settings) == (["A"] if bucket == name else [])


def test_each_bucket_is_sorted_then_limited_and_top_comes_first() -> None:
    contracts = [contract(f"T{place}", 2000 + place) for place in range(5)]
    contracts += [contract(f"M{place}", 200 + place) for place in range(5)]
    assert chosen(*contracts) == ["T4", "T3", "T2", "M0", "M1"]
    turned = evolve(SETTINGS, order=ContractOrder(TurnoverOrder.ASC, TurnoverOrder.DESC))
    assert chosen(*contracts, settings=turned) == ["T0", "T1", "T2", "M4", "M3"]


def test_equal_turnovers_are_sorted_by_name_in_either_order() -> None:
    names = ("C", "A", "B")
    for order in TurnoverOrder:
        settings = evolve(SETTINGS, order=ContractOrder(order, order))
        assert chosen(*(contract(name) for name in names), settings=settings) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quote_currency": "USDC"}, Reason.OTHER_QUOTE_CURRENCY),
        ({"status": ContractStatus.DELISTED}, Reason.CONTRACT_NOT_TRADING),
        ({"status": ContractStatus.CLOSE_ONLY}, Reason.CONTRACT_NOT_TRADING),
        ({"expires_at_ms": NOW_MS}, Reason.CONTRACT_NOT_TRADING),
        ({"expires_at_ms": NOW_MS + 1}, None),
        ({"expires_at_ms": 0}, None),
        ({"opened_at_ms": NOW_MS - 10 * HOUR_MS}, None),
        ({"opened_at_ms": NOW_MS - 10 * HOUR_MS + 1}, Reason.CONTRACT_TOO_YOUNG),
        ({"turnover": 99}, Reason.TURNOVER_TOO_LOW),
    ],
)
def test_what_a_contract_must_be_and_the_reason_that_leaves_out_the_rest(
    changes: dict[str, Any], reason: Reason | None
) -> None:
    universe = select_universe(SETTINGS, [contract("A", **changes)], Switchboard.of((), NOW_MS), NOW_MS)
    assert universe.symbols == (() if reason else ("A",))
    assert {symbol: skip.reason for symbol, skip in universe.left_out.items()} == ({"A": reason} if reason else {})


def test_a_full_bucket_says_whom_it_left_out_and_with_which_turnover() -> None:
    contracts = [contract(f"T{place}", 2000 + place) for place in range(4)]
    universe = select_universe(SETTINGS, contracts, Switchboard.of((), NOW_MS), NOW_MS)
    assert set(universe.left_out) == {"T0"}
    skip = universe.left_out["T0"]
    assert skip.reason is Reason.BEYOND_UNIVERSE_LIMIT
    assert dict(skip.facts) == {"bucket": "TOP", "limit": 3, "turnover_24h": Decimal(2000)}


def test_an_expired_contract_is_taken_only_where_the_settings_do_not_mind() -> None:
    lenient = evolve(SETTINGS, filters=evolve(SETTINGS.filters, require_not_expired=False))
    assert chosen(contract("A", expires_at_ms=NOW_MS - 1), settings=lenient) == ["A"]


def test_the_blacklist_leaves_out_its_symbols_also_those_about_to_come_back() -> None:
    settings = evolve(SETTINGS, blacklist=("A", "B"))
    assert chosen(contract("A"), contract("B"), contract("C"), switches=(off("B", 30),), settings=settings) == ["C"]


@pytest.mark.parametrize(
    ("seconds", "looked_at"), [(None, False), (61, False), (60, True), (1, True), (0, True), (-5, True)]
)
def test_a_symbol_that_is_off_is_looked_at_only_when_it_is_about_to_come_back(
    seconds: int | None, looked_at: bool
) -> None:
    assert chosen(contract("A"), switches=(off("A", seconds),)) == (["A"] if looked_at else [])


def test_symbols_that_are_off_take_no_place_in_a_bucket_and_returning_ones_come_last() -> None:
    contracts = [contract(f"T{place}", 2000 + place) for place in range(5)]
    switches = (off("T4", None), off("T3", 30), off("global", None))
    assert chosen(*contracts, switches=switches) == ["T2", "T1", "T0", "T3"]


def test_a_returning_symbol_needs_no_turnover_but_must_be_eligible_otherwise() -> None:
    contracts = (contract("A", 5), contract("B", 5, status=ContractStatus.DELISTED))
    assert chosen(*contracts, switches=(off("A", 30), off("B", 30))) == ["A"]


@given(
    turnovers=st.lists(st.integers(0, 3000), max_size=25),
    away=st.lists(st.tuples(st.integers(0, 24), st.sampled_from([None, -1, 30, 90])), max_size=10),
    limits=st.tuples(st.integers(0, 30), st.integers(0, 30)),
)
def test_a_symbol_appears_once_and_buckets_hold_no_more_than_their_limits(
    turnovers: list[int], away: list[tuple[int, int | None]], limits: tuple[int, int]
) -> None:
    contracts = [contract(f"S{place:02}", turnover) for place, turnover in enumerate(turnovers)]
    switches = tuple(off(f"S{place:02}", seconds) for place, seconds in away)
    symbols = chosen(*contracts, switches=switches, settings=evolve(SETTINGS, limits=ContractLimits(*limits)))
    returning = {f"S{place:02}" for place, seconds in dict(away).items() if seconds == 30}
    assert len(symbols) == len(set(symbols))
    universe = select_universe(
        evolve(SETTINGS, limits=ContractLimits(*limits)), contracts, Switchboard.of(switches, NOW_MS), NOW_MS
    )
    assert {*symbols, *universe.left_out} == {one.symbol for one in contracts}, (
        "every contract is chosen or has a reason"
    )
    assert not set(symbols) & set(universe.left_out)
    assert len(set(symbols) - returning) <= sum(limits)
    assert returning & {one.symbol for one in contracts} <= set(symbols)
