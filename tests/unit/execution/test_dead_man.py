"""The exchange's own timer: armed only where it surely leaves stops, renewed, and ended with what it is for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import evolve

from mtf_core.execution.dead_man import DeadManSwitch
from mtf_core.market import Proven, SettingScope, TimedCancelAll, WriteOutcome, WriteResult
from mtf_core.orders import EntryState, Intent
from mtf_core.ports import TradingRefusedError
from tests.unit.orders.intents import an_intent

TIMER = TimedCancelAll(SettingScope.SYMBOL, least_seconds=10, most_seconds=600, keeps_protection=Proven.YES)


class Timers:
    """The exchange's timers, by symbol."""

    def __init__(self) -> None:
        self.set: list[tuple[str, int]] = []
        self.is_deaf = False

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        self.set.append((symbol, seconds))
        return WriteOutcome(WriteResult.UNKNOWN if self.is_deaf else WriteResult.ACCEPTED)


def switch(seconds: int, timed: TimedCancelAll | None = TIMER) -> tuple[DeadManSwitch, Timers]:
    timers = Timers()
    settings, capabilities = SimpleNamespace(dead_man_switch_sec=seconds), SimpleNamespace(timed_cancel_all=timed)
    desk = SimpleNamespace(settings=settings, capabilities=capabilities, trading=timers)
    return DeadManSwitch.of(cast(Any, desk)), timers


def entry(symbol: str, state: EntryState = EntryState.RESTING) -> Intent:
    one = an_intent(entry=state)
    return evolve(one, wanted=evolve(one.wanted, symbol=symbol))


@pytest.mark.parametrize(
    ("seconds", "timed", "why"),
    [
        (30, None, "has no such timer"),
        (30, evolve(TIMER, keeps_protection=Proven.UNKNOWN), "it is not proven"),
        (9, TIMER, "takes 10 to 600 seconds"),
        (601, TIMER, "takes 10 to 600 seconds"),
        (9, evolve(TIMER, most_seconds=None), "takes 10 to any number of seconds"),
    ],
)
def test_a_timer_that_may_take_stops_away_or_cannot_be_set_so_is_refused(
    seconds: int, timed: TimedCancelAll | None, why: str
) -> None:
    with pytest.raises(TradingRefusedError, match=why):
        switch(seconds, timed)


@pytest.mark.parametrize(("seconds", "timed"), [(10, TIMER), (600, TIMER), (9999, evolve(TIMER, most_seconds=None))])
def test_what_the_exchange_takes_is_armed(seconds: int, timed: TimedCancelAll) -> None:
    made, timers = switch(seconds, timed)
    asyncio.run(made.renew([entry("BTCUSDT")]))
    assert timers.set == [("BTCUSDT", seconds)]


def test_it_is_renewed_where_entries_may_rest_and_ends_where_none_does_any_more() -> None:
    made, timers = switch(30)
    filled = entry("XRPUSDT", EntryState.DONE)

    async def story() -> None:
        await made.renew([entry("BTCUSDT"), entry("ETHUSDT", EntryState.UNKNOWN), filled])
        await made.renew([entry("BTCUSDT")])
        await made.renew([])
        await made.renew([])

    asyncio.run(story())
    first, second = [("BTCUSDT", 30), ("ETHUSDT", 30)], [("BTCUSDT", 30), ("ETHUSDT", 0)]
    assert timers.set == [*first, *second, ("BTCUSDT", 0)]


def test_a_timer_that_may_still_run_is_ended_again_until_the_exchange_says_that_it_is() -> None:
    made, timers = switch(30)

    async def story() -> None:
        await made.renew([entry("BTCUSDT")])
        timers.is_deaf = True
        await made.disarm()
        timers.is_deaf = False
        await made.disarm()
        await made.disarm()

    asyncio.run(story())
    assert timers.set == [("BTCUSDT", 30), ("BTCUSDT", 0), ("BTCUSDT", 0)]


def test_nothing_is_ever_armed_where_it_is_not_asked_for() -> None:
    made, timers = switch(0, None)
    asyncio.run(made.renew([entry("BTCUSDT")]))
    assert timers.set == []
