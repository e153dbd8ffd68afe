"""Which alarms stand: each is told once, kept as it was first told, and ends with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from mtf_core.execution.alarms import AlarmBoard
from mtf_core.orders import Alarm, AlarmKind
from mtf_core.ports import Acquired, StoreUnavailableError


class Rows:
    """The store's rows of alarms."""

    def __init__(self) -> None:
        self.standing: dict[tuple[str, str], Alarm] = {}
        self.calls = 0
        self.is_away = False

    async def raise_alarms(self, alarms: Iterable[Alarm], at_ms: int, fence: Acquired | None) -> None:
        self.calls += 1
        if self.is_away:
            raise StoreUnavailableError("away")
        self.standing |= {(alarm.kind.value, alarm.subject): alarm for alarm in alarms}

    async def end_alarms(self, standing: Iterable[Alarm], at_ms: int, fence: Acquired | None) -> None:
        names = {(alarm.kind.value, alarm.subject) for alarm in standing}
        self.standing = {name: alarm for name, alarm in self.standing.items() if name in names}


def alarm(kind: AlarmKind = AlarmKind.STALE, subject: str = "one", at_ms: int = 1) -> Alarm:
    return Alarm(kind, subject, "look at it", at_ms)


def board() -> tuple[AlarmBoard, Rows, list[Alarm]]:
    rows, told = Rows(), list[Alarm]()
    environment = SimpleNamespace(wall=SimpleNamespace(now_ms=lambda: 7))
    return AlarmBoard(cast(Any, environment), cast(Any, rows), told.append), rows, told


def test_one_that_stands_is_told_once_and_keeps_the_words_it_was_told_with() -> None:
    made, _, told = board()
    first, later = alarm(at_ms=1), alarm(at_ms=2)
    made.show("a", [first])
    made.show("a", [later])
    assert told == [first]
    assert made.standing == (first,)
    made.show("a", [])
    made.show("a", [later])
    assert told == [first, later], "it had ended, and is another one"


def test_the_groups_that_are_not_kept_have_ended() -> None:
    made, _, _ = board()
    one, other = alarm(), alarm(subject="other")
    made.show("a", [one])
    made.show("b", [other])
    made.keep_groups(["b", "c"])
    assert made.standing == (other,)
    made.keep_groups(["b"])
    assert made.standing == (other,)


def test_the_store_holds_what_stands_and_is_asked_only_where_that_has_changed() -> None:
    made, rows, _ = board()

    async def story() -> list[tuple[int, int]]:
        counts = []

        async def stores() -> None:
            await made.store(None, 1000)
            counts.append((rows.calls, len(rows.standing)))

        await stores()  # what an earlier process left may stand there
        await stores()
        made.show("a", [alarm()])
        rows.is_away = True
        await stores()
        rows.is_away = False
        await stores()
        made.show("a", [alarm(at_ms=9)])
        await stores()
        made.keep_groups([])
        await stores()
        made.forget()
        await stores()
        return counts

    assert asyncio.run(story()) == [(1, 0), (1, 0), (2, 0), (3, 1), (3, 1), (4, 0), (5, 0)]
