"""The law of the budget: whatever the network does, the venue never counts more than its limit in any window."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush

import pytest
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


def test_after_a_refusal_half_of_the_slots_are_left_to_others_and_come_back_one_by_one() -> None:
    window = SlidingWindow(bucket(12))
    for number in range(12):  # those that were under way together are one refusal
        window.take()
        window.refused(0.0 if number == 0 else 0.1, until=2.1)
        window.answered(0.0)
    assert not window.room(2.05, Priority.MARKET)

    def free(now: float, priority: Priority = Priority.MARKET) -> int:
        taken = 0
        while window.room(now, priority):
            window.take()
            taken += 1
        for _ in range(taken):
            window.give_back()
        return taken

    assert (free(2.2), free(2.2, Priority.EXIT)) == (6, 12)
    assert [free(2.2 + 30 * number) for number in range(1, 8)] == [7, 8, 9, 10, 11, 12, 12]


@given(st.integers(2, 4), st.floats(0.0, 0.4))
def test_processes_that_do_not_know_of_each_other_are_not_banned(processes: int, start_apart_s: float) -> None:
    """A venue that bans after twenty refusals in a minute; each process always wants to call, and hears nothing but
    the refusals. Three of them were banned within seconds, and stood still for five minutes."""
    windows = [SlidingWindow(bucket(12)) for _ in range(processes)]
    counted: list[float] = []
    refusals: list[float] = []
    for step in range(12_000):
        now = step * 0.01
        for number, window in enumerate(windows):
            if now < number * start_apart_s or not window.room(now, Priority.MARKET):
                continue
            window.take()
            counted = [moment for moment in counted if moment > now - WINDOW_MS / 1000]
            if len(counted) < 12:
                counted.append(now)
            else:
                refusals.append(now)
                window.refused(now, now + WINDOW_MS / 1000)
            window.answered(now)
    minutes = [sum(1 for other in refusals if moment <= other < moment + 60) for moment in refusals]
    assert max(minutes, default=0) < 20


def test_who_is_refused_again_and_again_waits_longer_each_time_and_exits_do_not() -> None:
    window, now, waits = SlidingWindow(bucket(1)), 0.0, []
    for _ in range(8):
        window.take()
        window.refused(now, now + 2.0)
        window.answered(now)
        exit_at = window.next_room(now, Priority.EXIT)
        again = window.next_room(now, Priority.MARKET)
        assert exit_at is not None
        assert again is not None
        assert exit_at - now <= 2.01 + 1e-6
        waits.append(round(again - now))
        now = again
    assert waits == [2, 4, 8, 16, 32, 64, 64, 64]
    window.take()
    window.answered(now)
    window.take()
    window.refused(now + 3, now + 5)
    window.answered(now + 3)
    assert window.next_room(now + 3, Priority.MARKET) == pytest.approx(now + 5.01)


def test_what_is_left_is_what_may_be_sent_now_and_nothing_during_a_pause() -> None:
    window = SlidingWindow(bucket(8, exits_share=0.25))
    window.take()
    window.take()
    assert (window.left(0.0, Priority.EXIT), window.left(0.0, Priority.MARKET)) == (6, 4)
    window.answered(0.0)
    window.give_back()
    assert window.left(0.0, Priority.EXIT) == 7
    assert window.left(2.02, Priority.EXIT) == 8
    window.pause(5.0)
    assert (window.left(4.9, Priority.EXIT), window.left(5.0, Priority.EXIT)) == (0, 8)
