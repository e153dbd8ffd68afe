"""What is taken from a stream of candles: the last word of each, once, and nothing that the exchange would not say."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Candles, Gap, Timeframe
from mtf_core.ports import CandleUpdate
from mtf_core.upkeep.streamed import Revision, StreamedCandles
from tests.market_strategies import START_MS, walk

M1 = Timeframe.M1
TRUTH = walk(M1, 40, 7)
MINUTE = M1.ms


def update(minute: int, *, part: float = 1.0, closed: bool | None = None, symbol: str = "AAA") -> CandleUpdate:
    """The candle of a minute as pushed when a part of it has passed; `part` 1: its last word."""
    o, h, low, c = (float(getattr(TRUTH, name)[minute]) for name in ("open", "high", "low", "close"))
    volume = float(TRUTH.volume[minute])
    now = o + (c - o) * part
    high, lowest = max(o, now) + (h - max(o, c)) * part, min(o, now) - (min(o, c) - low) * part
    if part == 1.0:
        now, high, lowest = c, h, low
    return CandleUpdate(symbol, M1, START_MS + minute * MINUTE, o, high, lowest, now, volume * part, closed)


def at(minute: float) -> int:
    return START_MS + int(minute * MINUTE)


def following(through: int = -1, *symbols: str) -> StreamedCandles:
    candles = StreamedCandles(M1, grace_ms=2000)
    candles.follow(dict.fromkeys(symbols or ("AAA",), at(through)))
    return candles


def taken(candles: StreamedCandles) -> dict[str, Candles]:
    closed = candles.closed()
    candles.stored(closed)
    return closed


def same(one: Candles, other: Candles) -> bool:
    return len(one) == len(other) and all(
        getattr(one, name).tolist() == getattr(other, name).tolist()
        for name in ("open_ms", "open", "high", "low", "close", "volume")
    )


def test_the_first_word_of_the_next_candle_closes_the_one_before() -> None:
    candles = following()
    candles.hear(update(0, part=0.3), at(0.3))
    candles.hear(update(0), at(0.98))
    assert taken(candles) == {}
    candles.hear(update(1, part=0.01), at(1.01))
    assert same(taken(candles)["AAA"], TRUTH[:1])
    assert taken(candles) == {}


def test_a_last_word_that_says_so_closes_its_candle_at_once() -> None:
    candles = following()
    candles.hear(update(0, closed=True), at(1.001))
    assert same(taken(candles)["AAA"], TRUTH[:1])


def test_a_last_word_before_the_close_by_the_clock_is_not_believed() -> None:
    candles = following()
    candles.hear(update(0, part=0.4, closed=True), at(0.4))
    assert taken(candles) == {}


def test_what_the_stream_did_not_say_is_missing_after_the_grace_and_not_before() -> None:
    candles = following()
    candles.hear(update(0, part=0.5), at(0.5))
    assert candles.missing(at(1) + 1999) == {}
    (gap,) = candles.missing(at(1) + 2000).values()
    assert (gap.first_open_ms, gap.last_open_ms) == (at(0), at(0))
    candles.fetched("AAA", TRUTH[:1], gap)
    assert same(taken(candles)["AAA"], TRUTH[:1])
    assert candles.missing(at(1) + 2000) == {}
    assert candles.lacking(at(1.5)) == ()


def test_a_candle_that_was_forming_when_the_stream_broke_is_asked_for() -> None:
    """Its last words may have been missed: the next candle must not close it as it was."""
    candles = following()
    candles.hear(update(0, part=0.5), at(0.5))
    candles.interrupted()
    candles.hear(update(1, part=0.1), at(1.1))
    assert taken(candles) == {}
    assert list(candles.missing(at(1.5))) == ["AAA"]


def test_a_minute_that_was_never_traded_is_no_longer_missing_once_a_later_one_was_answered() -> None:
    candles = following()
    (gap,) = candles.missing(at(3.5)).values()
    assert gap.count == 3
    candles.fetched("AAA", TRUTH[2:3], gap)
    assert candles.missing(at(3.5)) == {}


def test_an_empty_answer_settles_nothing() -> None:
    candles = following()
    (gap,) = candles.missing(at(1.5)).values()
    candles.fetched("AAA", Candles.empty(M1), gap)
    assert candles.missing(at(1.5)) == {"AAA": gap}


def test_a_closed_candle_that_is_told_again_changes_nothing_and_one_that_changed_is_a_revision() -> None:
    candles = following()
    candles.hear(update(0, closed=True), at(1.001))
    first = taken(candles)["AAA"]
    candles.hear(update(0, closed=True), at(1.002))
    assert taken(candles) == {}
    assert candles.take_revisions() == []
    candles.hear(update(0, part=0.9, closed=True), at(1.1))
    (revision,) = candles.take_revisions()
    assert isinstance(revision, Revision)
    assert revision.before == tuple(
        float(column[0]) for column in (first.open, first.high, first.low, first.close, first.volume)
    )
    assert float(taken(candles)["AAA"].close[0]) == revision.after[3]


def test_a_candle_of_which_nobody_said_that_it_closed_is_in_doubt_until_a_call_has_told_it() -> None:
    """The last words of it may have been lost: what the next candle's first word closes is a part of the truth."""
    candles = following()
    candles.hear(update(0, part=0.6), at(0.6))
    candles.hear(update(1, part=0.1), at(1.1))
    part = taken(candles)["AAA"]
    assert part.close.tolist() == [update(0, part=0.6).close]
    (gap,) = candles.doubted().values()
    assert (gap.first_open_ms, gap.last_open_ms) == (at(0), at(0))
    candles.fetched("AAA", TRUTH[:1], gap)
    assert same(taken(candles)["AAA"], TRUTH[:1])
    (revision,) = candles.take_revisions()
    assert (revision.open_ms, revision.before[3], revision.after[3]) == (at(0), part.close[0], TRUTH.close[0])
    assert candles.doubted() == {}


def test_a_candle_whose_last_word_says_so_is_in_no_doubt() -> None:
    candles = following()
    candles.hear(update(0, closed=True), at(1.001))
    assert candles.doubted() == {}


def test_an_old_word_changes_nothing_that_a_call_has_told_and_has_it_asked_for_again() -> None:
    candles = following()
    candles.fetched("AAA", TRUTH[:2], candles.missing(at(2.5))["AAA"])
    taken(candles)
    candles.hear(update(1, part=0.6), at(2.6))
    assert (taken(candles), candles.take_revisions()) == ({}, [])
    (gap,) = candles.doubted().values()
    assert (gap.first_open_ms, gap.last_open_ms) == (at(1), at(1))


def test_an_answer_confirms_as_far_as_it_goes_and_no_further() -> None:
    candles = following()
    for minute in range(4):
        candles.hear(update(minute), at(minute + 0.9))
    gap = candles.doubted()["AAA"]
    assert gap.count == 3
    candles.fetched("AAA", Candles.empty(M1), gap)
    assert candles.doubted() == {"AAA": gap}
    candles.fetched("AAA", TRUTH[:2], gap)
    assert candles.doubted() == {"AAA": Gap.spanning(at(2), at(2), M1)}


def test_a_late_word_of_a_candle_that_is_settled_is_left_alone() -> None:
    candles = following(through=5)
    candles.hear(update(3, part=0.5), at(6.2))
    candles.hear(update(6, closed=True), at(7.001))
    assert same(taken(candles)["AAA"], TRUTH[6:7])


def test_what_cannot_be_a_candle_is_as_if_it_had_not_been_said() -> None:
    candles = following()
    whole = update(0, closed=True)
    for change in (
        {"high": float("nan")},
        {"high": whole.low / 2},
        {"low": -1.0},
        {"volume": -1.0},
        {"open_ms": at(0) + 1},
    ):
        candles.hear(evolve(whole, **change), at(1.001))
    candles.hear(update(7, part=0.1), at(1.001))  # it has not begun
    candles.hear(update(0, closed=True, symbol="ZZZ"), at(1.001))  # nobody asked for it
    assert taken(candles) == {}


def test_symbols_that_are_no_longer_wanted_are_forgotten_and_new_ones_begin_where_they_are_told() -> None:
    candles = following(-1, "AAA", "BBB")
    candles.hear(update(0, closed=True), at(1.001))
    candles.follow({"BBB": at(9), "CCC": at(0)})
    assert candles.symbols == ("BBB", "CCC")
    assert taken(candles) == {}
    assert {symbol: gap.count for symbol, gap in candles.missing(at(2.5)).items()} == {"BBB": 2, "CCC": 1}


def test_what_changed_while_it_was_being_stored_is_still_to_be_stored() -> None:
    candles = following()
    candles.hear(update(0, closed=True), at(1.001))
    closed = candles.closed()
    candles.hear(update(0, part=0.9, closed=True), at(1.1))
    candles.stored(closed)
    assert float(candles.closed()["AAA"].close[0]) == update(0, part=0.9).close


@given(st.data())
def test_whatever_is_lost_or_comes_twice_the_store_ends_with_what_the_exchange_has(data: st.DataObject) -> None:
    """Frames may be lost between two connections, come twice, or come late; calls make up for the rest."""
    candles, stored = following(), Candles.empty(M1)
    minutes = data.draw(st.integers(2, 20))
    for minute in range(minutes):
        words = [update(minute, part=part) for part in (0.2, 0.6)] + [update(minute)]
        heard = data.draw(st.integers(0, 3), label="frames heard before the connection broke, 3: all")
        for number, word in enumerate(words[:heard]):
            for _ in range(data.draw(st.integers(1, 2), label="times")):
                candles.hear(word, at(minute + (number + 1) * 0.3))
        if heard < 3:
            candles.interrupted()
        if data.draw(st.booleans(), label="an old frame comes again"):
            candles.hear(update(data.draw(st.integers(0, minute))), at(minute + 0.99))
        now_ms = at(minute + 1) + data.draw(st.sampled_from([50, 2500]), label="when the keeper looks")
        for symbol, gap in candles.missing(now_ms).items():
            candles.fetched(symbol, _answer(gap), gap)
        for series in taken(candles).values():
            stored = stored.merged(series)
    for symbol, gap in candles.missing(at(minutes) + 5000).items():
        candles.fetched(symbol, _answer(gap), gap)
    for series in taken(candles).values():
        stored = stored.merged(series)
    assert same(stored, TRUTH[:minutes])
    assert candles.take_revisions() == []


def _answer(gap: Gap) -> Candles:
    return TRUTH.between(gap.first_open_ms, gap.last_open_ms)


def test_a_last_word_is_doubted_urgently_only_where_it_came_long_before_the_close() -> None:
    candles = following(-1, "AAA", "BBB")
    candles.hear(update(0), at(1) - 500)
    candles.hear(update(0, symbol="BBB"), at(1) - 3500)
    for symbol in ("AAA", "BBB"):
        candles.hear(update(1, part=0.1, symbol=symbol), at(1.1))
    assert set(candles.doubted()) == {"AAA", "BBB"}
    assert candles.urgent == {"BBB"}
    (gap,) = {gap for symbol, gap in candles.doubted().items() if symbol == "BBB"}
    candles.fetched("BBB", TRUTH[:1], gap)
    assert candles.urgent == frozenset()
    assert set(candles.doubted()) == {"AAA"}
    candles.hear(update(0, part=0.9), at(1.2))
    assert candles.urgent == {"AAA"}, "a word that came late: which one was the last?"
    assert float(candles.closed()["AAA"].volume[0]) == float(TRUTH.volume[0]), "one of less volume is the older one"
