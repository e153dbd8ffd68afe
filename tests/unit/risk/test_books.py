"""What the store says beside the account: how it stands, and whether anybody supervises."""

from __future__ import annotations

import pytest

from mtf_core.risk import AccountCondition, Heartbeat, Standing


def test_an_account_of_which_nothing_was_ever_said_stands_as_it_always_has() -> None:
    assert (Standing().condition, Standing().since_ms, Standing().why) == (AccountCondition.NORMAL, 0, "")


@pytest.mark.parametrize(
    ("beat_ms", "read_ms", "is_alive"),
    [(900, 900, True), (1100, 1100, True), (899, 900, False), (900, 899, False), (1101, 1000, False)],
)
def test_a_supervisor_lives_while_it_beat_and_read_lately_and_neither_is_of_the_time_to_come(
    beat_ms: int, read_ms: int, is_alive: bool
) -> None:
    assert Heartbeat("one", beat_ms, read_ms).is_alive(1000, 100) is is_alive
