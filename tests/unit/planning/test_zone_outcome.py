"""What became of a zone event's entry: by hand, and by law against the second-by-second path that the minutes hide."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import MINUTE_MS, Candles, Side, Timeframe, TopOfBook
from mtf_core.planning import (
    EndSource,
    EntryTerms,
    EntryZone,
    ZoneCategory,
    ZoneCheck,
    ZoneEnd,
    ZoneEvent,
    ZoneOutcome,
    entry_terms,
    zone_outcome,
)
from mtf_core.settings.trade_entry import SupervisionSettings
from tests.unit.planning.examples import SETTINGS, D, example, plan_of

AT_MS = 1_700_000_040_000
"""The start of a minute."""
LATE_MS = AT_MS + 1000 * MINUTE_MS
Bar = tuple[float, float, float]
"""Low, high and close of a minute."""


def event(side: Side = Side.LONG, *, at_ms: int = AT_MS, **changed: object) -> ZoneEvent:
    """A long that waits at 99.5 in a zone of 99 … 100 while the mark is 100.5; a short mirrored at 100."""
    low, high, entry, mark = (D("99"), D("100"), D("99.5"), D("100.5"))
    if side is Side.SHORT:
        low, high, entry, mark = (200 - high, 200 - low, 200 - entry, 200 - mark)
    values: dict[str, object] = {
        "symbol": "TESTUSDT",
        "side": side,
        "execution_timeframe": Timeframe.M5,
        "decision_key": f"TESTUSDT:5m:0:{side}",
        "at_ms": at_ms,
        "zone": EntryZone(low, high, (low + high) / 2, "5m.vwap", at_ms + 10 * MINUTE_MS),
        "candidate_price": entry,
        "reference_price": mark,
        "deviation": D("0.01"),
        "allowed": D("0.05"),
        "width_ratio": D("0.01"),
        "atr_ratio": D("0.02"),
        "spread_ratio": D("0.001"),
        "volume_ratio": None,
        "category": ZoneCategory.WAITING,
        "failed_check": None,
    }
    return ZoneEvent(**(values | changed))  # type: ignore[arg-type]


def terms(minutes: float = 3, *, at_ms: int = AT_MS, **changed: object) -> EntryTerms:
    """Waits for so many minutes, in ticks of 0.1."""
    values: dict[str, object] = {
        "tick_size": D("0.1"),
        "deadline_ms": at_ms + int(minutes * MINUTE_MS),
        "leaves_from_ms": at_ms + 30_000,
        "max_deviation": D("0.05"),
        "takes": False,
    }
    return EntryTerms(**(values | changed))  # type: ignore[arg-type]


def candles(bars: Sequence[Bar | None], first_ms: int = AT_MS) -> Candles:
    present = [(first_ms + number * MINUTE_MS, bar) for number, bar in enumerate(bars) if bar is not None]
    opens = [bar[2] for _, bar in present]
    lows, highs, closes = ([bar[column] for _, bar in present] for column in range(3))
    times = [open_ms for open_ms, _ in present]
    return Candles.checked(Timeframe.M1, times, opens, highs, lows, closes, [1.0] * len(present))


def mirrored(bars: Sequence[Bar | None]) -> list[Bar | None]:
    """The bars in a market that is reflected at 100."""
    return [None if bar is None else (200 - bar[1], 200 - bar[0], 200 - bar[2]) for bar in bars]


STILL: Bar = (100.3, 100.7, 100.5)
THROUGH: Bar = (99.4, 100.5, 100.2)
TOUCHING: Bar = (99.5, 100.5, 100.0)


def became(bars: Sequence[Bar | None], now_ms: int = LATE_MS, minutes: float = 3) -> ZoneOutcome | None:
    """Of the long and, in the mirrored market, of the short: the same."""
    long = zone_outcome(event(), terms(minutes), candles(bars), now_ms)
    assert zone_outcome(event(Side.SHORT), terms(minutes), candles(mirrored(bars)), now_ms) == long
    return long


def by_candles(end: ZoneEnd, after_minutes: float | None) -> ZoneOutcome:
    at_ms = None if after_minutes is None else AT_MS + int(after_minutes * MINUTE_MS)
    return ZoneOutcome(end, EndSource.CANDLES, at_ms)


# --- by hand --------------------------------------------------------------------------------------------------
def test_an_entry_is_filled_in_the_minute_that_trades_a_tick_through_it() -> None:
    assert became([STILL, THROUGH, STILL]) == by_candles(ZoneEnd.FILLED, 2)


def test_a_price_that_only_touches_the_limit_fills_nothing() -> None:
    assert became([TOUCHING, TOUCHING, TOUCHING]) == by_candles(ZoneEnd.EXPIRED, 3)


def test_a_fill_after_the_deadline_does_not_count() -> None:
    assert became([STILL, STILL, STILL, THROUGH]) == by_candles(ZoneEnd.EXPIRED, 3)


def test_a_price_that_was_in_the_zone_and_closes_beyond_it_has_left() -> None:
    inside_then_away: Bar = (99.8, 101, 100.9)
    assert became([STILL, inside_then_away, THROUGH]) == by_candles(ZoneEnd.LEFT, 2)


def test_a_price_that_was_in_the_zone_when_the_plan_was_made_leaves_with_the_first_close_beyond_it() -> None:
    inside = event(reference_price=D("99.9"))
    assert zone_outcome(inside, terms(), candles([STILL, THROUGH]), LATE_MS) == by_candles(ZoneEnd.LEFT, 1)


def test_an_entry_that_still_waits_for_its_first_touch_is_not_left() -> None:
    assert became([STILL, STILL, THROUGH]) == by_candles(ZoneEnd.FILLED, 3)


def test_a_price_that_goes_farther_away_than_allowed_has_left() -> None:
    far: Bar = (100.4, 106, 105.5)  # (105.5 − 99.5) / 105.5 = 0.057 > 0.05
    assert zone_outcome(event(), terms(), candles([far, THROUGH]), LATE_MS) == by_candles(ZoneEnd.LEFT, 1)
    assert became([(100.4, 104, 103.5), THROUGH]) == by_candles(ZoneEnd.FILLED, 2)  # 0.039


def test_nothing_leaves_before_the_age_at_which_entries_are_given_up() -> None:
    inside = event(reference_price=D("99.9"))
    patient = terms(leaves_from_ms=AT_MS + 61_000)
    assert zone_outcome(inside, patient, candles([STILL, THROUGH]), LATE_MS) == by_candles(ZoneEnd.FILLED, 2)
    assert zone_outcome(inside, patient, candles([STILL, STILL]), LATE_MS) == by_candles(ZoneEnd.LEFT, 2)


def test_only_closed_candles_count() -> None:
    bars = [STILL, THROUGH]
    assert became(bars, AT_MS + 2 * MINUTE_MS - 1) is None
    assert became(bars, AT_MS + 2 * MINUTE_MS) == by_candles(ZoneEnd.FILLED, 2)


def test_an_event_is_open_while_its_candles_are_not_there_yet_and_unknown_when_they_do_not_come() -> None:
    assert became([], AT_MS) is None
    assert became([STILL], AT_MS + 3 * MINUTE_MS) is None
    assert became([STILL], AT_MS + 62 * MINUTE_MS - 1) is None
    assert became([STILL], AT_MS + 62 * MINUTE_MS) == by_candles(ZoneEnd.UNKNOWN, None)


def test_a_missing_minute_before_the_decision_makes_it_unknown_and_one_after_it_changes_nothing() -> None:
    now = AT_MS + 4 * MINUTE_MS
    assert became([STILL, None, THROUGH], now) == by_candles(ZoneEnd.UNKNOWN, None)
    assert became([STILL, THROUGH, None, STILL], now) == by_candles(ZoneEnd.FILLED, 2)


def test_an_entry_that_takes_was_filled_by_the_book_it_was_planned_with() -> None:
    found = zone_outcome(event(), terms(takes=True), candles([]), AT_MS)
    assert found == ZoneOutcome(ZoneEnd.FILLED, EndSource.BOOK, AT_MS)


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        (ZoneCheck.BEYOND_ZONE, {"reference_price": D("98.8"), "candidate_price": D("98.9")}),
        (ZoneCheck.ZONE_MAX_DEVIATION, {"reference_price": D("90"), "candidate_price": D("99")}),
    ],
)
def test_a_refused_entry_whose_price_had_left_the_zone_on_the_far_side_is_left_at_once(
    check: ZoneCheck, changed: dict[str, object]
) -> None:
    refused = event(failed_check=check, category=ZoneCategory.FAR_OUTSIDE, **changed)
    found = zone_outcome(refused, terms(), candles([THROUGH]), LATE_MS)
    assert found == ZoneOutcome(ZoneEnd.LEFT, EndSource.BOOK, AT_MS)


def test_a_refused_entry_is_followed_as_a_limit_at_its_nearest_price_in_the_zone() -> None:
    """The touch of 100.6 lay above the zone: a limit at 100 is filled by 99.9, and never given up as too far away."""
    refused = event(failed_check=ZoneCheck.TOUCH_OUTSIDE_ZONE, candidate_price=D("100.6"))
    near = terms(max_deviation=D("0.001"))
    assert zone_outcome(refused, near, candles([STILL, (99.9, 101, 100)]), LATE_MS) == by_candles(ZoneEnd.FILLED, 2)
    assert zone_outcome(refused, near, candles([STILL] * 3), LATE_MS) == by_candles(ZoneEnd.EXPIRED, 3)


def test_what_happens_in_the_minute_of_the_plan_itself_or_of_its_deadline_is_told_only_where_it_is_certain() -> None:
    at_ms = AT_MS + 20_000
    late, two = event(at_ms=at_ms), terms(2, at_ms=at_ms)

    def told(*bars: Bar | None) -> ZoneOutcome | None:
        return zone_outcome(late, two, candles(bars), LATE_MS)

    unknown = by_candles(ZoneEnd.UNKNOWN, None)
    assert told(STILL, STILL, STILL) == by_candles(ZoneEnd.EXPIRED, 2 + 1 / 3)
    assert told(THROUGH, STILL, STILL) == unknown
    assert told(STILL, STILL, THROUGH) == unknown
    assert told((99.4, 100.5, 99.9), (99.4, 100, 99.7), STILL) == by_candles(ZoneEnd.FILLED, 2)
    assert told((99.9, 101, 100.8), STILL, STILL) == unknown, "the zone may have been touched before the plan"


def test_minutes_are_needed() -> None:
    with pytest.raises(ValueError, match="from 1m candles, not from 5m ones"):
        zone_outcome(event(), terms(), Candles.empty(Timeframe.M5), LATE_MS)


def test_the_terms_are_those_that_the_settings_give_an_entry() -> None:
    """order_timeout_sec 120 is earlier than the zone's end after 240 s; the other way round with 500."""
    case = example()
    found = plan_of(case).zone_event
    assert found is not None
    made = entry_terms(found, case.facts.book, case.contract.tick_size, SETTINGS)
    assert made == EntryTerms(D("0.1"), found.at_ms + 120_000, found.at_ms + 30_000, D("0.005"), takes=False)
    slow = evolve(SETTINGS, supervision=SupervisionSettings(order_timeout_sec=500, out_of_zone_after_sec=7))
    made = entry_terms(found, case.facts.book, case.contract.tick_size, slow)
    assert (made.deadline_ms, made.leaves_from_ms) == (found.zone.expires_at_ms, found.at_ms + 7_000)


@pytest.mark.parametrize(("side", "price"), [(Side.LONG, "100.4"), (Side.SHORT, "100.0")])
def test_an_entry_at_the_other_sides_touch_takes_unless_a_check_failed(side: Side, price: str) -> None:
    book = TopOfBook("TESTUSDT", D("100.0"), D("100.4"), AT_MS)
    taking = event(side, candidate_price=D(price))
    assert entry_terms(taking, book, D("0.1"), SETTINGS).takes
    assert not entry_terms(event(side, candidate_price=D("100.2")), book, D("0.1"), SETTINGS).takes
    refused = evolve(taking, failed_check=ZoneCheck.MAX_DEVIATION)
    assert not entry_terms(refused, book, D("0.1"), SETTINGS).takes


# --- by law ---------------------------------------------------------------------------------------------------
@frozen
class Path:
    """A price for every second from the start of a minute on, and an entry that waits somewhere in that time."""

    prices: tuple[int, ...]
    """In ticks of 0.1 around 100."""
    event: ZoneEvent
    terms: EntryTerms

    @property
    def candles(self) -> Candles:
        def bar(part: Sequence[int]) -> Bar:
            return (min(part) / 10, max(part) / 10, part[-1] / 10)

        return candles([bar(self.prices[start : start + 60]) for start in range(0, len(self.prices), 60)])

    @property
    def on_minutes(self) -> bool:
        return self.event.at_ms % MINUTE_MS == 0 and self.terms.deadline_ms % MINUTE_MS == 0

    def truth(self) -> ZoneEnd:
        """What becomes of the entry for one who sees every second, and looks for prices gone away each minute."""
        sign = self.event.side.sign
        limit = int(self.event.candidate_price * 10)
        bounds = sorted(sign * int(bound * 10) for bound in (self.event.zone.low, self.event.zone.high))
        start, stop = ((ms - AT_MS) // 1000 for ms in (self.event.at_ms, self.terms.deadline_ms))
        seen = [int(self.event.reference_price * 10)]
        for second in range(start, stop + 1):
            price = self.prices[second - 1]
            if second % 60 == 0 and second > start and AT_MS + second * 1000 >= self.terms.leaves_from_ms:
                was_inside = any(bounds[0] <= sign * one <= bounds[1] for one in seen)
                if was_inside and sign * price > bounds[1]:
                    return ZoneEnd.LEFT
                if abs(limit - price) > float(self.terms.max_deviation) * price:
                    return ZoneEnd.LEFT
            if second == stop:
                break
            if sign * self.prices[second] < sign * limit:
                return ZoneEnd.FILLED
            seen.append(self.prices[second])
        return ZoneEnd.EXPIRED


@st.composite
def paths(draw: st.DrawFn) -> Path:
    """Walks of a few minutes that hold still often, so that zones are touched and limits just reached or missed."""
    minutes = draw(st.integers(1, 5))
    jumps = draw(st.lists(st.tuples(st.integers(0, 60 * minutes - 1), st.integers(-6, 6)), max_size=14))
    prices, price, at = [], draw(st.integers(998, 1012)), dict(jumps)
    for second in range(60 * minutes):
        price += at.get(second, 0)
        prices.append(price)
    side = draw(st.sampled_from(Side))
    last = 60 * minutes
    start = draw(st.sampled_from(range(0, last, 60)) | st.integers(0, last - 1))
    stop = draw(st.sampled_from(range(start // 60 * 60 + 60, last + 1, 60)) | st.integers(start + 1, last))
    sign, mark = side.sign, prices[start]
    limit = mark - sign * draw(st.integers(0, 8))
    low, high = sorted((limit - sign * draw(st.integers(0, 3)), limit + sign * draw(st.integers(0, 6))))
    at_ms = AT_MS + start * 1000
    seen = event(
        side,
        at_ms=at_ms,
        zone=EntryZone(Decimal(low) / 10, Decimal(high) / 10, Decimal(limit) / 10, "5m.vwap", at_ms),
        candidate_price=Decimal(limit) / 10,
        reference_price=Decimal(mark) / 10,
    )
    waits = terms(
        deadline_ms=AT_MS + stop * 1000,
        leaves_from_ms=at_ms + 1000 * draw(st.sampled_from([0, 30, 90])),
        max_deviation=draw(st.sampled_from([D("0.008"), D("0.05")])),
    )
    return Path(tuple(prices), seen, waits)


@given(paths())
def test_an_outcome_is_never_another_than_what_happened_and_on_whole_minutes_it_is_always_told(path: Path) -> None:
    found = zone_outcome(path.event, path.terms, path.candles, LATE_MS)
    assert found is not None
    allowed = {path.truth()} if path.on_minutes else {path.truth(), ZoneEnd.UNKNOWN}
    assert found.end in allowed


@given(paths())
def test_an_outcome_stays_as_it_is_while_candles_come_in(path: Path) -> None:
    last = zone_outcome(path.event, path.terms, path.candles, LATE_MS)
    decided = None
    for minute in range(len(path.candles) + 1):
        found = zone_outcome(path.event, path.terms, path.candles, AT_MS + minute * MINUTE_MS)
        assert decided is None or found == decided
        decided = found
    assert decided == last


@given(paths(), st.data())
def test_without_some_candle_an_outcome_is_the_same_or_unknown(path: Path, data: st.DataObject) -> None:
    whole = path.candles
    row = data.draw(st.integers(0, len(whole) - 1))
    rest = [row_ for row_ in range(len(whole)) if row_ != row]
    columns = [getattr(whole, name)[rest] for name in ("open_ms", "open", "high", "low", "close", "volume")]
    found = zone_outcome(path.event, path.terms, Candles.checked(Timeframe.M1, *columns), LATE_MS)
    assert found is not None
    assert found.end is ZoneEnd.UNKNOWN or found == zone_outcome(path.event, path.terms, whole, LATE_MS)
