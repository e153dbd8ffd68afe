"""Which refusals of the real account our own recorded orders explain."""

from __future__ import annotations

import pytest
from attrs import evolve

from mtf_core.market import DAY_MS, MINUTE_MS
from mtf_core.reasons import Reason
from mtf_core.replay.comparing.own_orders import OwnOrder, OwnOrders
from tests.unit.files.shipped import shipped
from tests.unit.replay.ledgers import START_MS, a_trade

PROFILE = shipped("scalper_micro")
LOST, WON = a_trade(-1, opened_ms=START_MS).trade, a_trade(1, opened_ms=START_MS).trade
NOW_MS = START_MS + 3 * 60 * MINUTE_MS


def own(*orders: OwnOrder) -> OwnOrders:
    return OwnOrders(orders, PROFILE)


def an_order(symbol: str = "BTCUSDT", from_ms: int = NOW_MS - MINUTE_MS, until_ms: int | None = None) -> OwnOrder:
    return OwnOrder(f"{symbol}:5m:{from_ms}:long", symbol, from_ms, until_ms, None)


def explains(orders: OwnOrders, reason: Reason, symbol: str = "BTCUSDT", key: str | None = None) -> bool:
    return orders.explain(reason, symbol, key, NOW_MS)


@pytest.mark.parametrize(
    "reason", [Reason.HAS_OPEN_ORDERS_OR_POSITIONS, Reason.SYMBOL_SWITCHED_OFF, Reason.SYMBOL_BUSY]
)
def test_a_symbol_is_taken_by_an_order_of_its_own_alone(reason: Reason) -> None:
    assert explains(own(an_order()), reason)
    assert not explains(own(an_order("ETHUSDT")), reason)
    assert not explains(own(), reason)


def test_its_switch_stays_off_for_a_while_after_it() -> None:
    minutes = PROFILE.trading.switches.after_order_minutes
    early = an_order(from_ms=START_MS, until_ms=NOW_MS - (minutes - 1) * MINUTE_MS)
    assert explains(own(early), Reason.SYMBOL_SWITCHED_OFF)
    earlier = evolve(early, ended_ms=NOW_MS - (minutes + 5) * MINUTE_MS)
    assert not explains(own(earlier), Reason.SYMBOL_SWITCHED_OFF)


def test_the_account_is_full_by_so_many_symbols_as_are_allowed() -> None:
    most = PROFILE.trade_entry.risk.max_concurrent_positions
    living = [an_order(f"A{number}USDT") for number in range(most)]
    assert explains(own(*living), Reason.MAX_CONCURRENT_POSITIONS_REACHED)
    assert not explains(own(*living[1:]), Reason.MAX_CONCURRENT_POSITIONS_REACHED)
    over = [evolve(one, ended_ms=NOW_MS - 10 * MINUTE_MS) for one in living]
    assert not explains(own(*over), Reason.MAX_CONCURRENT_POSITIONS_REACHED)


def test_a_limit_on_losses_is_reached_by_a_loss_of_ours_that_was_booked_before() -> None:
    def with_trade(trade: object, closed_ms: int) -> OwnOrders:
        return own(evolve(an_order(until_ms=closed_ms), trade=evolve(trade, closed_ms=closed_ms)))

    for reason in (Reason.DAILY_LOSS_LIMIT_REACHED, Reason.CONSECUTIVE_LOSSES_REACHED):
        assert explains(with_trade(LOST, NOW_MS - MINUTE_MS), reason)
        assert not explains(with_trade(WON, NOW_MS - MINUTE_MS), reason)
        assert not explains(with_trade(LOST, NOW_MS + 10 * MINUTE_MS), reason)
        assert not explains(with_trade(LOST, NOW_MS - 9 * DAY_MS), reason)


def test_a_key_is_taken_by_its_own_intent() -> None:
    order = an_order(from_ms=START_MS, until_ms=START_MS + MINUTE_MS)
    assert explains(own(order), Reason.DUPLICATE_DECISION_KEY, key=order.key)
    assert not explains(own(order), Reason.DUPLICATE_DECISION_KEY, key="another")


@pytest.mark.parametrize(
    "reason",
    [
        Reason.KILL_SWITCH_ON,
        Reason.SUPERVISOR_NOT_RUNNING,
        Reason.RECOVERY,
        Reason.ACCOUNT_SHARED,
        Reason.SYMBOL_LOCKED,
        Reason.ACCOUNT_STATE_UNKNOWN,
        Reason.MODES_DIFFER,
        Reason.EXIT_BUDGET_LOW,
    ],
)
def test_what_others_did_or_did_not_do_is_never_explained(reason: Reason) -> None:
    lost = evolve(an_order("ETHUSDT", START_MS, NOW_MS - MINUTE_MS), trade=LOST)
    assert not explains(own(*(an_order(f"A{number}USDT") for number in range(9)), an_order(), lost), reason)


def test_others_at_an_instant_are_those_that_lived_just_then() -> None:
    living, over, later = an_order("A1USDT"), an_order("A2USDT", START_MS, NOW_MS), an_order("A3USDT", NOW_MS + 1)
    assert own(living, over, later).others_at(NOW_MS, None) == {"A1USDT"}
    assert own(living, over, later).others_at(NOW_MS, living.key) == frozenset()
