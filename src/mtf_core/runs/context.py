"""What the use cases work with: a venue, stores, locks and the source of profiles, handed in from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from mtf_core.ports import AuditStore, CandleStore, ContractStore, Locks, RunStore, SwitchStore, Venue
from mtf_core.settings.profile import Profile

ProfileSource = Callable[[str | None], Profile]
"""The checked profile of that name, or the first enabled one for None; raises `ConfigError`."""


@frozen(eq=False)
class Stores:
    """The stores of one venue's namespace."""

    contracts: ContractStore
    candles: CandleStore
    runs: RunStore
    switches: SwitchStore
    audit: AuditStore


@frozen(eq=False)
class RunContext:
    """Everything outside the core that a use case may touch."""

    venue: Venue
    stores: Stores
    locks: Locks
    profiles: ProfileSource


class Progress(Protocol):
    """Hears how far a long piece of work is; `total` may change as more becomes known."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int, total: int) -> None:
    """For those who do not want to hear."""
