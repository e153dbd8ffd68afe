"""Every field of a request changes what a run does or reports, or is refused by its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from attrs import evolve, fields, frozen

from mtf_core.market import Timeframe
from mtf_core.ports import TradingRefusedError
from mtf_core.problems import InvalidRequestError
from mtf_core.risk import Switch
from mtf_core.rules.ruleset import ContextMode
from mtf_core.runs import RunLockedError, RunReport, RunRequest, parse_request
from tests.integration.liveness.run_cases import TRADABLE
from tests.integration.liveness.sandbox import Sandbox, reasons, sandbox
from tests.unit.files.shipped import shipped
from tests.unit.settings.liveness.histories import NOW_MS, SYMBOL
from tests.unit.settings.liveness.worlds import content_with, profile_of

PROFILE = profile_of(content_with(TRADABLE))
OTHER = profile_of(content_with({**TRADABLE, "mtf_contracts.selection.limits.top_n": 2}))
BUSY = "BTCUSDT"

Story = Callable[[Sandbox, RunRequest], Awaitable[object]]


async def outcomes(world: Sandbox, request: RunRequest) -> object:
    return reasons(await world.run(request))


async def entries(world: Sandbox, request: RunRequest) -> object:
    """Side and execution timeframe of every symbol."""
    results = (await world.run(request)).results
    return {symbol: (result.side, result.execution_timeframe) for symbol, result in results.items()}


async def with_a_neutral_context(world: Sandbox, request: RunRequest) -> object:
    return await entries(world, evolve(request, symbols=(SYMBOL,)))


async def with_a_neutral_context_told(world: Sandbox, request: RunRequest) -> object:
    return await outcomes(world, evolve(request, symbols=(SYMBOL,)))


async def calls_at_the_same_time(world: Sandbox, request: RunRequest) -> object:
    await world.run(request)
    return world.exchange.most_waiting


async def with_a_switch_off(world: Sandbox, request: RunRequest) -> object:
    await world.environment.stores.switches.put([Switch(SYMBOL, False, None, "by hand", NOW_MS)])
    return reasons(await world.run(evolve(request, symbols=(SYMBOL,))))


async def with_a_busy_symbol(world: Sandbox, request: RunRequest) -> object:
    world.hold(BUSY)
    return reasons(await world.run(request))


async def evaluated_again(world: Sandbox, request: RunRequest) -> object:
    await world.run()
    return (await world.run(request)).performance.timeframes_evaluated


async def beside_another_run(world: Sandbox, request: RunRequest) -> object:
    world.locks.dying = True
    await world.run(RunRequest(symbols=(BUSY,)))
    try:
        report: RunReport = await world.run(evolve(request, symbols=(SYMBOL,)))
    except RunLockedError:
        return "locked"
    return reasons(report)


async def stored_request(world: Sandbox, request: RunRequest) -> object:
    record = await world.environment.stores.runs.run((await world.run(request)).run_id)
    assert record is not None
    return record.request


async def whether_orders_may_leave(world: Sandbox, request: RunRequest) -> object:
    """At a past instant nothing can be traded: whoever asks for it is told so."""
    try:
        return (await world.run(request)).dry_run
    except TradingRefusedError as refused:
        return refused.reason


@frozen
class Field:
    """A field of a request, another value than its default, and the story in which that shows."""

    name: str
    value: object
    story: Story = outcomes


SHOWN = (
    Field("symbols", (SYMBOL,)),
    Field("dry_run", False, whether_orders_may_leave),
    Field("limit", 2),
    Field("profile", "other"),
    Field("validation_mode", ContextMode.STRICT, with_a_neutral_context_told),
    Field("requested_by", "night desk", stored_request),
    Field("workers", 4, calls_at_the_same_time),
    Field("force_run", True, with_a_switch_off),
    Field("current_tf", Timeframe.M1, entries),
    Field("force_timeframe_check", True, evaluated_again),
    Field("skip_context", True, with_a_neutral_context),
    Field("skip_open_state_filter", True, with_a_busy_symbol),
    Field("lock_per_symbol", True, beside_another_run),
    Field("sync_tables", False),
    Field("at_ms", NOW_MS - 24 * 3_600_000),
)
REFUSED = {"process_tp_sl": True, "exchange": "elsewhere", "market_type": "spot"}
TOLD_BY_THE_EXCHANGE = ("exchange",)
"""Only the run knows which exchange serves it."""


@pytest.mark.parametrize("field", SHOWN, ids=lambda field: field.name)
async def test_another_value_of_a_field_changes_the_run(field: Field) -> None:
    seen = []
    for request in (RunRequest(), evolve(RunRequest(), **{field.name: field.value})):
        async with sandbox(PROFILE, other=OTHER) as world:
            seen.append(await field.story(world, request))
    assert seen[0] != seen[1]


async def test_one_timeframe_without_context_leaves_the_selectors_other_entries_alone() -> None:
    async with sandbox(shipped("regular")) as world:
        report = await world.run(RunRequest(skip_context=True, current_tf=Timeframe.M1))
    assert {result.execution_timeframe for result in report.results.values()} <= {None, Timeframe.M1}
    assert report.results


@pytest.mark.parametrize(("name", "value"), REFUSED.items())
async def test_what_a_run_cannot_do_is_refused_by_name_wherever_the_request_comes_from(
    name: str, value: object
) -> None:
    if name not in TOLD_BY_THE_EXCHANGE:
        with pytest.raises(InvalidRequestError, match=f"^{name}: "):
            parse_request({name: value})
    async with sandbox(PROFILE) as world:
        with pytest.raises(InvalidRequestError, match=f"^{name}: "):
            await world.run(evolve(RunRequest(), **{name: value}))
        assert (await world.environment.stores.runs.history(1)).items == ()


async def test_a_request_made_by_hand_is_held_to_the_same_number_of_workers() -> None:
    async with sandbox(PROFILE) as world:
        for workers in (0, 65):
            with pytest.raises(
                InvalidRequestError, match=f"workers: found {workers}; allowed is a whole number within 1..64"
            ):
                await world.run(RunRequest(workers=workers))


def test_every_field_is_shown_at_work_or_refused() -> None:
    assert {attribute.name for attribute in fields(RunRequest)} == {field.name for field in SHOWN} | set(REFUSED)
