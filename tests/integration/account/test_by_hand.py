"""What an operator asks of a position: stored, audited, and answered by whoever supervises, from either door."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from attrs import evolve

from mtf_core.market import TriggerLevel, TriggerPrice
from mtf_core.orders import PositionState, Progress
from mtf_entrypoints.cli.exits import FAILED, REFUSED, WRONG_USAGE
from tests.integration.account.stage import Stage, json_of
from tests.integration.faces.exchange import SYMBOL

CLOSE = ("position", "close", SYMBOL)
UNTIL_TOLD, TOLD = ("--wait", "50"), {"wait_seconds": 50}
"""It is told at once; a busy machine may need longer than an operator would wait."""


async def test_a_close_is_asked_and_what_became_of_it_is_told(stage: Stage) -> None:
    await stage.holds()
    await stage.supervised("closed at market")
    ended = await stage.mtf(*CLOSE, "--yes", *UNTIL_TOLD)
    assert (ended.code, ended.out) == (0, f"{SYMBOL}: closed at market\n")
    request = await stage.orders.request(1)
    assert request is not None
    assert (request.symbol, request.kind, dict(request.values)) == (SYMBOL, "close", {})
    (event,) = (await stage.environment.stores.audit.history(1)).items
    assert (event.action, event.subject, event.actor) == ("position_close_asked", SYMBOL, request.actor)


async def test_a_close_is_not_asked_unless_it_is_meant(stage: Stage) -> None:
    await stage.holds()
    ended = await stage.mtf(*CLOSE)
    assert (ended.code, "say --yes" in ended.err) == (WRONG_USAGE, True)
    assert await stage.orders.requests() == ()


async def test_without_a_supervisor_the_request_waits_and_that_is_said(stage: Stage) -> None:
    await stage.holds()
    ended = await stage.mtf(*CLOSE, "--yes", "--wait", "0")
    assert ended.code == REFUSED
    assert "nobody supervises this account" in ended.err
    assert "`mtf supervise --once`" in ended.err
    assert [one.kind for one in await stage.orders.requests()] == ["close"]
    assert "close was asked by" in (await stage.mtf("positions")).out


async def test_a_supervisor_that_does_not_answer_in_time_leaves_the_request_asked(stage: Stage) -> None:
    await stage.holds()
    await stage.supervised(None)
    ended = await stage.mtf(*CLOSE, "--yes", "--wait", "1")
    assert (ended.code, "nothing came of it yet" in ended.err) == (FAILED, True)
    assert len(await stage.orders.requests()) == 1


async def test_what_was_asked_is_taken_back_by_either_door_and_nobody_carries_it_out(stage: Stage) -> None:
    await stage.holds()
    for number in (1, 2):
        await stage.mtf(*CLOSE, "--yes", "--wait", "0")
        if number == 1:
            ended = await stage.mtf("position", "withdraw", SYMBOL)
            assert (ended.code, f"request 1 (close {SYMBOL}): withdrawn by" in ended.out) == (0, True)
        else:
            async with stage.served() as ask:
                answer = await ask("POST", f"/mtf/positions/{SYMBOL}/withdraw", json={"requested_by": "anna"})
            (told,) = answer.json()["requests"]
            assert (answer.status_code, told["number"], told["outcome"][:17]) == (200, 2, "withdrawn by anna")
        assert await stage.orders.requests() == ()
    actions = [one.action for one in (await stage.environment.stores.audit.history(4)).items]
    assert actions.count("position_request_withdrawn") == 2
    nothing = await stage.mtf("position", "withdraw", SYMBOL)
    assert (nothing.code != 0, "nothing is asked of" in nothing.err) == (True, True)


async def test_a_heartbeat_that_is_too_old_is_nobody(stage: Stage) -> None:
    await stage.holds()
    await stage.supervised(None)
    for task in stage.watching:
        task.cancel()
    await asyncio.gather(*stage.watching, return_exceptions=True)
    stage.watching.clear()
    await stage.exchange.step(60_000)
    async with stage.served() as ask:
        answer = await ask("POST", f"/mtf/positions/{SYMBOL}/close", json={"confirm": True, "wait_seconds": 1})
        assert (answer.status_code, answer.json()["supervised"]) == (202, False)


async def test_what_is_not_of_mtf_is_closed_at_the_exchange(stage: Stage) -> None:
    await stage.exchange.opened(3)
    ended = await stage.mtf(*CLOSE, "--yes")
    assert (ended.code, "closed at the exchange" in ended.err) == (WRONG_USAGE, True)
    assert await stage.orders.requests() == ()


async def test_a_stop_is_moved_and_a_looser_one_has_to_be_meant(stage: Stage) -> None:
    await stage.holds(stop="0.98")
    await stage.supervised("the stop is moved")
    tighter, looser = f"{stage.price('0.99'):f}", f"{stage.price('0.97'):f}"
    moved = json_of(await stage.mtf("protect", SYMBOL, "--stop", tighter, "--json", *UNTIL_TOLD))
    assert moved["values"] == {"stop": tighter}
    refused = await stage.mtf("protect", SYMBOL, "--stop", looser)
    assert (refused.code, "--looser" in refused.err) == (WRONG_USAGE, True)
    allowed = json_of(await stage.mtf("protect", SYMBOL, "--stop", looser, "--looser", "--json", *UNTIL_TOLD))
    assert allowed["values"] == {"stop": looser, "looser": "yes"}


async def test_a_stop_beyond_the_price_is_refused(stage: Stage) -> None:
    await stage.holds()
    ended = await stage.mtf("protect", SYMBOL, "--stop", f"{stage.price('1.01'):f}")
    assert (ended.code, "is there already: close instead" in ended.err) == (WRONG_USAGE, True)


async def test_targets_are_shown_before_they_are_set(stage: Stage) -> None:
    intent = await stage.holds(stop="0.98")
    words = ("targets", "set", SYMBOL, "--r", "1,2", "--split", "0.5,0.5", "--keep-stop")
    preview = json_of(await stage.mtf(*words, "--preview", "--json"))
    assert await stage.orders.requests() == ()
    assert [one["size"] for one in preview["targets"]] == ["3", "3"]
    entry = intent.progress.average_entry
    assert entry is not None
    distance = intent.terms.planned_entry - intent.stop.price
    tick = intent.terms.tick_size
    for target, r in zip(preview["targets"], (1, 2), strict=True):
        assert 0 <= entry + r * distance - Decimal(target["price"]) < tick
    assert "nothing was asked" in (await stage.mtf(*words, "--preview")).out
    await stage.supervised("two targets stand")
    done = json_of(await stage.mtf(*words, "--json", *UNTIL_TOLD))
    assert done["values"] == {
        "prices": ",".join(one["price"] for one in preview["targets"]),
        "shares": "0.5,0.5",
    }


async def test_only_what_reads_cannot_explain_is_booked(stage: Stage) -> None:
    intent = await stage.holds()
    words = (
        "position",
        "book",
        SYMBOL,
        "--price",
        "64000",
        "--size",
        "6",
        "--profit",
        "-1.5",
        "--reason",
        "in the app",
    )
    refused = await stage.mtf(*words, "--yes")
    assert (refused.code, "its position protected" in refused.err) == (WRONG_USAGE, True)
    await stage.orders.save(evolve(intent, position=PositionState.STALE))
    await stage.supervised("booked")
    done = json_of(await stage.mtf(*words, "--yes", "--json", *UNTIL_TOLD))
    assert done["values"] == {"price": "64000", "size": "6", "profit": "-1.5", "fees": "0", "reason": "in the app"}
    assert (done["outcome"], done["done"], done["supervised"]) == ("booked", True, True)


REFUSED_WORDS = (
    (("protect", SYMBOL, "--stop", "ninety"), "--stop"),
    (("protect", SYMBOL, "--stop", "NaN"), "--stop"),
    (("protect", SYMBOL), "stop"),
    (("targets", "set", SYMBOL, "--r", "2,1"), "r: the nearer"),
    (("targets", "set", SYMBOL, "--r", "one"), "--r"),
    (("targets", "set", SYMBOL, "--r", "1,2", "--split", "0.5,0.6"), "split"),
    (("protect", "btcusdt", "--stop", "1"), "BTCUSDT"),
)
"""A command line, and what of it is at fault."""


async def test_what_cannot_be_asked_is_refused_by_its_name(stage: Stage) -> None:
    await stage.holds()
    for words, field in REFUSED_WORDS:
        ended = await stage.mtf(*words)
        assert (ended.code, field in ended.err) == (WRONG_USAGE, True), ended.err


async def test_the_service_does_nothing_by_hand_without_a_token(stage: Stage) -> None:
    await stage.holds()
    async with stage.served(token=None) as ask:
        for what, body in (
            ("close", {"confirm": True}),
            ("book", {"confirm": True, "price": "1", "size": "1", "profit": "0", "reason": "x"}),
            ("protect", {"stop": "1"}),
            ("targets", {"r": "1"}),
        ):
            answer = await ask("POST", f"/mtf/positions/{SYMBOL}/{what}", json=body)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:mtf:problem:token_not_configured")
        assert (await ask("GET", "/mtf/positions")).status_code == 200
    async with stage.served() as ask:
        answer = await ask(
            "POST", f"/mtf/positions/{SYMBOL}/close", json={"confirm": True}, headers={"authorization": "Bearer wrong"}
        )
        assert answer.status_code == 401
    assert await stage.orders.requests() == ()


async def test_over_http_the_same_is_asked_with_who_asked(stage: Stage) -> None:
    intent = await stage.holds(stop="0.98")
    await stage.supervised("done")
    stop = f"{stage.price('0.99'):f}"
    async with stage.served() as ask:
        for what, body, values in (
            ("close", {"confirm": True}, {}),
            ("protect", {"stop": stop}, {"stop": stop}),
            ("protect", {"stop": f"{stage.price('0.97'):f}", "looser": True}, None),
        ):
            answer = await ask("POST", f"/mtf/positions/{SYMBOL}/{what}", json={**body, "requested_by": "anna", **TOLD})
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert (told["kind"], told["actor"], told["outcome"], told["done"]) == (what, "anna", "done", True)
            assert values is None or told["values"] == values
        preview = await ask("POST", f"/mtf/positions/{SYMBOL}/targets", json={"r": "1,2", "preview": True})
        assert [one["share"] for one in preview.json()["targets"]] == [0.5, 0.5]
        asked = await ask("POST", f"/mtf/positions/{SYMBOL}/targets", json={"r": "1,2", **TOLD})
        assert asked.json()["values"]["shares"] == "0.5,0.5"
        await stage.orders.save(evolve(intent, position=PositionState.STALE))
        body = {"confirm": True, "price": "64000", "size": "6", "profit": "-1.5", "reason": "in the app"}
        booked = await ask("POST", f"/mtf/positions/{SYMBOL}/book", json={**body, **TOLD})
        assert booked.json()["values"]["fees"] == "0"


REFUSED_BODIES: tuple[tuple[str, dict[str, object], str], ...] = (
    ("close", {}, "confirm"),
    ("close", {"confirm": False}, "confirm"),
    ("close", {"confirm": True, "wait_seconds": 61}, "wait_seconds"),
    ("protect", {"stop": 95}, "stop"),
    ("protect", {"stop": "1e5"}, "stop"),
    ("protect", {}, "stop"),
    ("targets", {}, "r"),
    ("targets", {"r": "1,2,3"}, "r"),
    ("targets", {"r": "1,2", "split": "0.5,0.6"}, "split"),
    ("book", {"confirm": True, "price": "0", "size": "1", "profit": "0", "reason": "x"}, "price"),
)


async def test_over_http_the_field_at_fault_is_named(stage: Stage) -> None:
    intent = await stage.holds()
    async with stage.served() as ask:
        for what, body, field in REFUSED_BODIES:
            if what == "book":
                await stage.orders.save(evolve(intent, position=PositionState.STALE))
            answer = await ask("POST", f"/mtf/positions/{SYMBOL}/{what}", json=body)
            assert answer.status_code == 422, answer.text
            assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_stop_that_was_raised_is_what_looser_is_measured_against(stage: Stage) -> None:
    intent = await stage.holds(stop="0.98")
    raised = TriggerLevel(stage.price("0.995"), TriggerPrice.MARK)
    assert isinstance(intent.progress, Progress)
    await stage.orders.save(evolve(intent, progress=evolve(intent.progress, stop=raised)))
    ended = await stage.mtf("protect", SYMBOL, "--stop", f"{stage.price('0.99'):f}")
    assert (ended.code, "looser" in ended.err) == (WRONG_USAGE, True)
