"""Orders as they leave, and what each kind of answer to one comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_core.market import (
    Amendment,
    EntryOrder,
    ExitOrder,
    InvalidOrderError,
    MarginMode,
    OrderKind,
    OrderType,
    PositionMode,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from tests.unit.bitmart.desk import NOW_MS, Desk, desk
from tests.unit.bitmart.loopback import HTML, Answer, ok, refused
from tests.unit.bitmart.payloads import STOP

ENTRY = EntryOrder(
    symbol="BTCUSDT",
    side=Side.LONG,
    size=Decimal(3),
    order_type=OrderType.LIMIT,
    price=Decimal("61100.0"),
    time_in_force=TimeInForce.IOC,
    post_only=False,
    leverage=Decimal(5),
    margin_mode=MarginMode.ISOLATED,
    client_order_id="a1B2c3",
    not_after_ms=NOW_MS + 30_000,
    stop=TriggerLevel(Decimal(60200), TriggerPrice.MARK),
    target=TriggerLevel(Decimal("63000.50"), TriggerPrice.LAST),
)
EXIT = ExitOrder("BTCUSDT", Side.LONG, Decimal(3), OrderType.MARKET, None, TimeInForce.IOC, "x1")
PROTECTION = ProtectiveOrder(
    "BTCUSDT",
    Side.LONG,
    TriggerPurpose.STOP,
    TriggerLevel(Decimal(60200), TriggerPrice.MARK),
    None,
    "sl0001",
)
ACCEPTED = ok({"order_id": 3000248810274561, "price": "61100"})


async def sent(at: Desk, name: str) -> Any:
    (asked,) = at.exchange.of(name)
    return asked.content


async def test_an_entry_says_side_mode_leverage_and_both_presets() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ACCEPTED)
        outcome = await at.trading.submit_entry(ENTRY)
        body = await sent(at, "submit-order")
    assert body == {
        "symbol": "BTCUSDT",
        "client_order_id": "a1B2c3",
        "side": 1,
        "type": "limit",
        "price": "61100",
        "mode": 3,
        "size": 3,
        "leverage": "5",
        "open_type": "isolated",
        "preset_stop_loss_price": "60200",
        "preset_stop_loss_price_type": 2,
        "preset_take_profit_price": "63000.5",
        "preset_take_profit_price_type": 1,
    }
    assert (outcome.result, outcome.order_id, outcome.client_order_id) == (
        WriteResult.ACCEPTED,
        "3000248810274561",
        "a1B2c3",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"side": Side.SHORT}, {"side": 4}),
        ({"time_in_force": TimeInForce.GTC}, {"mode": 1}),
        ({"time_in_force": TimeInForce.FOK}, {"mode": 2}),
        ({"time_in_force": TimeInForce.GTC, "post_only": True}, {"mode": 4}),
        ({"margin_mode": MarginMode.CROSS}, {"open_type": "cross"}),
        ({"price": Decimal("6.11E+4")}, {"price": "61100"}),
        ({"price": Decimal("0.00000120")}, {"price": "0.0000012"}),
    ],
)
async def test_what_changes_of_an_entry_changes_in_its_words(change: dict[str, Any], said: dict[str, Any]) -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ACCEPTED)
        await at.trading.submit_entry(evolve(ENTRY, **change))
        body = await sent(at, "submit-order")
    assert {name: body[name] for name in said} == said


async def test_a_market_entry_has_neither_price_nor_mode() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": 7, "price": "market price"}))
        outcome = await at.trading.submit_entry(
            evolve(ENTRY, order_type=OrderType.MARKET, price=None, stop=None, target=None)
        )
        body = await sent(at, "submit-order")
    assert not {"price", "mode", "preset_stop_loss_price"} & set(body)
    assert (outcome.result, outcome.order_id) == (WriteResult.ACCEPTED, "7")


@pytest.mark.parametrize(("side", "code"), [(Side.LONG, 3), (Side.SHORT, 2)])
async def test_an_exit_closes_by_its_side_code_and_names_no_leverage(side: Side, code: int) -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ACCEPTED)
        await at.trading.submit_exit(evolve(EXIT, side=side))
        body = await sent(at, "submit-order")
    assert body == {"symbol": "BTCUSDT", "client_order_id": "x1", "side": code, "type": "market", "size": 3}


async def test_a_stop_of_the_whole_position_says_so() -> None:
    async with desk() as at:
        at.exchange.answer("submit-tp-sl-order", ok({"order_id": "3000248810274580", "client_order_id": "sl0001"}))
        outcome = await at.trading.submit_protection(PROTECTION)
        body = await sent(at, "submit-tp-sl-order")
    assert body == {
        "symbol": "BTCUSDT",
        "client_order_id": "sl0001",
        "type": "stop_loss",
        "side": 3,
        "trigger_price": "60200",
        "price_type": 2,
        "executive_price": "0",
        "category": "market",
        "plan_category": 2,
    }
    assert outcome.order_id == "3000248810274580"


async def test_a_target_of_a_part_at_a_limit_says_its_size_and_price() -> None:
    order = evolve(
        PROTECTION, side=Side.SHORT, purpose=TriggerPurpose.TARGET, size=Decimal(2), limit_price=Decimal("59000.5")
    )
    async with desk() as at:
        at.exchange.answer("submit-tp-sl-order", ok({"order_id": "1"}))
        await at.trading.submit_protection(order)
        body = await sent(at, "submit-tp-sl-order")
    assert (body["type"], body["side"], body["size"], body["plan_category"]) == ("take_profit", 2, 2, 1)
    assert (body["executive_price"], body["category"]) == ("59000.5", "limit")


@pytest.mark.parametrize(
    "order",
    [
        evolve(ENTRY, size=Decimal("2.5")),
        evolve(ENTRY, client_order_id=""),
        evolve(ENTRY, client_order_id="with-a-dash"),
        evolve(ENTRY, client_order_id="x" * 33),
        evolve(ENTRY, client_order_id="ümlaut"),
    ],
    ids=["a part of a contract", "no id", "a dash", "too long", "no ASCII"],
)
async def test_an_order_that_the_exchange_cannot_take_does_not_leave(order: EntryOrder) -> None:
    async with desk() as at:
        with pytest.raises(ValueError, match=r"id|contracts"):
            await at.trading.submit_entry(order)
        assert at.exchange.asked == []


OUTCOMES = [
    (ACCEPTED, WriteResult.ACCEPTED),
    (refused(40050, "client_order_id duplicate", 403), WriteResult.DUPLICATE),
    (refused(40027, "balance not enough"), WriteResult.REJECTED),
    (refused(42000, "balance not enough", 200), WriteResult.REJECTED),
    (refused(40044, "size out of range"), WriteResult.REJECTED),
    (refused(30013, "Too many requests", 429), WriteResult.RATE_LIMITED),
    (refused(30007, "timestamp", 401), WriteResult.CLOCK_SKEW),
    (refused(30005, "sign", 401), WriteResult.AUTH),
    (refused(30002, "key", 401), WriteResult.AUTH),
    (refused(40047, "region", 403), WriteResult.NOT_ALLOWED_HERE),
    (refused(40014, "offline"), WriteResult.NOT_ALLOWED_HERE),
    (refused(30016, "maintenance", 200), WriteResult.MAINTENANCE),
    (refused(30014, "unavailable", 503), WriteResult.UNKNOWN),
    (refused(40012, "System error", 500), WriteResult.UNKNOWN),
    (refused(47999, "new"), WriteResult.UNKNOWN),
    (HTML, WriteResult.UNKNOWN),
    (Answer(b'{"code":1000,"da', promised=99), WriteResult.UNKNOWN),
    (Answer(drop=True), WriteResult.UNKNOWN),
    (Answer(b"null"), WriteResult.UNKNOWN),
    (ok(None), WriteResult.UNKNOWN),
    (ok({}), WriteResult.UNKNOWN),
    (ok({"order_id": ""}), WriteResult.UNKNOWN),
    (ok({"order_id": 1.5}), WriteResult.UNKNOWN),
]


@pytest.mark.parametrize(("answer", "result"), OUTCOMES)
async def test_each_answer_to_an_entry_is_one_outcome_and_the_entry_left_once(
    answer: Answer, result: WriteResult
) -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", answer)
        outcome = await at.trading.submit_entry(ENTRY)
        assert len(at.exchange.of("submit-order")) == 1
    assert outcome.result is result
    assert outcome.client_order_id == "a1B2c3"
    assert outcome.retry_after_ms == (2000 if result is WriteResult.RATE_LIMITED else 0)


async def test_an_outcome_keeps_the_code_and_the_words_of_the_exchange() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", refused(40043, "price precision"))
        outcome = await at.trading.submit_entry(ENTRY)
    assert (outcome.result, outcome.code, outcome.text) == (WriteResult.REJECTED, "40043", "price precision")


async def test_an_entry_past_its_deadline_never_left() -> None:
    async with desk() as at:
        outcome = await at.trading.submit_entry(evolve(ENTRY, not_after_ms=NOW_MS - 1))
        assert at.exchange.asked == []
    assert outcome.result is WriteResult.EXPIRED_BEFORE_SENT


async def test_an_entry_on_an_exchange_that_cannot_be_reached_was_not_sent() -> None:
    async with desk() as at:
        pass
    outcome = await at.trading.submit_entry(ENTRY)
    await at.rest.aclose()
    assert (outcome.result, outcome.text) == (WriteResult.NOT_SENT, "cannot be reached")


@pytest.mark.parametrize("kind", OrderKind)
@pytest.mark.parametrize("order_id", ["", " "])
async def test_a_cancel_without_an_id_never_leaves(kind: OrderKind, order_id: str) -> None:
    """To this exchange it would mean every order of the symbol."""
    async with desk() as at:
        with pytest.raises(ValueError, match="names its symbol and its order"):
            await at.trading.cancel("BTCUSDT", order_id, kind)
        assert at.exchange.asked == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (OrderKind.LIMIT, "cancel-order"),
        (OrderKind.MARKET, "cancel-order"),
        (OrderKind.TRIGGER, "cancel-plan-order"),
    ],
)
@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (ok({}), WriteResult.ACCEPTED),
        (ok(), WriteResult.ACCEPTED),
        (ok(None), WriteResult.ACCEPTED),
        (refused(40037, "The order id is not exist"), WriteResult.NOT_FOUND),
        (refused(40035, "The order is not exist"), WriteResult.NOT_FOUND),
        (refused(40036, "finished"), WriteResult.ALREADY_SO),
        (Answer(drop=True), WriteResult.UNKNOWN),
    ],
)
async def test_a_cancel_names_its_order_and_may_be_answered_without_data(
    kind: OrderKind, name: str, answer: Answer, result: WriteResult
) -> None:
    async with desk() as at:
        at.exchange.answer(name, answer)
        outcome = await at.trading.cancel("BTCUSDT", "3000248810274561", kind)
        body = await sent(at, name)
    assert body == {"symbol": "BTCUSDT", "order_id": "3000248810274561"}
    assert (outcome.result, outcome.order_id) == (result, "3000248810274561")


async def test_a_resting_order_is_amended_by_what_changes() -> None:
    async with desk() as at:
        at.exchange.answer("modify-limit-order", ok({"order_id": 3000248810274561}))
        amendment = Amendment("BTCUSDT", "3000248810274561", price=Decimal(61050), size=Decimal(4))
        outcome = await at.trading.amend(amendment)
        body = await sent(at, "modify-limit-order")
    assert body == {"symbol": "BTCUSDT", "order_id": 3000248810274561, "price": "61050", "size": 4}
    assert outcome.result is WriteResult.ACCEPTED


@pytest.mark.parametrize(("category", "whole"), [(1, False), (2, True)])
async def test_a_stop_that_moves_keeps_everything_else_of_it(category: int, whole: bool) -> None:
    async with desk() as at:
        at.exchange.answer("current-plan-order", ok([{**STOP, "plan_category": category}]))
        at.exchange.answer("modify-tp-sl-order", ok({"order_id": STOP["order_id"]}))
        outcome = await at.trading.amend(moved_stop(Decimal(60400)))
        body = await sent(at, "modify-tp-sl-order")
    assert body == {
        "symbol": "BTCUSDT",
        "order_id": STOP["order_id"],
        "trigger_price": "60400",
        "price_type": 1,
        "executive_price": "0",
        "category": "market",
        "plan_category": category,
    }
    assert (outcome.result, outcome.order_id) == (WriteResult.ACCEPTED, STOP["order_id"])


def moved_stop(price: Decimal) -> Amendment:
    level = TriggerLevel(price, TriggerPrice.LAST)
    return Amendment("BTCUSDT", STOP["order_id"], trigger=level, purpose=TriggerPurpose.STOP)


async def test_a_plan_order_is_amended_by_its_own_call() -> None:
    plan = {**STOP, "type": "plan", "side": 1, "executive_price": "62010"}
    async with desk() as at:
        at.exchange.answer("current-plan-order", ok([plan]))
        at.exchange.answer("modify-plan-order", ok({"order_id": STOP["order_id"]}))
        await at.trading.amend(
            Amendment("BTCUSDT", STOP["order_id"], price=Decimal(62110), purpose=TriggerPurpose.ENTRY)
        )
        body = await sent(at, "modify-plan-order")
    assert body == {
        "symbol": "BTCUSDT",
        "order_id": STOP["order_id"],
        "trigger_price": "60200",
        "price_type": 2,
        "type": "limit",
        "executive_price": "62110",
    }


@pytest.mark.parametrize(
    ("answer", "result"),
    [(ok([]), WriteResult.NOT_FOUND), (refused(30014, status=503), WriteResult.NOT_SENT)],
)
async def test_a_stop_that_cannot_be_read_is_not_amended(answer: Answer, result: WriteResult) -> None:
    async with desk() as at:
        at.exchange.answer("current-plan-order", answer)
        outcome = await at.trading.amend(moved_stop(Decimal(60400)))
        assert not [asked for asked in at.exchange.asked if asked.method == "POST"]
    assert outcome.result is result


@pytest.mark.parametrize(
    "amendment",
    [
        Amendment("BTCUSDT", "1", size=Decimal(4), purpose=TriggerPurpose.STOP),
        Amendment("BTCUSDT", "1", trigger=TriggerLevel(Decimal(1), TriggerPrice.LAST)),
        Amendment("BTCUSDT", "one", price=Decimal(1)),
        Amendment("BTCUSDT", "1", size=Decimal("1.5")),
    ],
    ids=[
        "the size of a stop",
        "a trigger of one that does not wait",
        "an id of another exchange",
        "part of a contract",
    ],
)
async def test_what_cannot_be_amended_does_not_leave(amendment: Amendment) -> None:
    async with desk() as at:
        with pytest.raises((InvalidOrderError, ValueError)):
            await at.trading.amend(amendment)
        assert at.exchange.asked == []


async def protect(at: Desk) -> WriteOutcome:
    return await at.trading.submit_protection(PROTECTION)


async def set_leverage(at: Desk) -> WriteOutcome:
    return await at.trading.set_leverage("BTCUSDT", Decimal(5), MarginMode.ISOLATED)


@pytest.mark.parametrize(
    ("name", "answer", "write"),
    [
        (
            "modify-limit-order",
            {"order_id": 7},
            lambda at: at.trading.amend(Amendment("BTCUSDT", "8", price=Decimal(9))),
        ),
        ("submit-tp-sl-order", {"order_id": "7", "client_order_id": "sl0002"}, protect),
        (
            "submit-leverage",
            {"symbol": "ETHUSDT", "leverage": "5", "open_type": "isolated"},
            set_leverage,
        ),
        (
            "submit-leverage",
            {"symbol": "BTCUSDT", "leverage": "10", "open_type": "isolated"},
            set_leverage,
        ),
        ("submit-leverage", {"symbol": "BTCUSDT", "leverage": "5", "open_type": "cross"}, set_leverage),
        (
            "set-position-mode",
            {"position_mode": "one_way_mode"},
            lambda at: at.trading.set_position_mode(PositionMode.HEDGE),
        ),
        ("cancel-all-after", {"result": False}, lambda at: at.trading.cancel_all_after("BTCUSDT", 10)),
    ],
    ids=["amended", "stop", "symbol", "leverage", "margin", "mode", "timer"],
)
async def test_an_acceptance_of_something_else_proves_nothing(
    name: str, answer: Any, write: Callable[[Desk], Awaitable[WriteOutcome]]
) -> None:
    async with desk() as at:
        at.exchange.answer(name, ok(answer))
        outcome = await write(at)
        assert len(at.exchange.of(name)) == 1
    assert (outcome.result, outcome.order_id) == (WriteResult.UNKNOWN, "")
    assert "not to this request" in outcome.text


async def test_a_leverage_that_is_answered_in_other_digits_is_the_same() -> None:
    async with desk() as at:
        at.exchange.answer("submit-leverage", ok({"symbol": "BTCUSDT", "leverage": "5.00", "open_type": "Isolated"}))
        assert (await set_leverage(at)).result is WriteResult.ACCEPTED


async def test_the_answer_to_an_earlier_order_does_not_make_a_later_one_accepted() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ACCEPTED)
        first = await at.trading.submit_entry(ENTRY)
        again = await at.trading.submit_exit(EXIT)
        assert len(at.exchange.of("submit-order")) == 2
    assert first.result is WriteResult.ACCEPTED
    assert (again.result, again.order_id) == (WriteResult.UNKNOWN, "")


@pytest.mark.parametrize("order_id", [0, -5, "", "7 8", "7\n", "seven", 7.0, True, [7]])
async def test_an_acceptance_without_the_id_of_an_order_proves_nothing(order_id: object) -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": order_id, "price": "61100"}))
        outcome = await at.trading.submit_entry(ENTRY)
    assert (outcome.result, outcome.order_id) == (WriteResult.UNKNOWN, "")


async def test_leverage_mode_and_timer_are_set_in_the_exchange_s_words() -> None:
    async with desk() as at:
        for name in ("submit-leverage", "set-position-mode", "cancel-all-after"):
            at.exchange.answer(name, ok({}))
        outcomes = [
            await at.trading.set_leverage("BTCUSDT", Decimal("10.0"), MarginMode.CROSS),
            await at.trading.set_position_mode(PositionMode.ONE_WAY),
            await at.trading.cancel_all_after("BTCUSDT", 15),
            await at.trading.cancel_all_after("BTCUSDT", 0),
        ]
        bodies = [asked.content for asked in at.exchange.asked]
    assert bodies == [
        {"symbol": "BTCUSDT", "leverage": "10", "open_type": "cross"},
        {"position_mode": "one_way_mode"},
        {"symbol": "BTCUSDT", "timeout": 15},
        {"symbol": "BTCUSDT", "timeout": 0},
    ]
    assert {outcome.result for outcome in outcomes} == {WriteResult.ACCEPTED}


@pytest.mark.parametrize(("symbol", "seconds"), [("BTCUSDT", 4), ("BTCUSDT", -1), ("", 15)])
async def test_a_timer_that_the_exchange_does_not_have_is_refused(symbol: str, seconds: int) -> None:
    async with desk() as at:
        with pytest.raises(ValueError, match="timer"):
            await at.trading.cancel_all_after(symbol, seconds)
        assert at.exchange.asked == []


async def test_after_a_refusal_for_its_time_an_entry_waits_until_the_clock_was_read_again() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", refused(30007, "timestamp", 401), ACCEPTED)
        assert (await at.trading.submit_entry(ENTRY)).result is WriteResult.CLOCK_SKEW
        at.exchange.answer("time", refused(30014, status=503))
        assert (await at.trading.submit_entry(ENTRY)).result is WriteResult.NOT_SENT
        at.exchange.answer("time", ok({"server_time": NOW_MS - 90_000}))
        assert (await at.trading.submit_entry(ENTRY)).result is WriteResult.ACCEPTED
        *_, last = at.exchange.of("submit-order")
        looks = len(at.exchange.of("time"))
        await at.trading.submit_entry(ENTRY)
        assert len(at.exchange.of("time")) == looks, "a clock that was read again is believed"
        assert len(at.exchange.of("submit-order")) == 3
    assert last.headers["x-bm-timestamp"] == str(NOW_MS - 90_000)


async def test_an_exit_leaves_whether_or_not_the_clock_is_known() -> None:
    """To be refused for its time is no worse than not to leave."""
    async with desk() as at:
        at.exchange.answer("submit-order", refused(30007, "timestamp", 401), ACCEPTED)
        at.exchange.answer("time", refused(30014, status=503))
        await at.trading.submit_exit(EXIT)
        assert (await at.trading.submit_exit(EXIT)).result is WriteResult.ACCEPTED
        assert len(at.exchange.of("time")) == 1, "one look, and then it leaves all the same"
