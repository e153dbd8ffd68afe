"""Rate limits, counted over any window."""

from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.faces.bitmart.limits import Limit, Per, headers_of
from mtf_adapters.sandbox.faces.counting import RateLimits

TWELVE = Limit(Per.IP, 12)


def limits() -> RateLimits:
    return RateLimits(ban_after=3, ban_s=30.0)


def test_the_headers_count_up_and_name_the_length_of_the_window():
    counted = limits()
    counted.counted("kline", TWELVE, "me", 0.0)
    headers = headers_of(counted.counted("kline", TWELVE, "me", 0.1))
    assert headers == {
        "X-BM-RateLimit-Remaining": "2",
        "X-BM-RateLimit-Limit": "12",
        "X-BM-RateLimit-Reset": "2",
        "X-BM-RateLimit-Mode": "IP",
    }


def test_the_thirteenth_request_of_a_window_is_one_too_many():
    counted = limits()
    assert not any(counted.counted("kline", TWELVE, "me", 0.1 * number).is_over for number in range(12))
    assert counted.counted("kline", TWELVE, "me", 1.9).is_over


def test_one_request_may_weigh_as_many():
    counted = limits()
    assert not counted.counted("batch", TWELVE, "me", 0.0, 8).is_over
    assert counted.counted("batch", TWELVE, "me", 0.1, 5).is_over
    assert not counted.counted("batch", TWELVE, "me", 0.2, 4).is_over


def test_where_nobody_is_banned_one_may_go_on_for_ever():
    counted = RateLimits(ban_after=None, ban_s=0)
    for number in range(500):
        counted.counted("kline", TWELVE, "me", 0.001 * number)
    assert not counted.is_banned("me", 1.0)


def test_endpoints_and_callers_are_counted_apart():
    counted = limits()
    for _ in range(12):
        counted.counted("kline", TWELVE, "me", 0.0)
    assert not counted.counted("depth", TWELVE, "me", 0.0).is_over
    assert not counted.counted("kline", TWELVE, "you", 0.0).is_over


def test_who_goes_on_is_banned_for_a_while():
    counted = limits()
    for number in range(15):
        counted.counted("kline", TWELVE, "me", 0.01 * number)
    assert counted.is_banned("me", 1.0)
    assert not counted.is_banned("you", 1.0)
    assert not counted.is_banned("me", 31.0)


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=80))
def test_no_window_ever_serves_more_than_the_limit(pauses: list[float]):
    """Whatever the pauses: among the requests that were served, no 2 seconds hold more than twelve."""
    counted, now, served = RateLimits(ban_after=1000, ban_s=1.0), 0.0, []
    for pause in pauses:
        now += pause
        if not counted.counted("kline", TWELVE, "me", now).is_over:
            served.append(now)
    assert all(sum(start <= each < start + 2 for each in served) <= 12 for start in served)
