"""Who supervises: the lock as one owner holds it, waits for it, or hears nothing of it. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from mtf_core.execution.seat import Seat, Seated, seat_name
from mtf_core.ports import Acquired, HeldBy, Locks, StoreUnavailableError
from mtf_core.ports.locks import LockAnswer
from tests.unit.virtual_time import in_time

OURS, THEIRS = Acquired("seat", "me", 7), HeldBy("seat", "another", 99_000)
TTL_MS = 10_000


class Answering(Locks):
    """Locks that answer as they are told to."""

    def __init__(self) -> None:
        self.answer: LockAnswer | None = OURS
        """None: nobody answers."""
        self.is_away = False
        self.asked = 0
        self.released: list[str] = []

    async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> Mapping[str, LockAnswer]:
        self.asked += 1
        assert (list(names), owner, ttl_ms) == (["seat"], "me", TTL_MS)
        if self.is_away:
            raise StoreUnavailableError("away")
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return {"seat": self.answer}

    async def release(self, names: Iterable[str], owner: str) -> None:
        if self.is_away:
            raise StoreUnavailableError("away")
        if self.answer is None:
            await asyncio.Event().wait()
        self.released += names


def a_seat() -> tuple[Seat, Answering]:
    locks = Answering()
    return Seat(locks, "seat", "me", TTL_MS), locks


def test_each_account_of_each_world_has_a_seat_of_its_own() -> None:
    names = {seat_name(world, account) for world in ("sandbox 1", "sandbox 2") for account in ("a", "b")}
    assert len(names) == 4


def test_a_seat_that_was_taken_a_moment_ago_is_not_asked_for_again_and_then_it_is() -> None:
    seat, locks = a_seat()

    async def story() -> None:
        await asyncio.sleep(0.001)
        assert await seat.hold(100) is Seated.YES
        assert (seat.fence, seat.holder) == (OURS, None)
        await asyncio.sleep(2.4)
        assert await seat.hold(100) is Seated.YES
        assert locks.asked == 1
        await asyncio.sleep(0.2)
        assert await seat.hold(100) is Seated.YES
        assert locks.asked == 2

    in_time(story())


def test_what_renews_it_beside_is_enough_for_longer_and_only_under_the_same_fence() -> None:
    seat, locks = a_seat()

    async def story() -> None:
        await seat.hold(100)
        await asyncio.sleep(2)
        seat.renewed(Acquired("seat", "me", 6), 2.0)
        await asyncio.sleep(1)
        await seat.hold(100)
        assert locks.asked == 2, "the fence of an earlier time renews nothing"
        seat.renewed(OURS, 3.0)
        await asyncio.sleep(5.9)
        await seat.hold(100)
        assert locks.asked == 2
        await asyncio.sleep(0.2)
        await seat.hold(100)
        assert locks.asked == 3

    in_time(story())


def test_where_another_one_holds_it_whose_it_is_is_known_and_nothing_of_before_counts() -> None:
    seat, locks = a_seat()

    async def story() -> None:
        await seat.hold(100)
        seat.renewed(OURS, 0.0)
        await asyncio.sleep(7)
        locks.answer = THEIRS
        assert await seat.hold(100) is Seated.NO
        assert (seat.fence, seat.holder) == (None, THEIRS)
        locks.answer = Acquired("seat", "me", 9)
        assert await seat.hold(100) is Seated.YES
        assert (seat.fence, seat.holder) == (locks.answer, None)
        await asyncio.sleep(3)
        await seat.hold(100)
        assert locks.asked == 4, "nothing renews it beside any more"

    in_time(story())


def test_locks_that_say_nothing_leave_it_as_it_was() -> None:
    seat, locks = a_seat()

    async def story() -> None:
        locks.is_away = True
        assert await seat.hold(100) is Seated.NO
        locks.is_away = False
        await seat.hold(100)
        await asyncio.sleep(3)
        locks.is_away = True
        assert await seat.hold(100) is Seated.UNHEARD
        locks.is_away, locks.answer = False, None
        begun_s = asyncio.get_running_loop().time()
        assert await seat.hold(250) is Seated.UNHEARD
        assert asyncio.get_running_loop().time() - begun_s == 0.25
        assert seat.fence == OURS
        seat.lose()
        assert seat.fence is None
        assert await seat.hold(250) is Seated.NO

    in_time(story())


def test_who_leaves_gives_it_back_and_waits_no_longer_than_it_lasts() -> None:
    seat, locks = a_seat()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        await seat.hold(100)
        await seat.leave()
        assert (locks.released, seat.fence, loop.time()) == (["seat"], None, 0)
        locks.is_away = True
        await seat.leave()
        locks.is_away, locks.answer = False, None
        await seat.leave()
        assert loop.time() == TTL_MS / 1000

    in_time(story())
