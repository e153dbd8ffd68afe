"""Settings of supervision: how often it looks, how long it waits, and when it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import Any

from attrs import evolve

from mtf_adapters.bitmart.capabilities import CAPABILITIES as UNPROVEN
from mtf_adapters.sql import Database
from mtf_core.execution.dead_man import DeadManSwitch
from mtf_core.market import AccountState, Position, Side
from mtf_core.orders import AlarmKind, Asked, AskedKind, Purpose, mint, store_tag
from mtf_core.orders.reconcile import Known, differences
from mtf_core.ports import TradingRefusedError
from mtf_core.settings.profile import Profile
from tests.integration.execution.counter import ACCOUNT, a_world
from tests.integration.supervision.shift import Counted, Shift, shift_on
from tests.unit.orders.supervision.desk import NATIVE, OWN_SIZED, Bench, bench
from tests.unit.settings.liveness.case import Case

_ORDERS = "trading.orders"
_A_MINUTE = 60


def _bench(profile: Profile, **regime: Any) -> Bench:
    one = bench(regime.get("capabilities", NATIVE))
    one.rules = evolve(one.rules, settings=profile.trading.orders)
    return one


def next_look_at_a_protected_position(profile: Profile) -> object:
    one = _bench(profile)
    one.fills(10)
    one.looks(4)
    assert one.last is not None
    return one.last.look_again_ms


def next_look_at_a_position_without_a_stop(profile: Profile) -> object:
    one = _bench(profile, capabilities=OWN_SIZED)
    one.fills(10)
    return one.look().look_again_ms


def writes_that_never_arrive(profile: Profile) -> object:
    """After how many seconds a position without a stop is an alarm, and what was tried for it."""
    one = _bench(profile, capabilities=OWN_SIZED)
    one.fills(10)
    alarmed = []
    for _ in range(_A_MINUTE):
        one.passes(1000)
        one.look(leaves=lambda _: False)
        alarmed.append(AlarmKind.UNPROTECTED in one.alarms)
    return alarmed, one.wrote


def a_wish_of_a_minute_ago(profile: Profile) -> object:
    """Whether a stop is moved that was asked for so long ago."""
    one = _bench(profile)
    one.fills(10)
    one.looks(4)
    one.asked = (Asked(1, AskedKind.PROTECT, {"stop": "97"}, "ann", one.exchange.now_ms),)
    one.passes(60_000)
    return [answer.outcome for answer in one.look().answers]


def a_cancellation_that_never_arrives(profile: Profile) -> object:
    """After how many seconds an entry that does not end is an alarm."""
    one = _bench(profile, order_timeout_ms=1000)
    alarmed = []
    for _ in range(10 * _A_MINUTE):
        one.passes(1000)
        one.look(leaves=lambda _: False)
        alarmed.append(AlarmKind.STALE in one.alarms)
    return alarmed


def a_position_that_nobody_here_opened(profile: Profile) -> object:
    position = Position("ETHUSDT", Side.LONG, *(Decimal(1),) * 3, Decimal(0))
    account = AccountState(0, Decimal(1), Decimal(1), (position,), ())
    by_hand = frozenset(profile.trading.orders.account_shared_ok)
    return differences(account, Known(live=(), tag=1, counter=1, ids=NATIVE.client_ids, by_hand=by_hand))


def a_timer_that_may_take_stops_along(profile: Profile) -> object:
    """Whether supervision begins where it is not proven that the exchange's timer leaves stops alone."""

    async def begins(shift: Shift) -> object:
        venue = evolve(shift.desk.environment.venue, capabilities=UNPROVEN)
        desk = evolve(shift.desk, environment=evolve(shift.desk.environment, venue=venue))
        try:
            DeadManSwitch.of(desk)
        except TradingRefusedError as refused:
            return str(refused)
        return "begins"

    return _on_a_shift(profile, begins)


class _Slow(Counted):
    """An exchange whose account takes a second and a half to read, once it is told to be slow."""

    is_slow = False

    async def sync(self, **named: Any) -> Any:
        if self.is_slow:
            self._world.advance(1500)
        return await super().sync(**named)


def what_was_read_a_second_and_a_half_ago(profile: Profile) -> object:
    """Whether a stop that is missing is placed from a view of that age."""

    async def look(shift: Shift) -> object:
        await _without_a_stop(shift)
        assert isinstance(shift.exchange, _Slow)
        shift.exchange.is_slow = True
        await shift.look()
        return len(shift.exchange.protections)

    return _on_a_shift(profile, look)


def a_store_that_takes_half_a_second(profile: Profile) -> object:
    """Whether what protects leaves before the store knows of it."""

    async def look(shift: Shift) -> object:
        await _without_a_stop(shift)
        shift.store.takes_s = 0.5
        await shift.look()
        return AlarmKind.STORE_BEHIND in shift.raised()

    return _on_a_shift(profile, look)


def a_position_of_ours_whose_plan_is_lost(profile: Profile) -> object:
    """Where its stop is placed, if anywhere."""

    async def looks(shift: Shift) -> object:
        await shift.look()
        made = mint(store_tag(shift.desk.identity.store_id), 7, ACCOUNT, "lost", 1, Purpose.ENTRY)
        await shift.enter_past_the_store(made.text(shift.desk.ids), price=None)
        await shift.look(6)
        return [one.trigger.price for one in shift.exchange.protections]

    return _on_a_shift(profile, looks)


async def _without_a_stop(shift: Shift) -> None:
    """A position whose stop was taken away by hand."""
    await shift.enter(shift.counter.draft(price="1.01"))
    await shift.look(3)
    assert await shift.position() is not None
    for stop in await shift.stops():
        await shift.exchange.cancel(stop.symbol, stop.order_id, stop.kind)


def _on_a_shift(profile: Profile, story: Any) -> object:
    async def told() -> object:
        world = a_world()
        with TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/orders.db"
            async with Database.open(url) as database:
                await database.upgrade()
            async with shift_on(url, world, _Slow(world, ACCOUNT), **_settings(profile)) as shift:
                answer: Awaitable[object] = story(shift)
                return await answer

    return asyncio.run(told())


def _settings(profile: Profile) -> dict[str, object]:
    names = ("view_sec", "exit_wait_ms", "dead_man_switch_sec", "forgotten_stop_pct")
    return {name: getattr(profile.trading.orders, name) for name in names}


CASES = (
    Case(f"{_ORDERS}.look_sec", 5, 3, next_look_at_a_protected_position),
    Case(f"{_ORDERS}.look_soon_sec", 1, 2, next_look_at_a_position_without_a_stop),
    Case(f"{_ORDERS}.protect_within_sec", 5, 20, writes_that_never_arrive),
    Case(f"{_ORDERS}.protect_tries", 3, 5, writes_that_never_arrive),
    Case(f"{_ORDERS}.cancel_looks", 10, 3, a_cancellation_that_never_arrives),
    Case(f"{_ORDERS}.account_shared_ok", (), ("ETHUSDT",), a_position_that_nobody_here_opened),
    Case(f"{_ORDERS}.dead_man_switch_sec", 0, 60, a_timer_that_may_take_stops_along),
    Case(f"{_ORDERS}.view_sec", 1, 4, what_was_read_a_second_and_a_half_ago),
    Case(f"{_ORDERS}.operator_request_life_sec", 300, 30, a_wish_of_a_minute_ago),
    Case(f"{_ORDERS}.forgotten_stop_pct", 0.02, 0.01, a_position_of_ours_whose_plan_is_lost),
    Case(f"{_ORDERS}.exit_wait_ms", 20, 2000, a_store_that_takes_half_a_second),
)
