"""What is seen from outside: the store's rows, and this machine's disks. Nothing here asks the exchange."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field, frozen

from mtf_core.market import ContractStatus
from mtf_core.orders import Alarm
from mtf_core.ports import Disk, Disks, Environment, Venue
from mtf_core.records import ProcessKind, ProcessRecord, RunRecord, present
from mtf_core.risk import Heartbeat, RiskLock, Switchboard
from mtf_core.watching.losses import LossSeen, enabled_profiles, losses_seen
from mtf_core.watching.remembered import Remembered


@frozen
class Pace:
    """When the last runs of a profile ended, by the clock on the wall; the newest first."""

    profile: str
    ended_ms: tuple[int, ...]


@frozen(kw_only=True)
class Facts:
    """Everything that is judged, as of one instant."""

    now_ms: int
    processes: tuple[ProcessRecord, ...] = ()
    """Those that are alive or missed."""
    beat_age_ms: float | None = None
    """How long ago the supervisor's sign of life was seen to change; None: nobody ever supervised."""
    read_age_ms: float | None = None
    """The same of its last reading of the whole account."""
    beat_moves: bool = False
    """It was seen to change at all: until then nobody knows whether what is stored is old."""
    live: int = 0
    """Live intents."""
    real_run_ms: int | None = None
    """When the last run ended that would have entered for real."""
    paces: tuple[Pace, ...] = ()
    """Of the enabled profiles."""
    alarms: tuple[Alarm, ...] = ()
    kill_switch_on: bool = False
    losses: tuple[LossSeen, ...] = ()
    """Those that a limit is set for."""
    loss_locks: tuple[RiskLock, ...] = ()
    """Those that hold."""
    contracts: Mapping[ContractStatus, int] = field(factory=dict)
    """How many of the stored contracts are in each status."""
    live_statuses: Mapping[str, ContractStatus] = field(factory=dict)
    """Of the contracts of live intents, by symbol."""
    disks: tuple[Disk, ...] = ()


@define(eq=False)
class Pulse:
    """When signs of life were seen to change, by a clock that nobody sets.

    The supervisor's own times are the exchange's, which may be any: only that they change says that it lives.
    """

    moves: bool = field(default=False, init=False)
    """A change was seen, not only what was there first."""
    _beat_ms: int | None = field(default=None, init=False)
    _read_ms: int | None = field(default=None, init=False)
    _beat_seen_ms: float = field(default=0.0, init=False)
    _read_seen_ms: float = field(default=0.0, init=False)

    def see(self, beat: Heartbeat | None, now_ms: float) -> tuple[float | None, float | None]:
        """How long ago the beat and the reading changed; what is seen first counts as of now."""
        if beat is None:
            return None, None
        if beat.beat_ms != self._beat_ms:
            self.moves = self._beat_ms is not None
            self._beat_ms, self._beat_seen_ms = beat.beat_ms, now_ms
        if beat.read_ms != self._read_ms:
            self._read_ms, self._read_seen_ms = beat.read_ms, now_ms
        return now_ms - self._beat_seen_ms, now_ms - self._read_seen_ms


async def read_facts(
    environment: Environment, pulse: Pulse, disks: Disks, remembered: Remembered | None = None
) -> Facts:
    """Raises `StoreError`. A configuration that cannot be read costs what only it knows, and nothing else."""
    stores, now_ms = environment.stores, environment.wall.now_ms()
    beat_age_ms, read_age_ms = pulse.see(await stores.orders.heartbeat(), environment.timer() * 1000)
    mark = await stores.risk.mark()
    # The exchange's time, as far as the store knows it: that of the last equity, or later.
    venue_ms = max(environment.venue.clock.now_ms(), 0 if mark is None else mark.time_ms)
    board = Switchboard.of(await stores.switches.all(), venue_ms)
    profiles = enabled_profiles(environment)
    remembered = remembered or Remembered()
    runs = [run for profile in profiles for run in await remembered.runs(stores.runs, profile.name)]
    locks = await stores.risk.locks(venue_ms)
    losses = await losses_seen(environment, profiles, locks, venue_ms)
    statuses = await remembered.statuses(stores.contracts)
    live = {intent.symbol for intent in await stores.orders.live()}
    return Facts(
        now_ms=now_ms,
        processes=_watched(present(await stores.processes.all()), environment.venue),
        beat_age_ms=beat_age_ms,
        read_age_ms=read_age_ms,
        beat_moves=pulse.moves,
        live=len(live),
        real_run_ms=max((run.finished_ms or 0 for run in runs if not run.dry_run), default=None),
        paces=tuple(_pace(profile.name, runs) for profile in profiles),
        alarms=tuple(stored.alarm for stored in await stores.orders.alarms()),
        kill_switch_on=board.kill_switch_on,
        losses=tuple(loss for loss in losses if loss.limit is not None),
        loss_locks=tuple(lock for lock in locks if lock.holds_at(venue_ms)),
        contracts={status: list(statuses.values()).count(status) for status in set(statuses.values())},
        live_statuses={symbol: statuses[symbol] for symbol in sorted(live) if symbol in statuses},
        disks=disks.seen(),
    )


def _watched(records: tuple[ProcessRecord, ...], venue: Venue) -> tuple[ProcessRecord, ...]:
    """Where an account ends with its process, whoever supervises does so for itself: this process cannot see that
    account, and nothing of it is there to be missed."""
    return tuple(one for one in records if not (venue.is_passing and one.process.kind is ProcessKind.SUPERVISE))


def _pace(profile: str, runs: list[RunRecord]) -> Pace:
    ended = [run.finished_ms for run in runs if run.profile == profile and run.finished_ms is not None]
    return Pace(profile, tuple(sorted(ended, reverse=True)))
