"""The guards of a real entry: what they stand on, and of which moment it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_core.execution import Desk, Ground, Submitted, further_guard, guards_for
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.execution.submit import GuardOfNow
from mtf_core.market import ContractStatus, Position, PositionMode, Side
from mtf_core.orders import Intent
from mtf_core.planning import EntryZone, Skip
from mtf_core.ports import ClockSkew
from mtf_core.reasons import Reason
from mtf_core.risk import Books, Heartbeat, Standing, Switchboard
from tests.integration.execution.counter import Counter, beat, counter_on


@pytest_asyncio.fixture
async def counter(migrated_sqlite_url: str) -> AsyncIterator[Counter]:
    async with counter_on(migrated_sqlite_url) as opened:
        await opened.desk.environment.stores.contracts.replace_all(
            await opened.exchange.contracts(), opened.desk.now_ms
        )
        await beat(opened.desk.environment)
        yield opened


def at(desk: Desk, skew: Callable[[], ClockSkew | None] | None = None, **settings: Any) -> Desk:
    """The same desk at an exchange with a clock of its own, or under other settings."""
    venue = evolve(desk.environment.venue, skew=skew)
    changed = evolve(desk.settings, **settings)
    return evolve(desk, environment=evolve(desk.environment, venue=venue), settings=changed)


async def ground_of(counter: Counter, **contract: Any) -> Ground:
    desk, account = counter.desk, await counter.account()
    profile = desk.environment.profiles(None)
    losses = await measure_losses(desk.environment, profile.trade_entry.risk, profile.name, account)
    contracts = by_symbol(await counter.exchange.contracts())
    changed = {symbol: evolve(one, **contract) for symbol, one in contracts.items()}
    return Ground(account, losses, changed)


async def submitted(counter: Counter, desk: Desk, ground: Ground | None = None) -> Skip | Submitted:
    draft, profile = counter.draft(), counter.desk.environment.profiles(None)
    return await counter.submit(draft, guards_for(desk, draft, profile, ground or await ground_of(counter)))


async def test_an_entry_passes_where_nothing_stands_against_it(counter: Counter) -> None:
    assert isinstance(await submitted(counter, counter.desk), Submitted)


@pytest.mark.parametrize("error_ms", [0, 1])
async def test_a_clock_may_be_as_far_away_as_the_settings_say_and_no_farther(counter: Counter, error_ms: int) -> None:
    desk = at(counter.desk, lambda: ClockSkew(-500, error_ms, 0), clock_skew_ms=500)
    found = await submitted(counter, desk)
    assert isinstance(found, Skip if error_ms else Submitted)
    if isinstance(found, Skip):
        assert (found.reason, dict(found.facts)["skew_ms"]) == (Reason.CLOCK_SKEW, 501)


async def test_a_clock_that_was_never_measured_lets_nothing_enter(counter: Counter) -> None:
    found = await submitted(counter, at(counter.desk, lambda: None))
    assert isinstance(found, Skip)
    assert (found.reason, dict(found.facts)["skew_ms"]) == (Reason.CLOCK_SKEW, "not measured")


async def test_where_the_exchange_has_no_clock_of_its_own_nothing_is_away_from_it(counter: Counter) -> None:
    assert isinstance(await submitted(counter, at(counter.desk, clock_skew_ms=0)), Submitted)


async def test_the_clock_that_counts_is_the_one_of_the_moment_in_which_the_store_is_asked(counter: Counter) -> None:
    """Not of when the guards were made: much may have been read and waited for in between."""
    measured: list[ClockSkew] = []
    desk = at(counter.desk, lambda: measured[-1])
    draft, profile = counter.draft(), desk.environment.profiles(None)
    guards = guards_for(desk, draft, profile, await ground_of(counter))
    measured.append(ClockSkew(60_000, 0, 0))
    found = await counter.submit(draft, guards)
    assert isinstance(found, Skip)
    assert found.reason is Reason.CLOCK_SKEW


async def test_an_account_in_another_position_mode_than_the_settings_say_enters_nothing(counter: Counter) -> None:
    mode = (await counter.account()).position_mode
    other = next(one for one in PositionMode if one is not mode)
    found = await submitted(counter, at(counter.desk, position_mode=other))
    assert isinstance(found, Skip)
    assert found.reason is Reason.MODES_DIFFER
    assert dict(found.facts)["why"]


async def test_a_contract_that_only_closes_or_is_not_listed_is_not_entered(counter: Counter) -> None:
    closing = await submitted(counter, counter.desk, await ground_of(counter, status=ContractStatus.CLOSE_ONLY))
    assert isinstance(closing, Skip)
    assert closing.reason is Reason.VENUE_CLOSE_ONLY
    ground = await ground_of(counter)
    unlisted = await submitted(counter, counter.desk, evolve(ground, contracts={}))
    assert isinstance(unlisted, Skip)
    assert unlisted.reason is Reason.CONTRACT_NOT_TRADING


async def test_what_the_account_holds_already_counts_at_its_own_size(counter: Counter) -> None:
    """A hundred contracts of another symbol, of which one is so much of its base currency, at a mark of 10."""
    ground, draft = await ground_of(counter), counter.draft()
    held = Position("ETHUSDT", Side.LONG, Decimal(100), Decimal(10), Decimal(5), Decimal(0), mark_price=Decimal(10))
    ground = evolve(ground, account=evolve(ground.account, positions=(held,)))
    worth = 1000 * ground.contracts["ETHUSDT"].contract_size + draft.terms.notional_usdt
    profile = counter.desk.environment.profiles(None)

    async def within(limit: Decimal) -> Skip | Submitted:
        risk = evolve(profile.trade_entry.risk, max_notional_usdt=limit)
        limited = evolve(profile, trade_entry=evolve(profile.trade_entry, risk=risk))
        return await counter.submit(draft, guards_for(counter.desk, draft, limited, ground))

    refused = await within(worth - Decimal("0.01"))
    assert isinstance(refused, Skip)
    assert (refused.reason, dict(refused.facts)["notional_usdt"]) == (Reason.EXPOSURE_LIMIT_REACHED, worth)
    assert isinstance(await within(worth), Submitted)


async def test_the_key_of_an_entry_stands_against_it_until_it_is_committed_itself(counter: Counter) -> None:
    draft, profile = counter.draft(), counter.desk.environment.profiles(None)
    guards = guards_for(counter.desk, draft, profile, await ground_of(counter))
    assert stands_against(counter, guards.first) is Reason.DUPLICATE_DECISION_KEY
    assert stands_against(counter, guards.again) is None


# A further attempt


async def entered(counter: Counter, zone_lasts_ms: int | None = None) -> Intent:
    """An intent, of a plan without a zone or with one that ends so long from now."""
    draft, zone = counter.draft(), None
    if zone_lasts_ms is not None:
        assert draft.attempt.price is not None
        edges = draft.attempt.price - 1, draft.attempt.price + 1
        zone = EntryZone(*edges, draft.attempt.price, "5m.vwap", counter.desk.now_ms + zone_lasts_ms)
    found = await counter.submit(evolve(draft, terms=evolve(draft.terms, zone=zone)))
    assert isinstance(found, Submitted)
    return found.intent


def stands_against(counter: Counter, guard: GuardOfNow) -> Reason | None:
    """What a guard says now, by books that hold nothing but the attempt's own intent."""
    now_ms = counter.desk.now_ms
    books = Books(
        standing=Standing(),
        switchboard=Switchboard({}, now_ms),
        supervisor=Heartbeat("supervisor", now_ms, now_ms),
        locks=(),
        live=(),
        key_is_taken=True,
    )
    skip = guard()(books)
    return None if skip is None else skip.reason


@pytest.mark.parametrize(("zone_lasts_ms", "lasts_ms"), [(None, 15_000), (20_000, 15_000), (5_000, 5_000)])
async def test_a_further_attempt_may_be_made_while_its_quote_is_fresh_and_its_zone_lasts(
    counter: Counter, zone_lasts_ms: int | None, lasts_ms: int
) -> None:
    guard = await further_guard(counter.desk, await entered(counter, zone_lasts_ms))
    counter.world.advance(lasts_ms - 1)
    assert stands_against(counter, guard) is None
    counter.world.advance(1)
    assert stands_against(counter, guard) is Reason.PLAN_EXPIRED
