"""Why a symbol was, or was not, traded: from its stored trace alone."""

from __future__ import annotations

import re
from html import unescape

import pytest

from mtf_adapters.sql import Database
from mtf_core.inquiry import Why, why
from mtf_core.market import Timeframe
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.reasons import Reason, meaning_of, stage_of
from mtf_core.runs import RunRequest
from mtf_core.runs.caches import Kind
from mtf_core.validation.explain import decision_to_json, number
from tests.integration.runs.world import NOW_MS, World, eager, reasons, world, world_on
from tests.unit.files.shipped import NAMES, shipped

EAGER = eager()


async def of(there: World, symbol: str, run_id: str | None = None) -> Why:
    found = await why(there.stores.runs, symbol, run_id)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
async def test_the_stored_trace_is_the_decision_as_it_was_made(name: str) -> None:
    """Rendered from the store alone, the text is the one that the decision gave, marks and values included."""
    async with world(shipped(name)) as there:
        report = await there.run()
        cache = there.orchestrator._caches._kept[Kind(shipped(name).digest, "test")]
        stacks = {timeframe: stack for timeframe, (_, stack) in cache.feed._stacks.items()}
        batch = cache.decider.decide(stacks, NOW_MS)
        for symbol in list(report.results)[:6]:
            found = await of(there, symbol)
            assert found.trace is not None
            decision = batch.of(symbol)
            if name in ("regular", "crash"):  # the selector also looked at the spread
                assert found.trace.timeframes == decision.trace.timeframes
                continue
            assert decision.explain() in found.render()
            assert decision_to_json(found.trace) == decision_to_json(decision.trace)


async def test_every_reason_of_a_run_is_explained_with_its_stage_and_meaning() -> None:
    async with world(EAGER) as there:
        there.exchange.faults["candles:BTCUSDT"] = ExchangeUnavailableError("timed <out>")
        there.exchange.faults["quotes:WEXNOUSDT"] = ExchangeUnavailableError("no mark")
        there.hold("ETHUSDT")
        await there.switch_off("SOLUSDT")
        symbols = tuple(contract.symbol for contract in await there.exchange.contracts())
        report = await there.run(RunRequest(symbols=symbols))
        for symbol, code in reasons(report).items():
            found = await of(there, symbol)
            document, text = found.to_json(), found.render()
            assert document["run_id"] == report.run_id
            assert document["result"] == report.results[symbol].to_json()
            if code is None:
                assert found.reason is document["reason"] is document["stage"] is None
                assert "order simulated" in text
                continue
            reason = Reason(code)
            assert (document["reason"], document["stage"]) == (code, str(stage_of(reason)))
            assert f"stopped at {stage_of(reason)} by {code}: {meaning_of(reason)}" in text
            evaluated = report.results[symbol].execution != {}
            assert (found.trace is not None) == ("trace" in document) == evaluated
        assert "error ExchangeUnavailableError: timed <out>" in (await of(there, "BTCUSDT")).render()
        assert "no mark" in (await of(there, "WEXNOUSDT")).render()
        assert "RSI" in (await of(there, "WEXNOUSDT")).render().upper(), "its decision is still told"


async def test_a_ready_symbol_shows_its_plan_with_every_step_also_where_a_guard_refused_it() -> None:
    async with world(EAGER) as there:
        for guard in (None, "kill_switch_on"):
            if guard:
                await there.switch_off("global")
            report = await there.run()
            plan = report.results["BTCUSDT"].to_json()["plan"]
            text = (await of(there, "BTCUSDT")).render()
            assert f"entry {plan['entry_price']}, stop {plan['stop_price']}" in text
            for step in plan["steps"]:
                assert f"  {step['name']} = {step['value']}" in text
            assert ("stopped at money guards by kill_switch_on" in text) == bool(guard)


async def test_a_refusal_shows_the_numbers_behind_it() -> None:
    async with world(eager(trade_entry__risk__max_concurrent_positions=1)) as there:
        there.hold("DOTUSDT")
        await there.run()
        assert "order: open 1  allowed 1" in (await of(there, "BTCUSDT")).render()


async def test_the_newest_run_that_had_the_symbol_answers_unless_one_is_named() -> None:
    async with world(EAGER) as there:
        first = await there.run(RunRequest(symbols=("BTCUSDT",)))
        there.later(minutes=1)
        second = await there.run(RunRequest(symbols=("BTCUSDT", "ETHUSDT")))
        there.later(minutes=1)
        await there.run(RunRequest(symbols=("ETHUSDT",)))
        assert (await of(there, "BTCUSDT")).run.run_id == second.run_id
        assert (await of(there, "BTCUSDT", first.run_id)).run.run_id == first.run_id
        assert await why(there.stores.runs, "ETHUSDT", first.run_id) is None
        assert await why(there.stores.runs, "BTCUSDT", "nothing") is None
        assert await why(there.stores.runs, "ZZZUSDT") is None


async def test_a_trace_is_read_in_another_process_without_rules_or_candles(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/mtf.db"
    async with Database.open(url) as database:
        await database.upgrade()
        there = world_on(database, shipped("regular"))
        await there.run()
        text = (await of(there, "BTCUSDT")).render()
        for timeframe in Timeframe:
            await there.stores.candles.delete("BTCUSDT", timeframe, 0, NOW_MS)
    async with Database.open(url) as reopened:
        assert (await of(world_on(reopened, EAGER), "BTCUSDT")).render() == text


async def test_the_text_holds_every_operand_with_its_value_and_marks_what_decides() -> None:
    async with world(shipped("scalper")) as there:
        report = await there.run()
        decided = 0
        for symbol in report.results:
            found = await of(there, symbol)
            assert found.trace is not None
            text = found.render()
            for verdict in found.trace.timeframes:
                for tree in (verdict.long, verdict.short, *verdict.filters):
                    for node in tree.walk() if tree else ():
                        for name, value in node.values.items():
                            shown = "missing" if name in node.missing else number(value)
                            assert f"{name} {shown}" in text
                decided += sum(node.decides for tree in (verdict.long, verdict.short) if tree for node in tree.walk())
            assert all(line.endswith("← decides") for line in text.splitlines() if "←" in line)
        assert decided > 20
        assert "← decides" in text


async def test_html_is_escaped_and_holds_the_same_words() -> None:
    async with world(EAGER) as there:
        there.exchange.faults["quotes:BTCUSDT"] = ExchangeUnavailableError("<script>alert(1)</script>")
        await there.run()
        page = (await of(there, "BTCUSDT"))._repr_html_()
        assert "<script>" not in page
        assert "<script>alert(1)</script>" in unescape(page)
        assert re.findall(r"<(?!/?(?:pre|b|details|summary)>)", page) == []


async def test_why_tells_how_far_the_zone_was_and_what_became_of_the_entry() -> None:
    async with world(eager()) as there:
        first = await there.run()
        stores = there.stores
        told = await why(stores.runs, "BTCUSDT", first.run_id, stores.zones)
        assert told is not None
        assert told.zone is not None
        assert "entry zone " in told.render(full=False)
        there.later(minutes=30)
        await there.run()
        settled = await why(stores.runs, "BTCUSDT", first.run_id, stores.zones)
        assert settled is not None
        document = settled.to_json()["zone"]
        assert document["end"] in {"filled", "left", "expired"}
        assert document["source"] in {"book", "candles"}
        assert "still open" not in settled.render()
        unasked = await why(stores.runs, "BTCUSDT", first.run_id)
        assert unasked is not None
        assert "zone" not in unasked.to_json()
