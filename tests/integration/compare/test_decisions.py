"""Recorded sessions through the whole order path, decided again: all decisions are equal, and each difference that is
planted is told by its cause, and by no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve, frozen
from sqlalchemy import update

import mtf_core.runs.beginning
import mtf_core.runs.planner
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sql import Database
from mtf_adapters.sql.schema import run_blocks
from mtf_adapters.sql.transactions import changing
from mtf_core.market import COLUMNS, MINUTE_MS, Candles, Quote, Timeframe, parse_instant, to_ms
from mtf_core.planning import OrderPlan, PlanOutcome
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Stores
from mtf_core.records import DecisionRecord, PlanInputs, Selection
from mtf_core.records.packed import pack
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.comparison import Comparison
from mtf_core.replay.comparing.decisions import DecisionDifference
from mtf_entrypoints.container import Container
from tests.integration.compare.recording import (
    KIND,
    Script,
    change,
    compared,
    comparison,
    copied,
    eager_configuration,
    record,
    stores_of,
)
from tests.integration.conftest import create_database
from tests.integration.sql.postgres_server import PostgresServer

SEEDS = (2, 3, 4)
SHORT = Script(seed=2, minutes=3, symbols=8)


@pytest.fixture(scope="module")
def config_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eager_configuration(tmp_path_factory.mktemp("eager") / "config")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, config_dir: Path) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('session') / 'mtf.db'}"
    record(evolve(SHORT, config_dir=config_dir), url)
    return url


@pytest.mark.parametrize("seed", SEEDS)
def test_all_decisions_and_plans_of_a_session_are_equal(seed: int, config_dir: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    session = record(Script(seed=seed, minutes=12, settle=3, symbols=10, config_dir=config_dir), url)
    found = compared(url, config_dir)
    counts = found.counts
    assert session.outcome.entries.submitted >= 3, "without orders this proves little"
    assert (counts.runs, counts.equal, counts.plans_equal) == (12, counts.compared, counts.plans)
    assert counts.compared + counts.not_decided.total() > 80
    assert counts.plans == session.ready
    assert (found.differences, found.unexplained) == ((), 0)
    assert found.totals.difference == sum((share.usdt for share in found.totals.by_cause.values()), Decimal(0))
    assert found.totals.live_sent + found.totals.not_compared >= session.outcome.entries.submitted


@asynccontextmanager
async def tampered(
    recorded: str, tmp_path: Path, on: Timeframe = Timeframe.M1
) -> AsyncIterator[tuple[Stores, DecisionRecord]]:
    """A copy of the recording, and a decision in it, on that timeframe, that was planned and sent."""
    async with stores_of(copied(recorded, tmp_path)) as stores:
        async for run in stores.tallies.runs(Selection()):
            for one in await stores.runs.decisions(run.run_id):
                if one.result is not None and one.reason is None and one.result.execution_timeframe is on:
                    yield stores, one
                    return
        raise AssertionError("nothing was sent in this recording")


def causes(found: Comparison) -> set[Cause]:
    return {one.cause for one in found.differences}


def of(found: Comparison, planted: DecisionRecord) -> DecisionDifference:
    (one,) = [one for one in found.differences if (one.run_id, one.symbol) == (planted.run_id, planted.symbol)]
    return one


async def changed_close(stores: Stores, record: DecisionRecord, factor: float) -> None:
    """Another close of the last minute that a decision looked at."""
    assert record.inputs is not None
    at = record.inputs.candles[Timeframe.M1].last_open_ms
    candles = (await stores.candles.read([record.symbol], Timeframe.M1, at, at))[record.symbol]
    columns = {name: getattr(candles, name).copy() for name in COLUMNS}
    columns["close"] *= factor
    columns["high"] = np.maximum(columns["high"], columns["close"])
    columns["low"] = np.minimum(columns["low"], columns["close"])
    revised = Candles.checked(Timeframe.M1, candles.open_ms, **columns)
    await stores.candles.write({(record.symbol, Timeframe.M1): revised})


async def test_a_candle_that_was_revised_is_the_cause_of_what_it_turned(
    recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    async with tampered(recorded, tmp_path) as (stores, planted):
        assert planted.side is not None
        await changed_close(stores, planted, 0.97 if planted.side == "long" else 1.03)
        found = await comparison(stores, config_dir)
    assert causes(found) == {Cause.CANDLE_REVISED}
    assert {one.symbol for one in found.differences} == {planted.symbol}
    one = of(found, planted)
    assert (one.live.ready, one.replay.ready) == (True, False)
    assert "1m candles have other values now" in one.why
    assert {pair.cause for pair in found.pairs if pair.symbol == planted.symbol} == {Cause.CANDLE_REVISED}


async def test_a_revision_that_turns_nothing_is_no_difference(recorded: str, config_dir: Path, tmp_path: Path) -> None:
    async with tampered(recorded, tmp_path) as (stores, planted):
        assert planted.inputs is not None
        first = planted.inputs.candles[Timeframe.M1].first_open_ms
        (one,) = (await stores.candles.read([planted.symbol], Timeframe.M1, first, first)).values()
        columns = {name: getattr(one, name) for name in COLUMNS} | {"volume": one.volume * (1 + 2**-50)}
        revised = Candles.checked(Timeframe.M1, one.open_ms, **columns)
        await stores.candles.write({(planted.symbol, Timeframe.M1): revised})
        assert (await comparison(stores, config_dir)).differences == ()


async def test_a_candle_that_is_not_stored_any_more_is_told_as_gone(
    recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    async with tampered(recorded, tmp_path) as (stores, planted):
        assert planted.inputs is not None
        at = planted.inputs.candles[Timeframe.M1].last_open_ms
        await stores.candles.delete(planted.symbol, Timeframe.M1, at, at)
        found = await comparison(stores, config_dir)
    assert causes(found) == {Cause.CANDLE_GONE}
    assert of(found, planted).replay.reason == "candles_have_gaps"
    assert "1 1m candle of " in of(found, planted).why
    assert of(found, planted).why.endswith(" gone since")


def test_a_candle_that_came_after_the_decision_was_missing_then(config_dir: Path, tmp_path: Path) -> None:
    """The exchange has no candle of one minute until the session is over."""
    url, lost = f"sqlite:///{tmp_path / 'mtf.db'}", []

    async def meddling(container: Container, clock: SteppedClock) -> None:
        market = container.venue().market
        candles, hole_ms = market.candles, clock.now_ms() - 3 * MINUTE_MS

        async def with_a_hole(symbol: str, timeframe: Timeframe, first: int, last: int) -> Candles:
            found = await candles(symbol, timeframe, first, last)
            if lost or symbol != "BTCUSDT" or timeframe is not Timeframe.M1:
                return found
            keep = found.open_ms != hole_ms
            return Candles.checked(
                timeframe, found.open_ms[keep], **{one: getattr(found, one)[keep] for one in COLUMNS}
            )

        market.candles = with_a_hole  # type: ignore[method-assign]

    async def afterwards(container: Container, clock: SteppedClock) -> None:
        lost.append(True)

    record(evolve(SHORT, config_dir=config_dir), url, meddling, afterwards, minutes_of=("BTCUSDT",))
    found = compared(url, config_dir)
    assert causes(found) == {Cause.CANDLE_MISSING_THEN}
    assert {one.symbol for one in found.differences} == {"BTCUSDT"}
    assert {one.live.reason for one in found.differences} == {"candles_have_gaps"}
    assert all("1m candle of " in one.why and one.why.endswith("not there then") for one in found.differences)


def test_candles_that_could_not_be_had_were_missing_then(config_dir: Path, tmp_path: Path) -> None:
    url, back = f"sqlite:///{tmp_path / 'mtf.db'}", []

    async def meddling(container: Container, clock: SteppedClock) -> None:
        market = container.venue().market
        candles = market.candles

        async def down(symbol: str, timeframe: Timeframe, first: int, last: int) -> Candles:
            if symbol == "BTCUSDT" and not back:
                raise ExchangeUnavailableError("down")
            return await candles(symbol, timeframe, first, last)

        market.candles = down  # type: ignore[method-assign]

    async def afterwards(container: Container, clock: SteppedClock) -> None:
        back.append(True)

    record(evolve(SHORT, config_dir=config_dir), url, meddling, afterwards, minutes_of=("BTCUSDT",))
    found = compared(url, config_dir)
    assert (causes(found), len(found.differences)) == ({Cause.CANDLE_MISSING_THEN}, 3)
    assert {one.live.reason for one in found.differences} == {"candles_unavailable"}


Edit = Callable[[PlanInputs], PlanInputs]


async def edited(stores: Stores, planted: DecisionRecord, edit: Edit, url: str) -> None:
    """Other facts in the record of one decision."""
    assert planted.inputs is not None
    assert planted.inputs.plan is not None
    await rewritten(stores, evolve(planted, inputs=evolve(planted.inputs, plan=edit(planted.inputs.plan))), url)


async def rewritten(stores: Stores, record: DecisionRecord, url: str) -> None:
    """One decision as somebody else wrote it."""
    records = await stores.runs.decisions(record.run_id)
    other = [record if one.symbol == record.symbol else one for one in records]
    async with Database.open(url) as database:
        where = run_blocks.c.run_id == record.run_id
        await database.write(changing(update(run_blocks).where(where).values(content=pack(other))))


def another_quote(facts: PlanInputs) -> PlanInputs:
    """A book as wide as no entry takes."""
    book = evolve(facts.book, best_ask=facts.book.best_ask * Decimal("1.02"))
    return evolve(facts, book=book)


def another_mark(facts: PlanInputs) -> PlanInputs:
    """Everything three parts in a hundred higher: the price is far outside of the zone."""
    assert facts.mark is not None
    factor = Decimal("1.03")
    book = evolve(facts.book, best_bid=facts.book.best_bid * factor, best_ask=facts.book.best_ask * factor)
    return evolve(facts, book=book, mark=evolve(facts.mark, price=facts.mark.price * factor))


def another_balance(facts: PlanInputs) -> PlanInputs:
    return evolve(facts, available_balance=Decimal(30))


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (another_quote, Cause.QUOTE_DIFFERED),
        (another_mark, Cause.QUOTE_DIFFERED),
        (another_balance, Cause.ACCOUNT_STATE_DIFFERED),
    ],
)
async def test_other_facts_of_market_or_account_in_the_record_are_the_cause(
    edit: Edit, cause: Cause, recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    async with tampered(recorded, tmp_path) as (stores, planted):
        await edited(stores, planted, edit, f"sqlite:///{tmp_path / 'mtf.db'}")
        found = await comparison(stores, config_dir)
    (one,) = found.differences
    assert (one.cause, one.run_id, one.symbol) == (cause, planted.run_id, planted.symbol)
    assert one.live.decided == one.replay.decided, "the decision itself is what it was"
    assert one.live.plan != one.replay.plan
    counts = found.counts
    assert (counts.plans - counts.plans_equal, counts.compared - counts.equal) == (
        1,
        one.live.reason != one.replay.reason,
    )


@frozen
class Configured:
    """What is written otherwise in which file, and whether that turns decisions or plans."""

    file: str
    texts: Mapping[str, str]
    turns_decisions: bool


@pytest.mark.parametrize(
    "edit",
    [
        Configured("mtf_validations.scalper_micro.yaml", {"rsi_bullish: 49 ": "rsi_bullish: 69 "}, True),
        Configured("trade_entry.scalper_micro.yaml", {"atr_k: 1.5": "atr_k: 2.5"}, False),
    ],
    ids=["a rule", "a stop"],
)
async def test_a_configuration_that_was_edited_is_the_cause(
    edit: Configured, recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    edited_dir = eager_configuration(tmp_path / "edited")
    change(edited_dir / "app" / edit.file, edit.texts)
    async with stores_of(recorded) as stores:
        found = await comparison(stores, edited_dir)
        assert (await comparison(stores, config_dir)).differences == ()
    assert causes(found) == {Cause.CONFIGURATION_CHANGED}
    turned = {one.live.decided != one.replay.decided for one in found.differences}
    assert turned == {edit.turns_decisions}


async def test_a_configuration_goes_before_a_candle_where_it_alone_turned_the_answer(
    recorded: str, tmp_path: Path
) -> None:
    edited_dir = eager_configuration(tmp_path / "edited")
    change(edited_dir / "app/mtf_validations.scalper_micro.yaml", {"rsi_bullish: 49 ": "rsi_bullish: 69 "})
    async with tampered(recorded, tmp_path) as (stores, planted):
        await changed_close(stores, planted, 1 + 2**-40)
        found = await comparison(stores, edited_dir)
    assert causes(found) == {Cause.CONFIGURATION_CHANGED}


def planning_a_tick_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs plan as no version of now does."""
    as_it_is = mtf_core.runs.planner.plan_order

    def otherwise(*given: object) -> PlanOutcome:
        outcome: PlanOutcome = as_it_is(*given)  # type: ignore[arg-type]
        if not isinstance(outcome, OrderPlan):
            return outcome
        return evolve(outcome, stop_price=outcome.stop_price - outcome.side.sign * outcome.tick_size)

    monkeypatch.setattr(mtf_core.runs.planner, "plan_order", otherwise)


def test_what_another_version_planned_otherwise_is_told_as_its(
    config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    with monkeypatch.context() as patch:
        planning_a_tick_away(patch)
        patch.setattr(mtf_core.runs.beginning, "__version__", "0.0.9")
        session = record(evolve(SHORT, config_dir=config_dir), url)
    found = compared(url, config_dir)
    assert causes(found) == {Cause.CODE_VERSION_DIFFERED}
    assert 0 < len(found.differences) <= session.ready
    assert found.differences[0].why == "decided by version 0.0.9, now 0.1.0"


def test_what_the_same_version_planned_otherwise_is_unexplained(
    config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of this program, and nothing else."""
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    with monkeypatch.context() as patch:
        planning_a_tick_away(patch)
        record(evolve(SHORT, config_dir=config_dir), url)
    found = compared(url, config_dir)
    assert causes(found) == {Cause.UNEXPLAINED}
    assert found.unexplained >= len(found.differences) > 0


@pytest.mark.parametrize(("then", "now"), [(1, 6), (6, 1)])
def test_limits_of_then_and_of_now_are_the_configuration_not_the_account(then: int, now: int, tmp_path: Path) -> None:
    """Where more positions are allowed now, what was refused is let in; where fewer are, what was sent is refused."""
    url, folders = f"sqlite:///{tmp_path / 'mtf.db'}", {}
    for most in (then, now):
        folders[most] = eager_configuration(tmp_path / f"most {most}")
        written = {"max_concurrent_positions: 6": f"max_concurrent_positions: {most}"}
        change(folders[most] / "app/trade_entry.scalper_micro.yaml", written)
    record(Script(seed=2, minutes=4, settle=1, symbols=10, config_dir=folders[then]), url)
    limits = {Cause.CONFIGURATION_CHANGED, Cause.ACCOUNT_STATE_DIFFERED}
    assert {pair.cause for pair in compared(url, folders[then], **KIND).pairs} & limits == set()
    found = compared(url, folders[now], **KIND)
    assert found.differences == ()
    assert {pair.cause for pair in found.pairs} & limits == {Cause.CONFIGURATION_CHANGED}
    let_in_once = [pair for pair in found.pairs if pair.cause in limits and pair.live.was_sent != pair.replay_was_sent]
    assert {pair.live.was_sent for pair in let_in_once} == {then > now}


REGULAR = Script(seed=1, minutes=2, symbols=14, profile="regular", start_ms=to_ms(parse_instant("2026-02-01T13:00Z")))
"""Its selector asks for the width of the book; AVAXUSDT is READY on 1m."""


NARROW = {"    1m: {stay_on_if: []}": "    1m: {stay_on_if: [{lt: 50, field: spread_bps}]}"}


@pytest.fixture(scope="module")
def narrow_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration, in which `regular` enters on 1m where the book is narrow."""
    folder = eager_configuration(tmp_path_factory.mktemp("narrow") / "config")
    change(folder / "app/mtf_validations.regular.yaml", NARROW)
    return folder


@pytest.fixture(scope="module")
def regular(tmp_path_factory: pytest.TempPathFactory, narrow_dir: Path) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('regular') / 'mtf.db'}"
    assert record(evolve(REGULAR, config_dir=narrow_dir), url).ready > 0
    return url


async def test_a_profile_whose_selector_asks_for_spreads_is_equal_too(regular: str, narrow_dir: Path) -> None:
    async with stores_of(regular) as stores:
        found = await comparison(stores, narrow_dir, profile="regular")
    assert (found.differences, found.counts.equal) == ((), found.counts.compared)
    assert found.counts.plans_equal > 0


async def test_another_spread_in_the_record_is_a_quote_that_differed(
    regular: str, narrow_dir: Path, tmp_path: Path
) -> None:
    async with tampered(regular, tmp_path) as (stores, planted):
        assert planted.inputs is not None
        assert planted.inputs.spread_bps is not None
        wide = evolve(planted, inputs=evolve(planted.inputs, spread_bps=100.0))
        await rewritten(stores, wide, f"sqlite:///{tmp_path / 'mtf.db'}")
        found = await comparison(stores, narrow_dir, profile="regular")
    (one,) = found.differences
    assert (one.cause, one.symbol) == (Cause.QUOTE_DIFFERED, planted.symbol)
    assert (one.live.ready, one.replay.ready, one.replay.reason) == (True, False, "no_timeframe_selected")
    assert one.why.endswith("it is what it was; 100.00 bps are recorded")


def test_quotes_that_could_not_be_read_differed(config_dir: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mtf.db'}"

    async def meddling(container: Container, clock: SteppedClock) -> None:
        async def down(symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
            return {symbol: ExchangeUnavailableError("down") for symbol in symbols}

        container.venue().market.quotes = down  # type: ignore[method-assign]

    record(evolve(SHORT, config_dir=config_dir), url, meddling)
    found = compared(url, config_dir)
    assert causes(found) == {Cause.QUOTE_DIFFERED}
    assert {one.live.reason for one in found.differences} == {"market_facts_unavailable"}
    assert all(one.replay.ready for one in found.differences)


async def upgraded(url: str) -> None:
    async with Database.open(url) as database:
        await database.upgrade()


def test_a_session_on_postgresql_is_compared_likewise(postgres: PostgresServer, config_dir: Path) -> None:
    url = postgres.url(create_database(postgres))
    asyncio.run(upgraded(url))
    session = record(evolve(SHORT, config_dir=config_dir), url)
    found = compared(url, config_dir)
    assert (found.differences, found.unexplained) == ((), 0)
    assert found.counts.plans == found.counts.plans_equal == session.ready > 0
    assert found.totals.live_sent + found.totals.not_compared >= session.outcome.entries.submitted
