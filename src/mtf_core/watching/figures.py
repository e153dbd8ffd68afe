"""What the store holds, in figures: for who draws them over time. Nothing here asks the exchange.

Ages of processes are by the store's own clock; those of positions by the exchange's, as this process knows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import field, frozen

from mtf_core.market import Side
from mtf_core.orders import AlarmKind, EntryState, Intent, PositionState
from mtf_core.ports import Environment
from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, Vitality, present
from mtf_core.risk import AccountCondition, EquityMark, Heartbeat, RiskLock, Switchboard
from mtf_core.settings.profile import Profile
from mtf_core.watching.losses import LossSeen, losses_seen

_NOBODY_KNOWS = float("inf")


@frozen
class PositionFigures:
    """A position of ours, as its intent says."""

    symbol: str
    side: Side
    state: PositionState
    contracts: Decimal
    is_confirmed: bool
    """Whether one armed stop over all of it was read back, and nothing since says otherwise."""
    protection_age_s: float
    """How long ago its stop was last confirmed: infinite where nobody knows."""


@frozen(kw_only=True)
class StoreFigures:
    """As of one reading of the store."""

    entries: Mapping[EntryState, int] = field(factory=dict)
    """How many live intents have an entry in each state."""
    positions: tuple[PositionFigures, ...] = ()
    read_age_s: float | None = None
    """How long ago the supervisor last read the whole account; None: nobody ever did."""
    condition: AccountCondition
    alarms: Mapping[AlarmKind, int] = field(factory=dict)
    alerts: Mapping[str, int] = field(factory=dict)
    """How many stand, by their word, as the last process that watched has seen."""
    kill_switch_on: bool
    mark: EquityMark | None
    losses: tuple[LossSeen, ...] = ()
    loss_locks: tuple[RiskLock, ...] = ()
    """Those that hold."""
    processes: tuple[ProcessRecord, ...] = ()
    """Those that are alive or missed."""

    def heartbeat_age_s(self, kind: ProcessKind) -> float | None:
        """How long ago any process of the kind was last heard of; None: none shows itself."""
        ages = (one.age_ms / 1000 for one in self.processes if one.process.kind is kind)
        return min(ages, default=None)

    @property
    def stream_silent_s(self) -> float | None:
        """How long the exchange's stream has not been heard: 0 while it is; None: no process follows it."""
        ages = [_silent_s(one) for one in self.processes if one.process.kind is ProcessKind.STREAM]
        return min(ages, default=None)


async def read_figures(environment: Environment, profiles: Sequence[Profile]) -> StoreFigures:
    """`profiles` are those whose losses are told. Raises `StoreError`."""
    stores, orders = environment.stores, environment.stores.orders
    mark = await stores.risk.mark()
    # The exchange's time, as far as it is known here: that of the last equity, or later.
    venue_ms = max(environment.venue.clock.now_ms(), 0 if mark is None else mark.time_ms)
    live, beat = await orders.live(), await orders.heartbeat()
    locks = await stores.risk.locks(venue_ms)
    return StoreFigures(
        entries=Counter(intent.entry for intent in live),
        positions=tuple(_position(intent, beat, venue_ms) for intent in live if not intent.position.is_over),
        read_age_s=None if beat is None else _seconds(beat.read_ms, venue_ms),
        condition=(await orders.standing()).condition,
        alarms=Counter(stored.alarm.kind for stored in await orders.alarms()),
        alerts=Counter(alert.word for alert in await stores.alerts.alerts()),
        kill_switch_on=Switchboard.of(await stores.switches.all(), venue_ms).kill_switch_on,
        mark=mark,
        losses=await losses_seen(environment, profiles, locks, venue_ms),
        loss_locks=tuple(lock for lock in locks if lock.holds_at(venue_ms)),
        processes=present(await stores.processes.all()),
    )


def _position(intent: Intent, beat: Heartbeat | None, venue_ms: int) -> PositionFigures:
    bare_since_ms = intent.progress.unprotected_since_ms
    lacks = intent.position in {PositionState.UNPROTECTED, PositionState.STALE}
    is_confirmed = not lacks and bare_since_ms is None
    # Each reading of the account confirms the stop of every position that it leaves protected.
    confirmed_ms = (None if beat is None else beat.read_ms) if is_confirmed else bare_since_ms
    age_s = _NOBODY_KNOWS if confirmed_ms is None else _seconds(confirmed_ms, venue_ms)
    held = intent.progress.held or intent.filled
    return PositionFigures(intent.symbol, intent.side, intent.position, held, is_confirmed, age_s)


def _silent_s(stream: ProcessRecord) -> float:
    if stream.vitality is not Vitality.ALIVE:
        return stream.age_ms / 1000
    is_heard = stream.state not in {ProcessState.BY_CALLS, ProcessState.SILENT}
    return 0.0 if is_heard else max(0, stream.read_ms - stream.since_ms) / 1000


def _seconds(since_ms: int, now_ms: int) -> float:
    return max(0, now_ms - since_ms) / 1000
