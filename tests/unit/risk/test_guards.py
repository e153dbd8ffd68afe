"""Guards on money: each says no for its own reason, in a fixed order, and what is unknown is a no."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_core.market import AccountState, OpenOrder, OrderKind, Position, Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.risk import GLOBAL_SWITCH, DayLock, DayLoss, GuardFacts, ProposedEntry, Switch, Switchboard, refusal
from mtf_core.settings.trade_entry import RiskSettings

NOW_MS = 1_772_452_800_000
ENTRY = ProposedEntry("AUSDT", Timeframe.M5, Side.LONG)
LOCK = DayLock(NOW_MS, "scalper", Decimal(1000), Decimal(30), NOW_MS)


def position(symbol: str) -> Position:
    return Position(symbol, Side.LONG, Decimal(1), Decimal(1), Decimal(5), Decimal(0))


def order(symbol: str, *, reduce_only: bool = False) -> OpenOrder:
    return OpenOrder(symbol, f"id-{symbol}", "", OrderKind.LIMIT, Side.LONG, Decimal(1), Decimal(1), reduce_only)


def off(key: str, reason: str = "operator") -> Switch:
    return Switch(key, False, None, reason, NOW_MS)


def facts(
    *switches: Switch,
    positions: tuple[Position, ...] = (),
    orders: tuple[OpenOrder, ...] = (),
    allowed: int = 0,
    lock: DayLock | None = None,
) -> GuardFacts:
    account = AccountState(NOW_MS, Decimal(1000), Decimal(1000), positions, orders)
    loss = DayLoss(Decimal(1000), Decimal(30 if lock else 0), lock)
    risk = RiskSettings(max_concurrent_positions=allowed)
    return GuardFacts(Switchboard.of(switches, NOW_MS), risk, account, loss)


def reason(known: GuardFacts) -> Reason | None:
    skip = refusal(ENTRY, known)
    return None if skip is None else skip.reason


def test_nothing_stands_against_an_entry_where_nothing_is_wrong() -> None:
    assert reason(facts(off("BUSDT"), off("AUSDT:1m"), positions=(position("BUSDT"),))) is None


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"switches": (off(GLOBAL_SWITCH),)}, Reason.KILL_SWITCH_ON),
        ({"switches": (off("AUSDT"),)}, Reason.SYMBOL_SWITCHED_OFF),
        ({"switches": (off("AUSDT:5m"),)}, Reason.SYMBOL_SWITCHED_OFF),
        ({"lock": LOCK}, Reason.DAILY_LOSS_LIMIT_REACHED),
        ({"positions": (position("BUSDT"),), "allowed": 1}, Reason.MAX_CONCURRENT_POSITIONS_REACHED),
        ({"orders": (order("BUSDT"),), "allowed": 1}, Reason.MAX_CONCURRENT_POSITIONS_REACHED),
        ({"positions": (position("AUSDT"),)}, Reason.SYMBOL_BUSY),
        ({"orders": (order("AUSDT", reduce_only=True),)}, Reason.SYMBOL_BUSY),
    ],
)
def test_each_guard_has_its_reason(wrong: dict[str, Any], expected: Reason) -> None:
    assert reason(facts(*wrong.pop("switches", ()), **wrong)) is expected


def test_the_guards_speak_in_their_order() -> None:
    everything = facts(
        off(GLOBAL_SWITCH), off("AUSDT"), positions=(position("AUSDT"), position("BUSDT")), allowed=1, lock=LOCK
    )
    assert reason(evolve(everything, account=None)) is Reason.ACCOUNT_STATE_UNKNOWN
    assert reason(everything) is Reason.KILL_SWITCH_ON
    everything = evolve(everything, switchboard=Switchboard.of((off("AUSDT"),), NOW_MS))
    assert reason(everything) is Reason.SYMBOL_SWITCHED_OFF
    everything = evolve(everything, switchboard=Switchboard.of((off("AUSDT", "busy"),), NOW_MS))
    assert reason(everything) is Reason.DAILY_LOSS_LIMIT_REACHED, "off as busy is no reason of its own"
    everything = evolve(everything, loss=evolve(everything.loss, lock=None))
    assert reason(everything) is Reason.MAX_CONCURRENT_POSITIONS_REACHED
    assert reason(evolve(everything, risk=RiskSettings())) is Reason.SYMBOL_BUSY


def test_an_account_without_a_measured_day_refuses() -> None:
    assert reason(evolve(facts(), loss=None)) is Reason.ACCOUNT_STATE_UNKNOWN


def test_each_entry_of_a_run_counts_for_those_after_it_and_a_closing_order_never_does() -> None:
    known = facts(positions=(position("BUSDT"),), orders=(order("BUSDT"), order("C", reduce_only=True)), allowed=2)
    assert reason(known) is None
    skip = refusal(ENTRY, known.with_one_more())
    assert skip is not None
    assert (skip.reason, skip.facts) == (
        Reason.MAX_CONCURRENT_POSITIONS_REACHED,
        (("open", 2), ("allowed", 2)),
    )
