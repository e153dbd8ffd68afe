"""What sockets of all exchanges do alike: share out what is listened to, ask for it, and tell only what is news."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from attrs import define, field, frozen
from websockets.asyncio.client import ClientConnection

Topic = TypeVar("Topic")


def shared_out(topics: Sequence[Topic], most: int) -> list[Sequence[Topic]]:
    """Groups of which none is larger than one connection may listen to."""
    return [topics[start : start + most] for start in range(0, len(topics), most)]


def frames_of(topics: Sequence[Topic], frame: Callable[[Sequence[Topic]], str], largest: int) -> Iterator[str]:
    """Frames that ask for all topics, none of them larger than `largest` bytes unless a single topic is."""
    batch: list[Topic] = []
    for topic in topics:
        if batch and len(frame([*batch, topic]).encode()) > largest:
            yield frame(batch)
            batch = []
        batch.append(topic)
    if batch:
        yield frame(batch)


@frozen
class Answer:
    """What the exchange says to one topic that was asked for."""

    topic: str | None
    """None: it does not say which one it means."""
    refused: str = ""
    """Why it will not push it; nothing where it will."""


async def subscribed(
    socket: ClientConnection,
    frames: Iterable[str],
    topics: Sequence[str],
    answer_of: Callable[[str | bytes], Answer | None],
    pass_on: Callable[[str | bytes], Awaitable[None]],
) -> dict[str, str]:
    """Asks, and waits until each topic is answered; returns why for each that was refused.

    What comes meanwhile and is no answer is passed on. Refusals without a name fall to the topics that nothing else
    was said of.
    """
    for frame in frames:
        await socket.send(frame)
    open_topics, refused = dict.fromkeys(topics), {}
    nameless: list[str] = []
    while len(open_topics) > len(nameless):
        raw = await socket.recv()
        answer = answer_of(raw)
        if answer is None:
            await pass_on(raw)
        elif answer.topic is None:
            if answer.refused:
                nameless.append(answer.refused)
        elif answer.topic in open_topics:
            del open_topics[answer.topic]
            if answer.refused:
                refused[answer.topic] = answer.refused
    return {**refused, **dict(zip(open_topics, nameless, strict=False))}


@define(eq=False)
class LastTold:
    """What was told last of each thing, where an exchange tells it again and again though nothing has changed."""

    _told: dict[Hashable, Any] = field(factory=dict, init=False)

    def is_news(self, of: Hashable, what: Any) -> bool:
        if of in self._told and self._told[of] == what:
            return False
        self._told[of] = what
        return True

    def forget(self) -> None:
        """After a break everything is news."""
        self._told.clear()
