"""The account and its trades as the command line and the service tell them: one exchange, one store on disk."""

from __future__ import annotations

from decimal import Decimal

import httpx
from attrs import evolve

from mtf_core.orders import Alarm, AlarmKind, EventKind, ExitReason, PositionState, Progress
from mtf_entrypoints.settings import SandboxOptions, Settings
from tests.integration.account.stage import SIZE, Stage, json_of
from tests.integration.faces.exchange import SYMBOL
from tests.integration.http.server import serving
from tests.integration.sql.examples import run as run_record


async def test_a_position_is_shown_beside_its_plan_with_the_stop_that_is_armed(stage: Stage) -> None:
    intent = await stage.holds()
    await stage.supervised()
    (shown,) = json_of(await stage.mtf("positions", "--json"))["positions"]
    assert (shown["symbol"], shown["ours"], shown["foreign"], shown["stop_fault"]) == (SYMBOL, str(SIZE), "0", None)
    assert Decimal(shown["stop_price"]) == intent.stop.price
    assert [Decimal(one["price"]) for one in shown["targets"]] == [intent.wanted.targets[0].price]
    assert shown["decision_key"] == intent.decision_key
    table = (await stage.mtf("positions")).out
    assert f"{intent.stop.price.normalize():f}" in table
    assert "NOBODY SUPERVISES" not in table


async def test_whoever_looks_is_told_that_nobody_supervises_and_that_a_stop_is_missing(stage: Stage) -> None:
    intent = await stage.reserved(stop=stage.price("0.98"), targets=(stage.price("1.04"),))
    await stage.exchange.opened(SIZE, intent.attempt.client_order_id)
    await stage.knows(intent)
    ended = await stage.mtf("positions")
    assert "NONE_ARMED" in ended.out
    assert "NOBODY SUPERVISES this account: start `mtf supervise`" in ended.out


async def test_a_position_of_somebody_else_is_not_of_mtf(stage: Stage) -> None:
    await stage.exchange.opened(3)
    document = json_of(await stage.mtf("positions", "--json"))
    (shown,) = document["positions"]
    assert (shown["ours"], shown["foreign"], shown["decision_key"], shown["plan"]) == ("0", "3", None, None)
    assert "not of mtf" in (await stage.mtf("positions")).out


async def test_orders_are_shown_with_what_they_are_for_and_whose_they_are(stage: Stage) -> None:
    intent = await stage.holds()
    await stage.exchange.accepted(
        "submit-order", {"symbol": SYMBOL, "side": 1, "type": "limit", "size": 1, "price": stage.exchange.price("0.9")}
    )
    orders = json_of(await stage.mtf("orders", "--json"))["orders"]
    assert {(one["purpose"], one["owner"], one["decision_key"]) for one in orders} == {
        ("stop", "ours", intent.decision_key),
        ("target", "ours", intent.decision_key),
        ("entry", "foreign", None),
    }
    assert "foreign" in (await stage.mtf("orders")).out
    assert json_of(await stage.mtf("orders", "--symbol", "ETHUSDT", "--json"))["orders"] == []


async def test_an_entry_that_rests_waits_beside_the_positions(stage: Stage) -> None:
    await stage.reserved(stop=stage.price("0.98"), targets=(stage.price("1.04"),))
    document = json_of(await stage.mtf("positions", "--json"))
    assert [(one["symbol"], one["entry_state"]) for one in document["waiting"]] == [(SYMBOL, "planned")]
    assert "entry planned, position none, 0 of 6 filled" in (await stage.mtf("positions")).out


async def test_closed_trades_are_listed_and_add_up_to_what_the_account_earned(stage: Stage) -> None:
    before = (await stage.trading.sync()).equity
    intent = await stage.holds()
    trade = await stage.left(intent, progress=Progress(exit_reason=ExitReason.HAND))
    document = json_of(await stage.mtf("trades", "--json"))
    assert Decimal(document["totals"]["net_usdt"]) == trade.net_usdt == (await stage.trading.sync()).equity - before
    (listed,) = document["trades"]
    assert (listed["decision_key"], listed["exit_reason"], listed["size"]) == (intent.decision_key, "hand", str(SIZE))
    assert document["totals"]["expectancy_usdt"] is not None
    ended = await stage.mtf("trades")
    assert "1 trade: 0 won, 1 lost (0 % won)" in ended.out
    assert "expectancy" in ended.out


async def test_trades_are_chosen_by_symbol_profile_and_time(stage: Stage) -> None:
    await stage.left(await stage.holds())
    for words, count in (
        (("--symbol", SYMBOL), 1),
        (("--symbol", "ETHUSDT"), 0),
        (("--profile", "scalper_micro"), 1),
        (("--profile", "regular"), 0),
        (("--since", "2026-02-02T11:00Z"), 1),
        (("--since", "2026-02-03T11:00Z"), 0),
    ):
        assert len(json_of(await stage.mtf("trades", *words, "--json"))["trades"]) == count, words
    assert (await stage.mtf("trades", "--symbol", "ETHUSDT")).out == "no closed trade is stored that fits\n"


async def test_statistics_of_trades_add_up_what_the_store_tells_both_ways(stage: Stage) -> None:
    trade = await stage.left(await stage.holds(), progress=Progress(exit_reason=ExitReason.HAND))
    await stage.environment.stores.runs.start(run_record("r"), {"sha-1": {}})  # whose world the command looks into
    document = json_of(await stage.mtf("stats", "trades", "--json"))
    all_, profile, symbol, reason = document["rows"]
    assert [all_["by"], profile["group"], symbol["group"], reason["group"]] == ["all", "scalper_micro", SYMBOL, "hand"]
    assert (all_["net_usdt"], all_["fees_usdt"]) == (f"{trade.net_usdt:f}", f"{trade.fees_usdt:f}")
    assert (all_["trades"], all_["won"], all_["win_rate"]) == (1, 0, 0.0)
    for words, count in (
        (("--symbols", SYMBOL), 1),
        (("--symbols", f"{SYMBOL},ETHUSDT"), 1),
        (("--symbols", "ETHUSDT,BNBUSDT"), 0),
        (("--profile", "regular"), 0),
        (("--timeframes", str(trade.execution_timeframe)), 1),
        (("--timeframes", "1d"), 0),
        (("--from", "2026-02-02T11:00Z"), 1),
        (("--to", "2026-02-02T11:00Z"), 0),
        (("--from", "2026-02-03T11:00Z"), 0),
    ):
        assert json_of(await stage.mtf("stats", "trades", *words, "--json"))["trades"] == count, words
    shown = (await stage.mtf("stats", "trades")).out
    assert shown.startswith("1 closed trade; money in quote currency, R after costs")
    async with stage.served() as ask:
        assert (await ask("GET", "/mtf/stats/trades")).json() == document


async def test_a_position_that_was_closed_twice_is_one_trade_and_its_last_word_counts(stage: Stage) -> None:
    intent = await stage.holds()
    await stage.left(intent)
    stored = await stage.orders.intent(intent.decision_key)
    assert stored is not None
    again = await stage.orders.events(intent.decision_key)
    details = dict(again[-1].event.details) | {"net_usdt": "1.25"}
    await stage.orders.save(stored, [stage.event(stored, again[-1].event.kind, **details)])
    document = json_of(await stage.mtf("trades", "--json"))
    assert [one["net_usdt"] for one in document["trades"]] == ["1.25"]


async def test_a_closed_event_that_nobody_can_read_is_named_and_stops_nothing(stage: Stage) -> None:
    intent = await stage.holds()
    closed = stage.event(intent, EventKind.CLOSED, net_usdt="much")
    over = await stage.orders.save(evolve(intent, position=PositionState.CLOSED), [closed])
    ended = await stage.mtf("trades")
    assert f"{intent.decision_key}: its closed event tells no trade" in ended.err
    assert json_of(await stage.mtf("trades", "--json"))["unreadable"] == [over.decision_key]
    assert (await stage.mtf("story", SYMBOL)).code == 0


async def test_the_story_of_an_intent_has_its_events_its_executions_and_its_trade(stage: Stage) -> None:
    intent = await stage.holds()
    trade = await stage.left(intent)
    by_key = json_of(await stage.mtf("story", intent.decision_key, "--json"))
    assert by_key == json_of(await stage.mtf("story", SYMBOL, "--json"))
    assert [one["kind"] for one in by_key["events"]] == ["planned", "filled", "protected", "closed"]
    assert [one["opens"] for one in by_key["fills"]] == [True, False]
    assert (by_key["intent"]["state"], by_key["trade"]["net_usdt"]) == ("closed", f"{trade.net_usdt:f}")
    text = (await stage.mtf("story", intent.decision_key)).out
    assert "protected" in text
    assert "R gross, net" in text


async def test_a_story_that_is_not_stored_is_an_error_with_what_to_do(stage: Stage) -> None:
    ended = await stage.mtf("story", "NOSUCH:5m:0:long")
    assert (ended.code, "mtf trades" in ended.err) == (1, True)


async def test_alarms_stand_until_they_end(stage: Stage) -> None:
    assert (await stage.mtf("alarms")).out == "no alarm stands\n"
    alarm = Alarm(AlarmKind.UNPROTECTED, SYMBOL, "no stop for 6 s: look at the exchange", stage.now_ms)
    await stage.orders.raise_alarms([alarm], stage.now_ms)
    assert "no stop for 6 s" in (await stage.mtf("alarms")).out
    await stage.orders.end_alarms([], stage.now_ms + 1)
    assert json_of(await stage.mtf("alarms", "--json")) == {"alarms": []}
    (ended,) = json_of(await stage.mtf("alarms", "--all", "--json"))["alarms"]
    assert (ended["kind"], ended["ended_at"] is not None) == ("unprotected", True)


async def test_the_service_tells_the_same_as_the_command_line(stage: Stage) -> None:
    intent = await stage.holds()
    async with stage.served() as ask:
        for path, words in (
            ("/mtf/positions", ("positions",)),
            (f"/mtf/orders?symbol={SYMBOL}", ("orders", "--symbol", SYMBOL)),
            ("/mtf/trades", ("trades",)),
            (f"/mtf/story/{intent.decision_key}", ("story", intent.decision_key)),
            ("/mtf/alarms?all=true", ("alarms", "--all")),
        ):
            answer = await ask("GET", path)
            assert answer.status_code == 200, answer.text
            told = json_of(await stage.mtf(*words, "--json"))
            assert answer.json() == told
        missing = await ask("GET", "/mtf/story/NOSUCH:5m:0:long")
        assert missing.status_code == 404


async def test_a_command_with_a_database_in_memory_says_what_it_cannot_see(stage: Stage) -> None:
    ended = await stage.mtf("trades", "--database", "memory")
    assert "the database is in memory and begins empty with every command" in ended.err


async def test_why_joins_the_order_by_its_decision_or_else_the_newest_one(stage: Stage) -> None:
    run = json_of(await stage.mtf("run", "--symbols", SYMBOL, "--profile", "regular", "--json"))
    decided = run["results"][SYMBOL]["decision_key"]
    assert (await stage.mtf("why", SYMBOL)).out.count("order") == 0 or decided is None
    intent = await stage.holds()
    text = (await stage.mtf("why", SYMBOL)).out
    assert f"newest order, of another decision, {intent.decision_key}: live, 6 of 6 filled" in text
    of_run = json_of(await stage.mtf("why", SYMBOL, "--run", run["run_id"], "--json"))
    assert "ordered" not in of_run, "another decision's order says nothing of this run"
    trade = await stage.left(intent, progress=Progress(exit_reason=ExitReason.STOP))
    ordered = json_of(await stage.mtf("why", SYMBOL, "--json"))["ordered"]
    assert (ordered["is_of_decision"], ordered["trade"]["net_usdt"]) == (False, f"{trade.net_usdt:f}")
    assert f"left by stop, net {trade.net_usdt:f}" in (await stage.mtf("why", SYMBOL)).out


async def test_an_account_that_cannot_be_read_is_an_error_and_never_an_empty_one(stage: Stage) -> None:
    await stage.holds()
    script = "quirks: {rate_limits: false}\nfaults: {calls: [{kind: server_error, on: reads}]}"
    stage.exchange.sandbox.face.use_script(script)
    for words in (("positions",), ("orders",), ("positions", "--json")):
        ended = await stage.mtf(*words)
        assert (ended.code, ended.out) == (1, ""), words
        assert ended.err.count("\n") == 1, "one clear line"
    ended = await stage.mtf("protect", SYMBOL, "--stop", f"{stage.price('0.99'):f}")
    assert ended.code == 1
    assert await stage.orders.requests() == (), "nothing is asked of what could not be seen"
    assert (await stage.mtf("trades")).code == 0, "what is stored needs no exchange"


async def test_a_service_on_an_account_of_its_own_shows_that_one() -> None:
    with serving(Settings(database_url="memory", sandbox=SandboxOptions(universe_size=3))) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            document = (await client.get("/mtf/positions")).json()
            assert (document["equity_usdt"], document["positions"], document["supervised_at"]) == ("10000", [], None)
            assert (await client.get("/mtf/orders")).json()["orders"] == []
            assert (await client.get("/mtf/trades")).json()["totals"]["trades"] == 0
