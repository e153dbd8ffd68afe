"""What the use cases work with: a venue, stores, locks and the source of profiles, handed in from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from attrs import evolve, frozen

from mtf_core.ports.aside import Aside, at_once
from mtf_core.problems import FieldProblem, NotFoundError

if TYPE_CHECKING:
    from mtf_core.ports.clock import Clock
    from mtf_core.ports.exchange import Venue
    from mtf_core.ports.locks import Locks
    from mtf_core.ports.orders import ActionJournal, HighWater, OrderStore
    from mtf_core.ports.stores import (
        AlertStore,
        AuditStore,
        CandleStore,
        CleanupStore,
        ContractStore,
        KeyedRunStore,
        ProcessStore,
        RiskStore,
        RunStore,
        ShardStore,
        SwitchStore,
        TallyStore,
        ZoneStore,
    )
    from mtf_core.settings.profile import Profile

ProfileSource: TypeAlias = "Callable[[str | None], Profile]"
"""The checked profile of that name, or the first enabled one for None; raises `ConfigError`."""


Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


@frozen(eq=False)
class Stores:
    """The stores of one venue's namespace."""

    namespace: str
    """Whose market everything in them is of."""
    contracts: ContractStore
    candles: CandleStore
    runs: RunStore
    switches: SwitchStore
    audit: AuditStore
    risk: RiskStore
    cleanup: CleanupStore
    keyed_runs: KeyedRunStore
    zones: ZoneStore
    tallies: TallyStore
    orders: OrderStore
    processes: ProcessStore
    alerts: AlertStore
    shards: ShardStore


@frozen
class LiveSwitches:
    """What an operator said, beside `dry_run: false`, before orders may leave for an exchange with real money."""

    said_yes: bool = False
    """`MTF_LIVE=yes`."""
    named: bool = False
    """The environment `live` was named, not taken by default."""


@frozen(eq=False)
class Environment:
    """Everything outside the core that a use case may touch.

    `wall` is the clock on the wall (the venue has its own); `timer` counts seconds from an arbitrary start, `sleep`
    waits and `new_run_id` makes identifiers: the core has neither time nor randomness of its own. `action_journal` and
    `high_water` are kept outside of the stores.
    """

    venue: Venue
    stores: Stores
    locks: Locks
    profiles: ProfileSource
    wall: Clock
    timer: Callable[[], float]
    sleep: Sleep
    new_run_id: Callable[[], str]
    action_journal: ActionJournal
    high_water: HighWater
    aside: Aside = at_once
    """Where long computing is done: at once, or, in a process that answers others meanwhile, in a thread."""
    live: LiveSwitches = LiveSwitches()
    stays: bool = False
    """Whether this process stays until it is stopped: only then can it trade on an account that ends with it."""

    def at(self, at_ms: int | None) -> Environment:
        """The environment at a past instant; raises `NotFoundError` where the exchange has no past to visit."""
        if at_ms is None:
            return self
        if self.venue.as_of is None:
            problem = FieldProblem("at", f"the exchange {self.venue.exchange} has no past to visit")
            raise NotFoundError((problem,))
        return evolve(self, venue=self.venue.as_of(at_ms))


class Progress(Protocol):
    """Hears how far a long piece of work is; `total` may change as more becomes known."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int, total: int) -> None:
    """For those who do not want to hear."""
