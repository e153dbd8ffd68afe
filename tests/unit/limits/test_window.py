"""The law of the budget: whatever the network does, the venue never counts more than its limit in any window."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.limits import Bucket, Reading, Scope
from mtf_adapters.limits.window import SlidingWindow
from mtf_core.ports import Priority

WINDOW_MS = 2000


def bucket(limit: int, exits_share: float = 0.0) -> Bucket:
    return Bucket("kline", limit, WINDOW_MS, Scope.IP, exits_share)


def most_in_a_window(arrivals: Sequence[float]) -> int:
    """The most arrivals that any window of the venue holds, wherever it begins."""
    times = sorted(arrivals)
    return max((bisect_right(times, start + WINDOW_MS / 1000) - index for index, start in enumerate(times)), default=0)


calls = st.lists(
    st.tuples(
        st.floats(0, 0.7),  # the pause before the call is wanted
        st.floats(0, 3.0),  # how long the request travels
        st.floats(0, 3.0),  # how long the answer travels
    ),
    min_size=1,
    max_size=60,
)


@given(st.integers(1, 7), calls)
def test_no_window_of_the_venue_ever_holds_more_than_the_limit(
    limit: int, wanted: list[tuple[float, float, float]]
) -> None:
    window, now, answers = SlidingWindow(bucket(limit)), 0.0, []
    arrivals: list[float] = []
    for pause, there, back in wanted:
        now += pause
        while not window.room(now, Priority.MARKET):
            free_at = window.next_room(now, Priority.MARKET)
            if answers and (free_at is None or answers[0] <= free_at):
                now = max(now, heappop(answers))
                window.answered(now)
            else:
                assert free_at is not None
                now = free_at
        while answers and answers[0] <= now:
            window.answered(heappop(answers))
        window.take()
        arrivals.append(now + there)
        heappush(answers, now + there + back)
    assert most_in_a_window(arrivals) <= limit


def test_with_answers_that_come_at_once_the_whole_limit_is_used() -> None:
    window, now, sent = SlidingWindow(bucket(10)), 0.0, 0
    while now < 60.0:
        if window.room(now, Priority.MARKET):
            window.take()
            window.answered(now)
            sent += 1
        else:
            now = window.next_room(now, Priority.MARKET) or now
    assert sent >= 0.99 * 10 * 60 / 2


def test_the_share_of_exits_is_free_for_exits_alone() -> None:
    window = SlidingWindow(bucket(10, exits_share=0.3))
    for _ in range(7):
        assert window.room(0.0, Priority.ENTRY)
        window.take()
    assert not window.room(0.0, Priority.ACCOUNT)
    for _ in range(3):
        assert window.room(0.0, Priority.EXIT)
        window.take()
    assert not window.room(0.0, Priority.EXIT)


def test_what_the_venue_says_narrows_the_bucket_and_never_widens_it() -> None:
    window = SlidingWindow(bucket(10))
    window.learn(Reading(limit=4), now=0.0)
    assert window.bucket.limit == 4
    window.learn(Reading(limit=50), now=0.0)
    assert window.bucket.limit == 10
    window.learn(Reading(limit=10, window_ms=5000), now=0.0)
    assert window.bucket.window_ms == 5000


def test_what_others_used_of_the_limit_is_not_used_again() -> None:
    window = SlidingWindow(bucket(10))
    window.take()
    window.learn(Reading(used=8, limit=10, window_ms=WINDOW_MS), now=0.0)
    assert window.used(0.0) == 8
    window.answered(0.0)
    assert window.used(1.9) == 8
    assert window.used(2.1) == 0


def test_a_pause_holds_everyone_until_it_ends() -> None:
    window = SlidingWindow(bucket(10))
    window.pause(until=3.0)
    assert not window.room(2.9, Priority.EXIT)
    assert window.next_room(1.0, Priority.EXIT) == 3.0
    assert window.room(3.0, Priority.MARKET)


def test_a_call_that_was_never_sent_leaves_its_slot() -> None:
    window = SlidingWindow(bucket(1))
    window.take()
    window.give_back()
    assert window.room(0.0, Priority.MARKET)
