"""Days of a replayed account, and the limits on what it may lose in them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import MINUTE_MS, parse_instant, to_ms
from mtf_core.reasons import Reason
from mtf_core.replay.ledger import Fate, Ledger
from mtf_core.settings.profile import Profile
from tests.unit.replay.recorded import Row, a_profile, replayed

D = Decimal
MIDNIGHT_MS = to_ms(parse_instant("2026-01-07T00:00Z"))
FILLED: tuple[Row, ...] = (100, 100.5, (100.5, 100.5, 100, 100.4))
"""The entry at 100.1 fills in minute 2: 3.33 coins."""


def limited(usdt: object, **changes: object) -> Profile:
    return a_profile(risk=evolve(a_profile().trade_entry.risk, daily_max_loss_usdt=D(str(usdt)), **changes))


def days(*rows: Row, minutes_before_midnight: int, at: tuple[int, ...], profile: Profile, each: bool = False) -> Ledger:
    decided_ms = MIDNIGHT_MS - minutes_before_midnight * MINUTE_MS
    return replayed(*rows, decided_ms=decided_ms, at=at, profile=profile, each_minute=each)


def test_a_day_begins_with_what_its_last_minute_left_and_not_with_a_position_that_was_stopped_in_it() -> None:
    """Minute 3, the last of its day, stops the position and ends at 106, where it would have been worth 19.6 more: the
    next day has lost nothing. It is READY again in minute 18, when the symbol's switch is on again."""
    rows = (*FILLED, (100.4, 106, 98.6, 106), *[100.0] * 20)
    ledger = days(*rows, minutes_before_midnight=4, at=(0, 19), profile=limited(10))
    assert [row.fate for row in ledger.ready] == [Fate.TRADED, Fate.STILL_OPEN]


def test_what_was_lost_today_locks_for_today() -> None:
    """5.26 of 6 are lost: another loss of as much at its stop does not fit. The next day it does."""
    rows = (*FILLED, (100.4, 100.4, 98.6, 99), *[100.0] * 40)
    ledger = days(*rows, minutes_before_midnight=25, at=(0, 19, 26), profile=limited(6))
    assert [row.reason for row in ledger.ready] == [None, Reason.OPEN_LOSS_TOO_LARGE, None]
    locked = days(*rows, minutes_before_midnight=25, at=(0, 19, 26), profile=limited("5.27"))
    assert [row.reason for row in locked.ready][:2] == [None, Reason.OPEN_LOSS_TOO_LARGE]


@pytest.mark.parametrize("each", [False, True])
def test_an_open_loss_that_reaches_the_limit_locks_although_it_is_won_back(each: bool) -> None:
    """The day begins with a profit of 2.8 x 3.33 = 9.324. Minute 6 ends at 99.8, 10.323 below that; minute 7 reaches
    the target, and the day has won: it stays locked all the same, until the next one."""
    rows = (*FILLED, 102.9, 102.9, 102.9, (102.9, 102.9, 99.8, 99.8), (99.8, 103.1, 99.8, 103), *[100.0] * 1500)
    profile = limited(10)
    ledger = days(*rows, minutes_before_midnight=5, at=(0, 20, 1450), profile=profile, each=each)
    assert [row.reason for row in ledger.ready] == [None, Reason.DAILY_LOSS_LIMIT_REACHED, None]
    counts_less = limited(10, daily_loss_count_unrealized=False)
    ledger = days(*rows, minutes_before_midnight=5, at=(0, 20), profile=counts_less, each=each)
    assert [row.reason for row in ledger.ready] == [None, None]
