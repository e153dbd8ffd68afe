"""Why an order is not taken: each refusal, one cause at a time."""

from typing import Any

import pytest

from mtf_adapters.sandbox.matching.commands import (
    Action,
    CancelOrder,
    Direction,
    PlaceTrailing,
    PlaceTrigger,
    Preset,
    StatusChange,
)
from mtf_adapters.sandbox.matching.events import Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import ContractStatus, MarginMode, Side, TimeInForce, TriggerPrice, TriggerPurpose, UniqueFor
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, contract, order, refused, tick

LAST = TriggerPrice.LAST


def desk(**more: Any) -> Desk:
    found = Desk(**more)
    found.at(100)
    return found


@pytest.mark.parametrize(
    ("words", "size", "price", "more", "refusal"),
    [
        ("open long", 10, None, {"account": "nobody"}, Refusal.UNKNOWN_ACCOUNT),
        ("open long", 10, None, {"symbol": "NONEUSDT"}, Refusal.UNKNOWN_SYMBOL),
        ("open long", 10, 99.7, {}, Refusal.PRICE_OFF_TICK),
        ("open long", 1.5, 99, {}, Refusal.SIZE_OFF_STEP),
        ("open long", 1_000_001, 99, {}, Refusal.SIZE_OUT_OF_RANGE),
        ("open long", 500_001, None, {}, Refusal.SIZE_OUT_OF_RANGE),
        ("open long", 0, 99, {}, Refusal.INVALID),
        ("open long", "NaN", 99, {}, Refusal.INVALID),
        ("open long", "1E+99", 99, {}, Refusal.INVALID),
        ("open long", 10, -1, {}, Refusal.INVALID),
        ("open long", 10, None, {"post_only": True}, Refusal.INVALID),
        ("open long", 10, 99, {"post_only": True, "time_in_force": TimeInForce.IOC}, Refusal.INVALID),
        ("open long", 10, 99, {"leverage": D(51)}, Refusal.LEVERAGE_OUT_OF_RANGE),
        ("open long", 10, 99, {"leverage": D("0.5")}, Refusal.LEVERAGE_OUT_OF_RANGE),
        ("open long", 20_000, 99, {"leverage": D(50)}, Refusal.LEVERAGE_OUT_OF_RANGE),
        ("open long", 20_000, 99, {}, Refusal.NOT_ENOUGH_BALANCE),
        ("close long", 10, None, {}, Refusal.NO_POSITION),
        ("open long", 10, 99, {"client_order_id": "no spaces"}, Refusal.BAD_CLIENT_ID),
        ("open long", 10, 99, {"client_order_id": "x" * 65}, Refusal.BAD_CLIENT_ID),
        ("open long", 10, 99, {"stop": Preset(D(99), LAST)}, Refusal.PRESET_WRONG_SIDE),
        ("open long", 10, 99, {"target": Preset(D("98.5"), LAST)}, Refusal.PRESET_WRONG_SIDE),
        ("open short", 10, 101, {"stop": Preset(D("100.5"), LAST)}, Refusal.PRESET_WRONG_SIDE),
        ("open long", 10, 99, {"stop": Preset(D("98.3"), LAST)}, Refusal.PRICE_OFF_TICK),
    ],
)
def test_an_order_is_refused_for_its_own_fault(
    words: str, size: Any, price: Any, more: dict[str, Any], refusal: Refusal
) -> None:
    found = desk()
    result = found.place(words, size, price, **more)
    assert refused(result) is refusal
    assert result.events == ()


def test_without_a_market_nothing_is_taken() -> None:
    found = Desk()
    assert refused(found.place("open long", 10, 99)) is Refusal.NO_MARKET
    found.at(100, asks=[])
    assert refused(found.place("open long", 10)) is Refusal.NO_MARKET
    accepted(found.place("open long", 10, 99))


def test_an_order_below_the_least_notional_is_refused_and_an_exit_of_any_value_is_not() -> None:
    """5 contracts at 100.5 are worth 5.025."""
    found = desk(contracts=[contract(min_notional=D("5.02"))])
    assert refused(found.place("open long", 5, 100)) is Refusal.NOTIONAL_TOO_SMALL
    accepted(found.place("open long", 5))
    accepted(found.place("close long", 1))


def test_prices_outside_the_band_are_refused() -> None:
    found = desk(rules=VenueRules(price_band=D("0.1")))
    assert refused(found.place("open long", 10, 89.5)) is Refusal.PRICE_OUT_OF_BAND
    accepted(found.place("open long", 10, 90))


def test_an_order_of_another_leverage_or_mode_than_what_is_open_is_refused() -> None:
    found = desk()
    accepted(found.place("open long", 10, 99, leverage=D(5)))
    assert refused(found.place("open long", 10, 99, leverage=D(6))) is Refusal.LEVERAGE_DIFFERS
    crossed = found.place("open short", 10, 101, leverage=D(5), margin_mode=MarginMode.CROSS)
    assert refused(crossed) is Refusal.LEVERAGE_DIFFERS
    accepted(found.place("open long", 10))
    assert found.position().leverage == D(5), "an order that names none takes what is set"


def test_an_order_whose_margin_would_not_outlast_its_maintenance_is_refused() -> None:
    """At 50x the margin is 2 %; the mark 1 % below the ask leaves 1 %, which is the maintenance margin."""
    found = Desk()
    found.at(100, mark=99)
    assert refused(found.place("open long", 10, leverage=D(50))) is Refusal.WOULD_LIQUIDATE
    accepted(found.place("open long", 10, leverage=D(20)))


def test_a_cross_order_is_carried_by_the_account_which_pays_what_it_loses_at_once() -> None:
    """10 at 100.5 with the mark at 99: margin 0.201 at 50x, 0.005025 of fee, 0.15 lost at once."""
    for balance, taken in ((D("0.356025"), True), (D("0.356"), False)):
        found = Desk(balance=balance)
        found.at(100, mark=99)
        result = found.place("open long", 10, leverage=D(50), margin_mode=MarginMode.CROSS)
        assert (accepted(result) > 0) if taken else (refused(result) is Refusal.NOT_ENOUGH_BALANCE)


@pytest.mark.parametrize(
    ("horizon", "again"),
    [(UniqueFor.ALWAYS, False), (UniqueFor.WHILE_OPEN, True), (UniqueFor.UNKNOWN, True)],
)
def test_a_client_id_is_unique_as_long_as_the_venue_says(horizon: UniqueFor, again: bool) -> None:
    found = desk(rules=VenueRules(client_ids_unique_for=horizon))
    accepted(found.place("open long", 10, 99, client_order_id="a"))
    assert refused(found.place("open long", 10, 99, client_order_id="a")) is Refusal.DUPLICATE_CLIENT_ID
    found.at(98)
    repeated = found.place("open long", 10, 97, client_order_id="a")
    assert (accepted(repeated) > 0) if again else (refused(repeated) is Refusal.DUPLICATE_CLIENT_ID)


def test_client_ids_are_as_long_and_of_the_letters_that_the_venue_says() -> None:
    found = desk(rules=VenueRules(client_id_characters=4, client_id_alphabet="a-z"))
    for wrong in ("abcde", "ab1"):
        assert refused(found.place("open long", 10, 99, client_order_id=wrong)) is Refusal.BAD_CLIENT_ID
    accepted(found.place("open long", 10, 99, client_order_id="abcd"))


def test_orders_and_triggers_are_capped_apart() -> None:
    found = desk(rules=VenueRules(most_open_orders=2, most_triggers=1))
    for price in (99, 98):
        accepted(found.place("open long", 10, price))
    assert refused(found.place("open long", 10, 97)) is Refusal.TOO_MANY_ORDERS
    trailing = PlaceTrailing("me", SYMBOL, Action.BUY, D(10), D(90), LAST, D("0.01"), False, Side.LONG)
    accepted(found.do(trailing))
    assert refused(found.do(trailing)) is Refusal.TOO_MANY_ORDERS


def test_closing_only_refuses_entries_and_cancels_those_that_stand() -> None:
    found = desk()
    found.place("open long", 10)
    entry = accepted(found.place("open long", 10, 99))
    leave = accepted(found.place("close long", 10, 105))
    found.do(StatusChange(SYMBOL, ContractStatus.CLOSE_ONLY))
    assert refused(found.place("open long", 10)) is Refusal.CLOSE_ONLY
    assert [view.order_id for view in found.orders()] == [leave]
    assert found.order(entry).state.is_final
    accepted(found.do(CancelOrder("me", SYMBOL, leave)))
    accepted(found.place("close long", 10))


def test_a_tick_or_a_command_of_an_unknown_symbol_changes_nothing() -> None:
    found = desk()
    assert refused(found.do(tick(100, symbol="NONEUSDT"))) is Refusal.UNKNOWN_SYMBOL
    assert found.engine.tick("NONEUSDT") is None


def test_time_does_not_go_back() -> None:
    found = desk()
    with pytest.raises(ValueError, match="time went back"):
        found.engine.apply(order("open long", 10), found.now_ms - 1)


@pytest.mark.parametrize("ratio", [D(0), D(1), D("NaN")])
def test_a_trailing_order_has_a_call_back_between_nothing_and_all(ratio: Any) -> None:
    found = desk()
    trailing = PlaceTrailing("me", SYMBOL, Action.BUY, D(10), D(90), LAST, ratio, False, Side.LONG)
    assert refused(found.do(trailing)) is Refusal.INVALID


def test_a_trigger_without_a_size_reduces_a_whole_position_and_nothing_else() -> None:
    found = desk()
    opening = PlaceTrigger(
        "me",
        SYMBOL,
        Action.BUY,
        None,
        TriggerPurpose.ENTRY,
        D(105),
        LAST,
        Direction.RISES,
        reduce_only=False,
        position_side=Side.LONG,
    )
    assert refused(found.do(opening)) is Refusal.INVALID
