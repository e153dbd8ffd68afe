"""Statistics of zone events: percentiles that occurred, counts that add up, and suggestions that follow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.inquiry import Percentiles, ZoneStatistics
from mtf_core.inquiry.zones import FEWEST_REFUSED, percentiles, statistics_of
from mtf_core.market import MINUTE_MS, Timeframe
from mtf_core.planning import ZoneCategory, ZoneCheck, ZoneEnd
from mtf_core.records import Selection, ZoneTally

AT_MS = 1_700_000_040_000
ALL = Selection()


def tally(deviation: str = "0.004", **changed: object) -> ZoneTally:
    """An entry that waited and was filled two minutes after its plan."""
    made = ZoneTally(
        symbol="BTCUSDT",
        execution_timeframe=Timeframe.M5,
        profile="scalper",
        at_ms=AT_MS,
        deviation=Decimal(deviation),
        allowed=Decimal("0.003"),
        category=ZoneCategory.WAITING,
        failed_check=None,
        end=ZoneEnd.FILLED,
        end_ms=AT_MS + 2 * MINUTE_MS,
    )
    return evolve(made, **changed)


def refused(deviation: str = "0.004", check: ZoneCheck = ZoneCheck.MAX_DEVIATION, **changed: object) -> ZoneTally:
    """An entry that a check refused, and that would not have been filled."""
    expired = {"end": ZoneEnd.EXPIRED, "end_ms": AT_MS + 3 * MINUTE_MS}
    return tally(deviation, failed_check=check, category=ZoneCategory.MODERATE_GAP, **(expired | changed))


def statistics(*tallies: ZoneTally) -> ZoneStatistics:
    return statistics_of(ALL, tallies)


# --- percentiles ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7], Percentiles(7, 7, 7)),
        ([2, 1], Percentiles(1, 2, 2)),
        (range(1, 11), Percentiles(5, 8, 9)),
        (range(100, 0, -1), Percentiles(50, 80, 90)),
        (range(101), Percentiles(50, 80, 90)),
    ],
)
def test_percentiles_are_values_by_nearest_rank(values: Sequence[int], expected: Percentiles[Decimal]) -> None:
    assert percentiles([Decimal(value) for value in values]) == expected


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_at_least_the_share_lies_at_or_below_a_percentile_and_less_than_it_below(values: list[int]) -> None:
    found = percentiles([Decimal(value) for value in values])
    for share, value in ((0.5, found.p50), (0.8, found.p80), (0.9, found.p90)):
        assert value in values
        assert sum(one <= value for one in values) >= share * len(values) - 1e-9
        assert sum(one < value for one in values) < share * len(values)


def test_no_values_have_no_percentiles() -> None:
    with pytest.raises(ValueError, match="no values have no percentiles"):
        percentiles([])


# --- groups ---------------------------------------------------------------------------------------------------
def test_events_are_grouped_by_timeframe_and_by_symbol_those_with_most_first() -> None:
    found = statistics(
        tally(),
        tally(symbol="ETHUSDT", at_ms=AT_MS + 1),
        tally(symbol="ETHUSDT", deviation="0.001"),
        tally(symbol="ETHUSDT", execution_timeframe=Timeframe.M1, at_ms=AT_MS - 1),
    )
    assert [(group.symbol, group.timeframe, group.events) for group in found.by_timeframe] == [
        (None, Timeframe.M1, 1),
        (None, Timeframe.M5, 3),
    ]
    assert [(group.symbol, group.timeframe, group.events) for group in found.by_symbol] == [
        ("ETHUSDT", Timeframe.M5, 2),
        ("BTCUSDT", Timeframe.M5, 1),
        ("ETHUSDT", Timeframe.M1, 1),
    ]
    assert (found.events, found.first_at_ms, found.last_at_ms) == (4, AT_MS - 1, AT_MS + 1)
    assert found.by_symbol[0].deviation == Percentiles(Decimal("0.001"), Decimal("0.004"), Decimal("0.004"))


def test_what_became_of_entries_is_counted_apart_from_what_would_have_become_of_refused_ones() -> None:
    (group,) = statistics(
        tally(),
        tally(end=ZoneEnd.LEFT),
        tally(end=None, end_ms=None),
        tally(end=ZoneEnd.UNKNOWN, end_ms=None),
        refused(),
        refused(end=ZoneEnd.FILLED),
    ).by_timeframe
    assert {str(end or "open"): count for end, count in group.entries.items()} == {
        "filled": 1,
        "left": 1,
        "expired": 0,
        "unknown": 1,
        "open": 1,
    }
    assert (group.refused[ZoneEnd.EXPIRED], group.refused[ZoneEnd.FILLED], group.refused[None]) == (1, 1, 0)
    assert (group.categories[ZoneCategory.WAITING], group.categories[ZoneCategory.MODERATE_GAP]) == (4, 2)


def test_times_are_those_of_filled_entries_alone() -> None:
    quick = tally(end_ms=AT_MS)
    late = refused(end=ZoneEnd.FILLED, end_ms=AT_MS + 99 * MINUTE_MS)
    (group,) = statistics(tally(), quick, late, tally(end=ZoneEnd.LEFT)).by_timeframe
    assert group.minutes_to_fill == Percentiles(0.0, 2.0, 2.0)
    (none,) = statistics(late).by_timeframe
    assert none.minutes_to_fill is None


def test_nothing_selected_gives_empty_statistics() -> None:
    found = statistics()
    assert (found.events, found.by_timeframe, found.by_symbol, found.suggestions) == (0, (), (), ())
    assert (found.to_json()["first_at"], found.to_json()["events"]) == (None, 0)


# --- suggestions ----------------------------------------------------------------------------------------------
def test_a_limit_that_refused_often_gets_a_suggestion_rounded_up_to_two_digits() -> None:
    """Ten entries at 0.0041 … 0.0050: the eighth is 0.0048, which two digits write as it is; 0.00481 becomes 0.0049."""
    ten = [refused(f"0.00{number}") for number in range(41, 51)]
    (found,) = statistics(*ten[:9], refused("0.0050", end=ZoneEnd.FILLED)).suggestions
    assert (found.profile, found.setting) == ("scalper", "defaults.max_deviation_pct")
    assert (found.refused, found.would_have_filled) == (10, 1)
    assert (found.allowed, found.suggested) == (Decimal("0.003"), Decimal("0.0048"))
    (rounded,) = statistics(*ten[:7], refused("0.00481"), *ten[8:]).suggestions
    assert rounded.suggested == Decimal("0.0049")
    assert rounded.text == (
        "scalper: defaults.max_deviation_pct at 0.0049 instead of 0.003 would not have refused 80 % of 10 entries;"
        " 0 of these 10 would have been filled"
    )


def test_each_profile_and_each_check_that_a_setting_loosens_has_a_suggestion_of_its_own() -> None:
    def many(**changed: object) -> list[ZoneTally]:
        return [refused(**changed) for _ in range(FEWEST_REFUSED)]  # type: ignore[arg-type]

    found = statistics(
        *many(),
        *many(profile="regular"),
        *many(check=ZoneCheck.ZONE_MAX_DEVIATION),
        *many(check=ZoneCheck.BEYOND_ZONE),
        *many(profile="crash")[1:],
    )
    assert [(one.profile, one.setting) for one in found.suggestions] == [
        ("regular", "defaults.max_deviation_pct"),
        ("scalper", "defaults.max_deviation_pct"),
        ("scalper", "defaults.zone_max_deviation_pct"),
    ]


# --- shown ----------------------------------------------------------------------------------------------------
def test_the_document_tells_distances_in_percent_and_in_basis_points() -> None:
    found = statistics_of(Selection(since_ms=0, symbols=("BTCUSDT",), timeframes=(Timeframe.M5,)), [tally()])
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    group = document["by_symbol"][0]
    assert group["deviation_percent"] == {"p50": 0.4, "p80": 0.4, "p90": 0.4}
    assert group["deviation_bps"] == {"p50": 40.0, "p80": 40.0, "p90": 40.0}
    assert group["minutes_to_fill"] == {"p50": 2.0, "p80": 2.0, "p90": 2.0}
    assert (document["from"], document["symbols"], document["timeframes"]) == (
        "1970-01-01T00:00:00Z",
        ["BTCUSDT"],
        ["5m"],
    )
    assert document["first_at"] == document["last_at"] == "2023-11-14T22:14:00Z"


def test_a_notebook_shows_a_table_and_the_suggestions() -> None:
    shown = statistics(*(refused(symbol="<B>") for _ in range(FEWEST_REFUSED)))._repr_html_()
    assert "<td>&lt;B&gt;</td><td>5m</td><td>10</td><td>0.400</td>" in shown
    assert "<li>scalper: defaults.max_deviation_pct at 0.004 instead" in shown
