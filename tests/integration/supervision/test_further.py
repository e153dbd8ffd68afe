"""A further attempt by the real supervisor: made once, or never, and the story says which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_core.execution import Submitted, looking
from mtf_core.market import TimeInForce
from mtf_core.orders import Draft, EntryState, PositionState
from mtf_core.planning import EntryZone
from mtf_core.ports import StoreUnavailableError
from mtf_core.settings.trade_entry import EndOfZoneSettings
from tests.integration.execution.counter import SYMBOL
from tests.integration.supervision.shift import KEY, Shift, shift_on

TAKES = EndOfZoneSettings(max_spread_bps=Decimal(100), max_slippage_bps=Decimal(100))
ENDS_MS = 90_000


@pytest_asyncio.fixture
async def shift(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    async with shift_on(migrated_sqlite_url) as opened:
        await opened.desk.environment.stores.contracts.replace_all(
            await opened.exchange.contracts(), opened.desk.now_ms
        )
        yield opened


def a_draft(shift: Shift) -> Draft:
    """It rests a little below the market, and what is left may be taken shortly before its zone ends."""
    draft, price = shift.counter.draft(price="0.999"), shift.mark
    zone = EntryZone(price * Decimal("0.99"), price * Decimal("1.01"), price, "5m.vwap", shift.desk.now_ms + ENDS_MS)
    terms = evolve(
        draft.terms,
        zone=zone,
        end_of_zone=TAKES,
        order_timeout_ms=None,
        risk_usdt=Decimal(100_000),
        min_net_r=Decimal(0),
        out_of_zone_after_ms=10**9,
    )
    return evolve(draft, terms=terms)


async def near_the_end(shift: Shift) -> None:
    """The next look cancels the entry, and the one after it takes what is left."""
    price = shift.mark
    await shift.enter(a_draft(shift))
    await shift.look()
    shift.world.advance(ENDS_MS - 20_000)
    shift.show(price)
    await shift.supervisor.look()
    assert (await shift.intent()).entry is EntryState.CANCELLING


async def told(shift: Shift) -> list[tuple[str, int, str]]:
    events = [one.event for one in await shift.counter.desk.orders.events(KEY)]
    return [(str(one.kind), one.attempt, one.details.get("further_attempt", "")) for one in events]


async def test_what_is_left_is_taken_by_a_second_attempt_whose_story_begins_with_the_decision(shift: Shift) -> None:
    await near_the_end(shift)
    await shift.look(4)
    intent = await shift.intent()
    assert (intent.attempt.number, intent.attempt.time_in_force, intent.position) == (
        2,
        TimeInForce.IOC,
        PositionState.PROTECTED,
    )
    story = await told(shift)
    assert story.index(("state", 1, "end_of_zone")) < story.index(("submitted", 2, ""))


async def test_a_process_that_dies_between_the_decision_and_the_attempt_loses_it_and_nothing_else(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, migrated_sqlite_url: str
) -> None:
    await near_the_end(shift)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(looking, "further_guard", never)
    shift.world.advance(1000)
    look = asyncio.ensure_future(shift.supervisor.look())
    while (await shift.intent()).entry is not EntryState.DONE:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert not look.done(), "it is about to submit"
    await shift.die()
    monkeypatch.undo()
    async with shift_on(migrated_sqlite_url, shift.world, shift.exchange) as after:
        await after.look(5)
        intent = await after.intent()
        assert (intent.is_live, intent.attempt.number, intent.filled) == (False, 1, 0)
        assert await after.live() == ()
        assert await after.position() is None
        assert (await told(after))[-1] == ("state", 1, "end_of_zone"), "and no attempt follows"
        assert after.raised() == set()
        assert isinstance(await after.counter.submit(after.counter.draft("next")), Submitted), "the symbol is free"


async def test_an_attempt_that_could_not_be_tried_is_told_as_refused(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    await near_the_end(shift)

    async def fails(*_: object) -> None:
        raise StoreUnavailableError("the store is away")

    monkeypatch.setattr(looking, "further_guard", fails)
    await shift.look(3)
    assert not (await shift.intent()).is_live
    *_, last = await shift.counter.desk.orders.events(KEY)
    assert (str(last.event.kind), last.event.details["reason"]) == ("refused", "fallback_refused")
    assert "the store is away" in last.event.details["why"]
    assert await shift.live() == ()
    assert SYMBOL not in {one.symbol for one in await shift.counter.desk.orders.live()}
