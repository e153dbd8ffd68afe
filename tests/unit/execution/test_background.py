"""What a look goes by beside the exchange: nothing that is not known opens or cancels anything."""

from __future__ import annotations

from mtf_core.execution.background import Background
from mtf_core.orders import Asked, AskedKind
from mtf_core.ports import Request
from mtf_core.risk import AccountCondition, Span, Standing
from tests.unit.risk.facts import DAY_START_MS, NOW_MS, lock


def test_until_the_store_has_spoken_and_in_recovery_nothing_but_protection_leaves() -> None:
    assert Background(is_known=False).in_recovery
    assert Background(Standing(AccountCondition.RECOVERY)).in_recovery
    assert not Background().in_recovery
    assert not Background(Standing(AccountCondition.SHARED)).in_recovery


def test_locks_of_every_profile_hold_for_their_span() -> None:
    over = lock(start_ms=DAY_START_MS - 86_400_000)
    day, streak = lock(), lock(Span.STREAK, loss=3, profile="regular")
    known = Background(locks={"scalper": (over, day), "regular": (streak,)})
    assert known.held_locks(NOW_MS) == (day, streak)


def test_a_wish_is_for_its_symbol_and_of_a_kind_that_is_known() -> None:
    wishes = tuple(
        Request(number, symbol, kind, {"stop": "97"}, "anna", NOW_MS)
        for number, symbol, kind in ((1, "BTCUSDT", "protect"), (2, "ETHUSDT", "close"), (3, "BTCUSDT", "of tomorrow"))
    )
    asked = Background(requests=wishes).asked_of("BTCUSDT")
    assert asked == (Asked(1, AskedKind.PROTECT, {"stop": "97"}, "anna", NOW_MS),)
