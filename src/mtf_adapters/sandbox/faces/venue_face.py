"""What a face is whatever its words: a world behind it, who may call, and how it behaves now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from mtf_adapters.sandbox.bars import FormingBars
from mtf_adapters.sandbox.faces.counting import RateClock
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.world import World

MachineTime = Callable[[], float]


class CommonQuirks(Protocol):
    """Switches that every face has."""

    @property
    def clock_skew_ms(self) -> int: ...

    @property
    def rate_clock(self) -> RateClock: ...


class Keyed(Protocol):
    """One key of an account."""

    @property
    def key(self) -> str: ...


class Pushing(Protocol):
    """The streams of a face."""

    @property
    def connections(self) -> int: ...

    def push(self) -> None: ...


Q = TypeVar("Q", bound=CommonQuirks)
C = TypeVar("C", bound=Keyed)
P = TypeVar("P", bound=Pushing)


class VenueFace(Generic[Q, C, P]):
    """The half of a face that control route and streams see. `machine_s` is the time by which requests are counted, in
    seconds; `streams` are the face's own to make."""

    streams: P

    def __init__(
        self, world: World, credentials: Sequence[C], quirks: Q, faults: FaultPlan, machine_s: MachineTime
    ) -> None:
        self.world = world
        self.forming = FormingBars(world.market)
        self.quirks = quirks
        self.faults = faults
        self.credentials: dict[str, C] = {credential.key: credential for credential in credentials}
        self.calls: Counter[tuple[str, int]] = Counter()
        self._machine_s = machine_s

    @property
    def keys(self) -> Mapping[str, C]:
        """Who may call, by the key."""
        return self.credentials

    @property
    def signing_ms(self) -> int:
        """The clock against which signatures are held."""
        return self.world.now_ms + self.quirks.clock_skew_ms

    @property
    def connections(self) -> int:
        """Streams that are open."""
        return self.streams.connections

    def push(self) -> None:
        """Sends on streams what is due; to be called as time goes on."""
        self.streams.push()

    def script(self) -> Mapping[str, Any]:
        """How it behaves now."""
        return {"quirks": self.quirks, "faults": self.faults.script}

    @property
    def _rate_s(self) -> float:
        return self._machine_s() if self.quirks.rate_clock is RateClock.MACHINE else self.world.now_ms / 1000
