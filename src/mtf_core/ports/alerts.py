"""What is asked of the world outside when somebody has to be called, and of this machine's disks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from mtf_core.records import Message


class Receiver(Protocol):
    """Somebody who is told of alerts: a person's messenger or mailbox, or a program."""

    @property
    def name(self) -> str:
        """In one word; no two receivers of a process share it."""
        ...

    async def tell(self, message: Message) -> None:
        """Raises `ReceiverError` unless the receiver has confirmed that it has the message."""
        ...


class Ping(Protocol):
    """An outside service that notices when it is not called any more."""

    async def call(self) -> None:
        """Raises `ReceiverError`."""
        ...


@frozen
class Disk:
    """A disk that something of ours is stored on."""

    path: str
    free_bytes: int
    total_bytes: int


class Disks(Protocol):
    """The disks on which this process's machine keeps something of ours."""

    def seen(self) -> tuple[Disk, ...]:
        """Each once; one that cannot be looked at is left out."""
        ...
