"""Orders as they leave, and what each kind of answer to one comes to."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_core.market import (
    Amendment,
    InvalidOrderError,
    MarginMode,
    OrderKind,
    PositionMode,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from tests.unit.bitmart.loopback import HTML, Answer
from tests.unit.okx.desk import NOW_MS, Desk, desk, ok, refused, row_refused
from tests.unit.okx.payloads import ALGO, ALGO_PLACED, BTC, ORDER, PLACED
from tests.unit.okx.test_bodies import ENTRY as LIMIT
from tests.unit.okx.test_bodies import EXIT, PROTECTION

ENTRY = evolve(LIMIT, not_after_ms=NOW_MS + 20_000)
ACCEPTED = ok(PLACED)


async def sent(at: Desk, name: str) -> Any:
    (asked,) = at.of(name)
    return asked.content


async def test_an_entry_leaves_with_its_words_and_its_last_instant() -> None:
    async with desk() as at:
        at.answer("order", ACCEPTED)
        outcome = await at.trading.submit_entry(ENTRY)
        (asked,) = at.of("order")
    assert (asked.method, asked.content["clOrdId"], asked.content["ordType"]) == ("POST", "a1B2c3", "ioc")
    assert asked.headers["exptime"] == str(ENTRY.not_after_ms)
    assert asked.headers["x-simulated-trading"] == "1"
    assert (outcome.result, outcome.order_id, outcome.client_order_id) == (
        WriteResult.ACCEPTED,
        PLACED["ordId"],
        "a1B2c3",
    )


async def test_exits_and_stops_have_no_last_instant() -> None:
    async with desk() as at:
        at.answer("order", ok({**PLACED, "clOrdId": "x1"}))
        at.answer("order-algo", ok(ALGO_PLACED))
        closed = await at.trading.submit_exit(EXIT)
        stopped = await at.trading.submit_protection(PROTECTION)
        assert not [asked for asked in at.exchange.asked if "exptime" in asked.headers]
        assert (await sent(at, "order-algo"))["closeFraction"] == "1"
    assert (closed.result, closed.order_id) == (WriteResult.ACCEPTED, PLACED["ordId"])
    assert (stopped.result, stopped.order_id) == (WriteResult.ACCEPTED, ALGO_PLACED["algoId"])


OUTCOMES = [
    (ACCEPTED, WriteResult.ACCEPTED),
    (ok({**PLACED, "clOrdId": ""}), WriteResult.ACCEPTED),
    (row_refused("51016", "duplicate clOrdId"), WriteResult.DUPLICATE),
    (row_refused("51008", "insufficient margin"), WriteResult.REJECTED),
    (row_refused("51121", "lot size"), WriteResult.REJECTED),
    (row_refused("51006", "price band"), WriteResult.REJECTED),
    (row_refused("51149", "timed out"), WriteResult.UNKNOWN),
    (row_refused("51054", "timed out"), WriteResult.UNKNOWN),
    (row_refused("50061", "sub-account limit"), WriteResult.RATE_LIMITED),
    (refused("50004", "endpoint timeout"), WriteResult.UNKNOWN),
    (refused("50011", "too many requests", 429), WriteResult.RATE_LIMITED),
    (refused("50102", "timestamp expired", 401), WriteResult.CLOCK_SKEW),
    (refused("50113", "invalid sign", 401), WriteResult.AUTH),
    (refused("50119", "API key doesn't exist", 401), WriteResult.AUTH),
    (refused("50101", "environment", 401), WriteResult.AUTH),
    (refused("58999", "new", 200), WriteResult.UNKNOWN),
    (refused("50001", "unavailable", 503), WriteResult.UNKNOWN),
    (HTML, WriteResult.UNKNOWN),
    (Answer(b'{"code":"0","da', promised=99), WriteResult.UNKNOWN),
    (Answer(drop=True), WriteResult.UNKNOWN),
    (Answer(b"null"), WriteResult.UNKNOWN),
    (ok(), WriteResult.UNKNOWN),
    (ok(PLACED, PLACED), WriteResult.UNKNOWN),
    (ok({}), WriteResult.UNKNOWN),
    (ok({**PLACED, "sCode": ""}), WriteResult.UNKNOWN),
    (ok({**PLACED, "ordId": ""}), WriteResult.UNKNOWN),
    (ok({**PLACED, "ordId": "0"}), WriteResult.UNKNOWN),
    (ok({**PLACED, "ordId": 1.5}), WriteResult.UNKNOWN),
    (ok({**PLACED, "clOrdId": "other"}), WriteResult.UNKNOWN),
    (ok("a text"), WriteResult.UNKNOWN),
]


@pytest.mark.parametrize(("answer", "result"), OUTCOMES)
async def test_each_answer_to_an_entry_is_one_outcome_and_the_entry_left_once(
    answer: Answer, result: WriteResult
) -> None:
    async with desk() as at:
        at.answer("order", answer)
        outcome = await at.trading.submit_entry(ENTRY)
        assert len(at.of("order")) == 1
    assert outcome.result is result
    assert outcome.client_order_id == "a1B2c3"
    assert outcome.order_id == (PLACED["ordId"] if result is WriteResult.ACCEPTED else "")
    assert bool(outcome.retry_after_ms) == (result is WriteResult.RATE_LIMITED)


async def test_the_row_s_code_counts_and_not_that_of_the_whole_answer() -> None:
    """Code 2 says that some of the rows failed; with code 0 around it, a row may be refused all the same."""
    for code in ("0", "1", "2"):
        body = {"code": code, "msg": "", "data": [{"sCode": "51008", "sMsg": "Insufficient margin", "ordId": ""}]}
        async with desk() as at:
            at.answer("order", Answer(json.dumps(body).encode()))
            outcome = await at.trading.submit_entry(ENTRY)
        assert (outcome.result, outcome.code) == (WriteResult.REJECTED, "51008")
        assert "Insufficient margin" in outcome.text


async def test_an_order_that_was_given_out_before_is_not_this_one_s() -> None:
    """An answer that comes twice says nothing of the second request."""
    async with desk() as at:
        at.answer("order", ok({**PLACED, "clOrdId": ""}))
        first = await at.trading.submit_entry(ENTRY)
        second = await at.trading.submit_entry(evolve(ENTRY, client_order_id="b2"))
        again = await at.trading.submit_entry(ENTRY)
    assert (first.result, second.result, again.result) == (
        WriteResult.ACCEPTED,
        WriteResult.UNKNOWN,
        WriteResult.ACCEPTED,
    )
    assert second.order_id == ""


@pytest.mark.parametrize(
    "answer",
    [ok({**ALGO_PLACED, "algoClOrdId": "sl0002"}), ok({**ALGO_PLACED, "algoId": ""}), ok(PLACED)],
    ids=["another's id", "no id", "an order of the book"],
)
async def test_a_stop_that_the_answer_does_not_name_is_not_known_to_stand(answer: Answer) -> None:
    async with desk() as at:
        at.answer("order-algo", answer)
        outcome = await at.trading.submit_protection(PROTECTION)
    assert (outcome.result, outcome.order_id) == (WriteResult.UNKNOWN, "")


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
    assert outcome.result is WriteResult.NOT_SENT


async def test_without_a_key_nothing_leaves() -> None:
    async with desk(credentials=None) as at:
        outcome = await at.trading.submit_exit(EXIT)
        assert at.exchange.asked == []
    assert outcome.result is WriteResult.NOT_SENT


@pytest.mark.parametrize("kind", OrderKind)
@pytest.mark.parametrize(("symbol", "order_id"), [(BTC, ""), (BTC, " "), ("", "1")])
async def test_a_cancel_without_an_order_never_leaves(kind: OrderKind, symbol: str, order_id: str) -> None:
    async with desk() as at:
        with pytest.raises(ValueError, match="names its symbol and its order"):
            await at.trading.cancel(symbol, order_id, kind)
        assert at.exchange.asked == []


CANCELS = [
    (OrderKind.LIMIT, "cancel-order", {"instId": BTC, "ordId": "7"}, "ordId"),
    (OrderKind.MARKET, "cancel-order", {"instId": BTC, "ordId": "7"}, "ordId"),
    (OrderKind.TRIGGER, "cancel-algos", [{"instId": BTC, "algoId": "7"}], "algoId"),
]


@pytest.mark.parametrize(("kind", "name", "body", "key"), CANCELS)
@pytest.mark.parametrize(
    ("row", "result"),
    [
        ({"sCode": "0"}, WriteResult.ACCEPTED),
        ({"sCode": "0", "ordId": "8", "algoId": "8"}, WriteResult.UNKNOWN),
        ({"sCode": "51149"}, WriteResult.UNKNOWN),
        ({}, WriteResult.UNKNOWN),
    ],
)
async def test_a_cancel_names_its_order_and_its_row_says_what_came_of_it(
    kind: OrderKind, name: str, body: Any, key: str, row: dict[str, str], result: WriteResult
) -> None:
    async with desk() as at:
        at.answer(name, ok({key: "7", "sMsg": "", **row}))
        outcome = await at.trading.cancel(BTC, "7", kind)
        assert await sent(at, name) == body
    assert outcome.result is result


@pytest.mark.parametrize(("kind", "name", "body", "key"), CANCELS)
async def test_a_cancel_of_what_is_gone_proves_nothing_of_what_became_of_it(
    kind: OrderKind, name: str, body: Any, key: str
) -> None:
    """One code stands for filled, cancelled and never known: only a look at the order tells."""
    async with desk() as at:
        at.answer(name, row_refused("51400", "cancelled, filled or not there", **{key: "7"}))
        outcome = await at.trading.cancel(BTC, "7", kind)
    assert outcome.result is WriteResult.NOT_FOUND


async def test_a_resting_order_is_amended_by_what_changes() -> None:
    async with desk() as at:
        at.answer("amend-order", ok({"ordId": ORDER["ordId"], "sCode": "0", "sMsg": "", "reqId": ""}))
        outcome = await at.trading.amend(Amendment(BTC, ORDER["ordId"], price=Decimal(61050)))
        body = await sent(at, "amend-order")
    assert body == {"instId": BTC, "ordId": ORDER["ordId"], "newPx": "61050"}
    assert (outcome.result, outcome.order_id) == (WriteResult.ACCEPTED, ORDER["ordId"])


def moved_stop() -> Amendment:
    level = TriggerLevel(Decimal(60400), TriggerPrice.MARK)
    return Amendment(BTC, ALGO["algoId"], trigger=level, purpose=TriggerPurpose.STOP)


async def test_a_stop_moves_in_one_call_and_without_being_read() -> None:
    async with desk() as at:
        at.answer("amend-algos", ok({"algoId": ALGO["algoId"], "sCode": "0", "sMsg": ""}))
        outcome = await at.trading.amend(moved_stop())
        body = await sent(at, "amend-algos")
        assert len(at.exchange.asked) == 1
    assert body == {
        "instId": BTC,
        "algoId": ALGO["algoId"],
        "newSlTriggerPx": "60400",
        "newSlTriggerPxType": "mark",
    }
    assert (outcome.result, outcome.order_id) == (WriteResult.ACCEPTED, ALGO["algoId"])


async def test_a_stop_whose_move_is_refused_says_so() -> None:
    async with desk() as at:
        at.answer("amend-algos", row_refused("51280", "SL trigger price", algoId=ALGO["algoId"]))
        assert (await at.trading.amend(moved_stop())).result is WriteResult.REJECTED


async def test_what_cannot_be_amended_does_not_leave() -> None:
    level = TriggerLevel(Decimal(1), TriggerPrice.LAST)
    async with desk() as at:
        for amendment in (
            Amendment(BTC, "1", trigger=level),
            Amendment(BTC, "1", trigger=level, purpose=TriggerPurpose.ENTRY),
        ):
            with pytest.raises(InvalidOrderError):
                await at.trading.amend(amendment)
        assert at.exchange.asked == []


async def test_leverage_is_set_for_cross_margin_and_the_answer_has_to_agree() -> None:
    row = {"instId": BTC, "lever": "5", "mgnMode": "cross", "posSide": ""}
    async with desk() as at:
        at.answer("set-leverage", ok(row), ok({**row, "lever": "5.00"}), ok({**row, "lever": "10"}), ok())
        outcomes = [await at.trading.set_leverage(BTC, Decimal("5.0"), MarginMode.CROSS) for _ in range(4)]
        assert at.of("set-leverage")[0].content == {"instId": BTC, "lever": "5", "mgnMode": "cross"}
    assert [one.result for one in outcomes] == [
        WriteResult.ACCEPTED,
        WriteResult.ACCEPTED,
        WriteResult.UNKNOWN,
        WriteResult.ACCEPTED,
    ]


async def test_leverage_of_isolated_margin_is_not_set() -> None:
    async with desk() as at:
        with pytest.raises(InvalidOrderError, match="cross"):
            await at.trading.set_leverage(BTC, Decimal(5), MarginMode.ISOLATED)
        assert at.exchange.asked == []


LEVER = {"instId": BTC, "mgnMode": "cross", "posSide": "long", "lever": "5"}


@pytest.mark.parametrize(
    ("now", "result"),
    [
        (ok(LEVER, {**LEVER, "posSide": "short", "lever": "5.00"}), WriteResult.ALREADY_SO),
        (ok(LEVER, {**LEVER, "posSide": "short", "lever": "3"}), WriteResult.REJECTED),
        (ok({**LEVER, "instId": "ETH-USDT-SWAP"}), WriteResult.REJECTED),
        (ok({**LEVER, "lever": ""}), WriteResult.REJECTED),
        (ok(), WriteResult.REJECTED),
        (refused("50001", "unavailable", 503), WriteResult.REJECTED),
    ],
    ids=["as wanted", "one side differs", "of another", "not told", "no row", "no answer"],
)
@pytest.mark.parametrize("code", ["59101", "59107", "59112", "59668", "59669"])
async def test_leverage_that_cannot_be_set_beside_orders_may_be_what_is_wanted(
    code: str, now: Answer, result: WriteResult
) -> None:
    """Orders or stops on the contract bar every change of it, also one that changes nothing."""
    async with desk() as at:
        at.answer("set-leverage", refused(code, "orders are pending"))
        at.answer("leverage-info", now)
        outcome = await at.trading.set_leverage(BTC, Decimal(5), MarginMode.CROSS)
        assert len(at.of("set-leverage")) == 1
    assert (outcome.result, outcome.code) == (result, code)


async def test_leverage_that_is_refused_for_itself_is_not_looked_up() -> None:
    async with desk() as at:
        at.answer("set-leverage", refused("59102", "leverage exceeds the maximum"))
        outcome = await at.trading.set_leverage(BTC, Decimal(500), MarginMode.CROSS)
        assert at.of("leverage-info") == []
    assert outcome.result is WriteResult.REJECTED


@pytest.mark.parametrize(
    ("mode", "word"), [(PositionMode.HEDGE, "long_short_mode"), (PositionMode.ONE_WAY, "net_mode")]
)
async def test_the_position_mode_is_set_by_its_word(mode: PositionMode, word: str) -> None:
    async with desk() as at:
        at.answer("set-position-mode", ok({"posMode": word}))
        assert (await at.trading.set_position_mode(mode)).result is WriteResult.ACCEPTED
        assert await sent(at, "set-position-mode") == {"posMode": word}


async def test_a_position_mode_that_cannot_change_now_is_refused() -> None:
    async with desk() as at:
        at.answer("set-position-mode", refused("59000", "positions or orders"), ok({"posMode": "net_mode"}))
        assert (await at.trading.set_position_mode(PositionMode.HEDGE)).result is WriteResult.REJECTED
        assert (await at.trading.set_position_mode(PositionMode.HEDGE)).result is WriteResult.UNKNOWN


@pytest.mark.parametrize("seconds", [0, 10, 120])
async def test_the_timer_is_the_account_s_and_is_said_in_text(seconds: int) -> None:
    async with desk() as at:
        at.answer("cancel-all-after", ok({"triggerTime": "0", "tag": "", "ts": "1767225600"}))
        assert (await at.trading.cancel_all_after(BTC, seconds)).result is WriteResult.ACCEPTED
        assert await sent(at, "cancel-all-after") == {"timeOut": str(seconds)}


@pytest.mark.parametrize("seconds", [-1, 1, 9, 121])
async def test_a_timer_that_the_exchange_does_not_take_does_not_leave(seconds: int) -> None:
    async with desk() as at:
        with pytest.raises(ValueError, match="10 to 120"):
            await at.trading.cancel_all_after(BTC, seconds)
        assert at.exchange.asked == []


WRITES: list[tuple[str, Callable[[Desk], Awaitable[WriteOutcome]]]] = [
    ("order", lambda at: at.trading.submit_exit(EXIT)),
    ("order-algo", lambda at: at.trading.submit_protection(PROTECTION)),
    ("amend-order", lambda at: at.trading.amend(Amendment(BTC, "7", price=Decimal(9)))),
    ("amend-algos", lambda at: at.trading.amend(moved_stop())),
    ("cancel-order", lambda at: at.trading.cancel(BTC, "7", OrderKind.LIMIT)),
    ("cancel-algos", lambda at: at.trading.cancel(BTC, "7", OrderKind.TRIGGER)),
    ("set-leverage", lambda at: at.trading.set_leverage(BTC, Decimal(5), MarginMode.CROSS)),
    ("set-position-mode", lambda at: at.trading.set_position_mode(PositionMode.HEDGE)),
    ("cancel-all-after", lambda at: at.trading.cancel_all_after(BTC, 0)),
]


@pytest.mark.parametrize(("name", "write"), WRITES, ids=[name for name, _ in WRITES])
@pytest.mark.parametrize(
    "answer", [Answer(drop=True), HTML, refused("50004", "timeout")], ids=["none", "html", "50004"]
)
async def test_no_write_is_sent_again_whatever_its_answer_lacks(
    name: str, write: Callable[[Desk], Awaitable[WriteOutcome]], answer: Answer
) -> None:
    async with desk() as at:
        at.answer(name, answer)
        outcome = await write(at)
        assert len(at.exchange.asked) == 1
    assert outcome.result is WriteResult.UNKNOWN


async def test_an_entry_waits_for_the_exchange_s_time_and_does_not_leave_without_it() -> None:
    async with desk() as at:
        at.answer("order", refused("50102", "timestamp", 401), ACCEPTED)
        at.answer("time", Answer(drop=True))
        assert (await at.trading.submit_entry(ENTRY)).result is WriteResult.CLOCK_SKEW
        assert (await at.trading.submit_entry(ENTRY)).result is WriteResult.NOT_SENT
        at.answer("time", ok({"ts": str(NOW_MS)}))
        assert (await at.trading.submit_entry(ENTRY)).result is WriteResult.ACCEPTED
        assert len(at.of("order")) == 2
