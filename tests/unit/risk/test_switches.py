"""Switches at one instant, and what busy and free symbols do to theirs."""

from __future__ import annotations

import pytest

from mtf_core.market import Timeframe
from mtf_core.risk import GLOBAL_SWITCH, Switch
from mtf_core.risk.switches import BUSY, Switchboard
from mtf_core.settings.trading import SwitchSettings

NOW_MS = 1_772_452_800_000
MINUTE = 60_000
SETTINGS = SwitchSettings()


def off(until_ms: int | None, reason: str = BUSY, key: str = "A") -> Switch:
    return Switch(key, False, until_ms, reason, NOW_MS - MINUTE)


def board(*switches: Switch) -> Switchboard:
    return Switchboard.of(switches, NOW_MS)


@pytest.mark.parametrize(("until_ms", "expected"), [(None, True), (NOW_MS + 1, True), (NOW_MS, False), (0, False)])
def test_a_switch_is_off_until_its_end_and_not_at_it(until_ms: int | None, expected: bool) -> None:
    found = board(off(until_ms), off(until_ms, key=GLOBAL_SWITCH))
    assert found.is_off("A") is found.kill_switch_on is expected
    assert not found.is_off("B")


def test_a_timeframe_has_a_switch_of_its_own_beside_the_symbols() -> None:
    found = board(off(None, key="A:5m"))
    assert found.is_off("A", Timeframe.M5)
    assert not found.is_off("A", Timeframe.M1)
    assert not found.is_off("A")
    assert board(off(None)).is_off("A", Timeframe.M1)


def test_a_busy_symbol_goes_off_for_five_minutes_and_for_one_if_it_was_off_already() -> None:
    first = board().turned_off_as_busy("A", SETTINGS)
    assert first == Switch("A", False, NOW_MS + 5 * MINUTE, BUSY, NOW_MS)
    again = board(off(NOW_MS + 30_000)).turned_off_as_busy("A", SETTINGS)
    assert again == Switch("A", False, NOW_MS + MINUTE, BUSY, NOW_MS)
    expired = board(off(NOW_MS)).turned_off_as_busy("A", SETTINGS)
    assert expired == first


@pytest.mark.parametrize("until_ms", [NOW_MS + MINUTE, NOW_MS + 4 * MINUTE, None])
def test_a_switch_that_is_off_for_longer_is_not_cut_short(until_ms: int | None) -> None:
    assert board(off(until_ms)).turned_off_as_busy("A", SETTINGS) is None


@pytest.mark.parametrize("until_ms", [None, NOW_MS + 1, NOW_MS + 4 * 3_600_000])
def test_a_switch_of_an_operator_is_neither_replaced_nor_turned_on(until_ms: int | None) -> None:
    found = board(off(until_ms, reason="operator: news"))
    assert found.turned_off_as_busy("A", SETTINGS) is None
    assert found.turned_on_as_free("A") is None
    assert found.off_as_busy == ()


def test_a_free_symbol_comes_back_on_if_it_was_off_because_it_was_busy() -> None:
    assert board(off(NOW_MS + MINUTE)).turned_on_as_free("A") == Switch("A", True, None, "free again", NOW_MS)
    assert board().turned_on_as_free("A") is None
    assert board(Switch("A", True, None, BUSY, 0)).turned_on_as_free("A") is None


@pytest.mark.parametrize(
    ("until_ms", "expected"), [(NOW_MS + MINUTE, True), (NOW_MS + MINUTE + 1, False), (NOW_MS, False), (None, False)]
)
def test_a_switch_is_about_to_expire_within_the_next_minute(until_ms: int | None, expected: bool) -> None:
    assert board(off(until_ms)).comes_back_soon("A") is expected
