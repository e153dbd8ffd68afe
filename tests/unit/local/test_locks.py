"""In-process locks: one owner at a time, until released or expired."""

import pytest
from attrs import define

from mtf_adapters.local import InProcessLocks
from mtf_core.ports import LockHeld, Locks


@define
class SettableClock:
    instant_ms: int = 1_000

    def now_ms(self) -> int:
        return self.instant_ms


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def locks(clock: SettableClock) -> Locks:
    return InProcessLocks(clock)


async def test_a_free_lock_goes_to_the_first_who_asks(locks: Locks) -> None:
    assert await locks.acquire("run:scalper", "first", 500) is None
    assert await locks.held() == (LockHeld("run:scalper", "first", 1_500),)


async def test_a_held_lock_names_its_holder_and_stays_with_it(locks: Locks) -> None:
    await locks.acquire("run:scalper", "first", 500)
    assert await locks.acquire("run:scalper", "second", 9_000) == LockHeld("run:scalper", "first", 1_500)
    assert await locks.held() == (LockHeld("run:scalper", "first", 1_500),)


async def test_the_holder_renews_by_acquiring_again(locks: Locks, clock: SettableClock) -> None:
    await locks.acquire("run:scalper", "first", 500)
    clock.instant_ms += 400
    assert await locks.acquire("run:scalper", "first", 500) is None
    assert await locks.held() == (LockHeld("run:scalper", "first", 1_900),)


async def test_a_lock_is_held_up_to_but_not_at_its_expiry(locks: Locks, clock: SettableClock) -> None:
    await locks.acquire("run:scalper", "first", 500)
    clock.instant_ms = 1_499
    assert await locks.acquire("run:scalper", "second", 500) is not None
    clock.instant_ms = 1_500
    assert await locks.held() == ()
    assert await locks.acquire("run:scalper", "second", 500) is None


async def test_only_the_holder_releases(locks: Locks) -> None:
    await locks.acquire("run:scalper", "first", 500)
    await locks.release("run:scalper", "second")
    assert await locks.acquire("run:scalper", "second", 500) is not None
    await locks.release("run:scalper", "first")
    assert await locks.acquire("run:scalper", "second", 500) is None


async def test_the_late_release_of_an_expired_owner_leaves_the_next_owner_alone(
    locks: Locks, clock: SettableClock
) -> None:
    await locks.acquire("run:scalper", "first", 500)
    clock.instant_ms += 500
    await locks.acquire("run:scalper", "second", 500)
    await locks.release("run:scalper", "first")
    assert [lock.owner for lock in await locks.held()] == ["second"]


async def test_releasing_a_lock_nobody_holds_does_nothing(locks: Locks) -> None:
    await locks.release("run:scalper", "first")
    assert await locks.held() == ()


async def test_locks_of_different_names_are_independent_and_listed_by_name(locks: Locks) -> None:
    assert await locks.acquire("symbol:ETHUSDT", "second", 500) is None
    assert await locks.acquire("symbol:BTCUSDT", "first", 500) is None
    assert [lock.name for lock in await locks.held()] == ["symbol:BTCUSDT", "symbol:ETHUSDT"]


@pytest.mark.parametrize("ttl_ms", [0, -1])
async def test_a_lock_that_would_have_expired_at_once_is_refused(locks: Locks, ttl_ms: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        await locks.acquire("run:scalper", "first", ttl_ms)
