"""The exchange's time, as far as it can be known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.sandbox.clock import SandboxClock
from tests.unit.bitmart.desk import NOW_MS


def test_an_exchange_that_was_never_asked_has_this_machine_s_time() -> None:
    clock = ExchangeClock(SandboxClock(NOW_MS))
    assert (clock.now_ms(), clock.skew) == (NOW_MS, None)


def test_half_the_round_trip_is_taken_off_and_is_what_the_measurement_may_err() -> None:
    wall = SandboxClock(NOW_MS)
    clock = ExchangeClock(wall)
    wall.advance(300)
    clock.measured(NOW_MS + 90_150, NOW_MS, NOW_MS + 300)
    skew = clock.skew
    assert skew is not None
    assert (skew.skew_ms, skew.error_ms, skew.measured_ms) == (90_000, 151, NOW_MS + 300)
    wall.advance(1_000)
    assert (clock.now_ms(), clock.surely_passed_ms()) == (NOW_MS + 91_300, NOW_MS + 91_149)


def test_a_wall_clock_that_is_set_changes_the_skew_and_not_the_exchange_s_time() -> None:
    """For up to half a minute candles seemed to have closed that had not."""
    wall, steady = SandboxClock(NOW_MS), SandboxClock(5_000)
    clock = ExchangeClock(wall, steady=steady)
    clock.measured(NOW_MS + 20, 5_000, 5_000)
    wall.advance(90_000)
    steady.advance(1_000)
    assert (clock.now_ms(), clock.surely_passed_ms()) == (NOW_MS + 1_020, NOW_MS + 1_019)
    assert clock.skew is not None
    assert clock.skew.skew_ms == -88_980


@given(
    offset=st.integers(-(10**9), 10**9),
    way_out=st.integers(0, 5000),
    way_back=st.integers(0, 5000),
    later=st.integers(0, 10**6),
)
def test_what_has_surely_passed_has_passed(offset: int, way_out: int, way_back: int, later: int) -> None:
    """However the round trip is shared between the two ways."""
    wall = SandboxClock(NOW_MS + way_out + way_back)
    clock = ExchangeClock(wall)
    clock.measured(NOW_MS + offset + way_out, NOW_MS, NOW_MS + way_out + way_back)
    wall.advance(later)
    truth = wall.now_ms() + offset
    assert clock.surely_passed_ms() <= truth
    assert abs(clock.now_ms() - truth) <= (way_out + way_back) // 2 + 1


def sandbox_clock(pace: float, readings: int) -> tuple[SandboxClock, ExchangeClock]:
    """A clock that was asked every 100 ms, while the exchange's time passed at a pace of its own."""
    wall = SandboxClock(NOW_MS)
    clock = ExchangeClock(wall, own_pace=True)
    for number in range(readings):
        clock.measured(round(number * 100 * pace), wall.now_ms(), wall.now_ms())
        if number < readings - 1:
            wall.advance(100)
    return wall, clock


def test_a_time_that_is_accelerated_is_followed() -> None:
    wall, clock = sandbox_clock(60, 3)
    wall.advance(1000)
    assert clock.now_ms() == (200 + 1000) * 60


def test_a_time_that_passes_as_the_wall_s_does_is_not_made_to_drift_by_how_it_was_measured() -> None:
    wall, clock = sandbox_clock(1.02, 3)
    wall.advance(1000)
    assert clock.now_ms() == 204 + 1000


def test_a_time_that_stands_stands() -> None:
    wall, clock = sandbox_clock(0, 3)
    wall.advance(10_000)
    assert clock.now_ms() == 0


def test_a_time_that_was_moved_by_hand_is_no_pace() -> None:
    wall, clock = sandbox_clock(0, 3)
    wall.advance(100)
    clock.measured(3_600_000, wall.now_ms(), wall.now_ms())
    wall.advance(500)
    assert clock.now_ms() == 3_600_000


def test_an_exchange_s_pace_is_the_wall_s_whatever_its_answers_say() -> None:
    wall = SandboxClock(NOW_MS)
    clock = ExchangeClock(wall)
    for number in range(4):
        clock.measured(NOW_MS + number * 6000, wall.now_ms(), wall.now_ms())
        wall.advance(100)
    wall.advance(900)
    assert clock.now_ms() == NOW_MS + 18_000 + 1000


@given(pace=st.sampled_from([0.0, 1.0, 2.0, 10.0, 60.0]), years_ms=st.integers(-(10**12), 10**12))
def test_a_sandbox_that_lives_in_the_past_or_faster_is_not_astray(pace: float, years_ms: int) -> None:
    """Every real entry was refused as `clock_skew`: its time was compared with the wall's."""
    wall = SandboxClock(NOW_MS)
    clock = ExchangeClock(wall, own_pace=True)
    for number in range(5):
        clock.measured(NOW_MS + years_ms + round(number * 100 * pace), wall.now_ms(), wall.now_ms())
        wall.advance(100)
    skew = clock.skew
    assert skew is not None
    assert (skew.astray_ms, skew.doubt_ms) == (0, skew.error_ms)


@given(jump_ms=st.integers(2_000, 10**9), back=st.booleans())
def test_a_sandbox_whose_time_jumps_is_astray_until_it_is_read_again(jump_ms: int, back: bool) -> None:
    wall = SandboxClock(NOW_MS)
    clock = ExchangeClock(wall, own_pace=True)
    moved_ms = -jump_ms if back else jump_ms
    for server_ms in (0, 100, 200, 300 + moved_ms):
        clock.measured(server_ms, wall.now_ms(), wall.now_ms())
        wall.advance(100)
    assert clock.skew is not None
    assert (clock.skew.astray_ms, clock.skew.doubt_ms) == (moved_ms, jump_ms + clock.skew.error_ms)
    clock.measured(400 + moved_ms, wall.now_ms(), wall.now_ms())
    assert clock.skew is not None
    assert clock.skew.astray_ms == 0


def test_a_real_exchange_is_measured_by_the_wall_s_clock_whatever_its_readings_agree_on() -> None:
    wall = SandboxClock(NOW_MS)
    clock = ExchangeClock(wall)
    for number in range(3):
        clock.measured(NOW_MS + 5_000 + number * 100, wall.now_ms(), wall.now_ms())
        wall.advance(100)
    assert clock.skew is not None
    assert (clock.skew.astray_ms, clock.skew.doubt_ms) == (None, 5_000 + clock.skew.error_ms)
