"""Those who are told in tests, and a supervisor whose signs of life can be stopped."""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import define, evolve, field

from mtf_core.ports import Disk, Environment, OrderStore, ReceiverError
from mtf_core.records import Message
from mtf_core.risk import Heartbeat


class NoDisks:
    """The core's `Disks`: none."""

    def seen(self) -> tuple[Disk, ...]:
        return ()


@define(eq=False)
class Person:
    """A receiver that remembers what it was told; it fails or hangs when it is told so."""

    name: str
    fails: int = 0
    hangs: bool = False
    messages: list[Message] = field(factory=list)

    @property
    def told(self) -> list[str]:
        return [f"{message.phase} {message.word}" for message in self.messages]

    async def tell(self, message: Message) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            self.fails -= 1
            raise ReceiverError("busy") if self.fails else ZeroDivisionError("a bug of ours")
        self.messages.append(message)


class Beats:
    """A store of orders whose supervisor gives a sign of life whenever it is looked at, as long as it lives."""

    def __init__(self, store: OrderStore, *, lives: bool = False) -> None:
        self.store, self.lives, self.at_ms = store, lives, 1

    async def heartbeat(self) -> Heartbeat:
        self.at_ms += self.lives
        return Heartbeat("supervisor-1", self.at_ms, self.at_ms)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def with_store(environment: Environment, **stores: object) -> Environment:
    return evolve(environment, stores=evolve(environment.stores, **stores))
