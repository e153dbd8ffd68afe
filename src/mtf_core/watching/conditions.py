"""What of the facts calls for help: one word, one sentence, and what to do. Facts in, conditions out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from statistics import median

from attrs import frozen

from mtf_core.market import DAY_MS, HOUR_MS, ContractStatus, format_instant
from mtf_core.orders import AlarmKind
from mtf_core.records import LATE_MS, ProcessKind, ProcessRecord, ProcessState, Vitality
from mtf_core.settings.alerts import AlertSettings
from mtf_core.watching.facts import Facts, Pace
from mtf_core.words import counted

_READ_LATE_MS = 30_000
"""A supervisor that has not read the account for longer lives, and does not look."""
_ENTERS_MS = 600_000
"""A run that entered for real so lately will want to do so again."""
_TAKEN_OVER_MS = 10_000
_STARTS_MS = 60_000
_FEWEST_RUNS = 3
"""From so many on a profile has a pace."""
_SLOWEST_PACE_MS = HOUR_MS
"""Runs that are farther apart are somebody's questions, no schedule."""


class Alert(StrEnum):
    """What calls for help besides the alarms of supervision; the most urgent first."""

    SUPERVISOR_MISSING = "supervisor_missing"
    STORE_UNREACHABLE = "store_unreachable"
    LOSS_LIMIT_REACHED = "loss_limit_reached"
    KILL_SWITCH_ON = "kill_switch_on"
    VENUE_CLOSED = "venue_closed"
    VENUE_CLOSE_ONLY = "venue_close_only"
    CONSUMER_MISSING = "consumer_missing"
    STREAM_LATE = "stream_late"
    STREAM_SILENT = "stream_silent"
    RUN_LATE = "run_late"
    LOSS_LIMIT_NEAR = "loss_limit_near"
    DISK_NEARLY_FULL = "disk_nearly_full"
    PROCESS_GONE = "process_gone"
    TEST = "test"


@frozen
class Condition:
    """Something that calls for help now. `word` and `subject` name it."""

    word: str
    subject: str
    text: str


_AT_EXCHANGE = "Look at the exchange yourself now: place the stop, or close the position."
_LOOK = "Look with `mtf positions`, `mtf orders` and `mtf alarms`, and at the exchange's own pages."
_ADVICE: Mapping[str, str] = {
    Alert.SUPERVISOR_MISSING: "Start `mtf supervise`; stops at the exchange stay, and nothing else is done until then.",
    Alert.STORE_UNREACHABLE: "See that the database runs and can be reached; stops at the exchange stay meanwhile.",
    Alert.LOSS_LIMIT_REACHED: "Nothing more is entered; look with `mtf risk show`, and lift it only on purpose.",
    Alert.KILL_SWITCH_ON: "Nothing more is entered; `mtf unkill` ends it.",
    Alert.VENUE_CLOSED: "Nothing can be traded there; read the exchange's announcements.",
    Alert.VENUE_CLOSE_ONLY: "Only closing is possible; supervision goes on, read the exchange's announcements.",
    Alert.CONSUMER_MISSING: "Start `mtf worker` again; scheduled runs wait for it.",
    Alert.STREAM_LATE: "Start `mtf stream` again; runs fetch their candles by call until then, and are slower.",
    Alert.STREAM_SILENT: "Candles come by call, or not at all; see whether it is the network or the exchange.",
    Alert.RUN_LATE: "See whether `mtf run --every` or its schedule still runs, and what its log says.",
    Alert.LOSS_LIMIT_NEAR: "Look with `mtf risk show`; at the limit nothing more is entered.",
    Alert.DISK_NEARLY_FULL: "Make room: `mtf cleanup --no-dry-run`, old logs, a larger disk.",
    Alert.PROCESS_GONE: "Start it again; `mtf health` shows what runs.",
    Alert.TEST: "Nothing is to be done.",
    AlarmKind.UNPROTECTED: _AT_EXCHANGE,
    AlarmKind.CANNOT_PROTECT: _AT_EXCHANGE,
    AlarmKind.CANNOT_CLOSE: _AT_EXCHANGE,
    AlarmKind.STALE: "Look at the exchange; if it does not end by itself, `mtf position book` says what happened.",
    AlarmKind.EVIDENCE_LOST: "Look at the exchange what became of the entry, then `mtf position book`.",
    AlarmKind.CONTRADICTION: _LOOK,
    AlarmKind.IMPOSSIBLE_MOVE: _LOOK,
    AlarmKind.FOREIGN_POSITION: "Whose position is it? Close it, or list its symbol in `orders.account_shared_ok`.",
    AlarmKind.FOREIGN_ORDER: "Whose order is it? Cancel it, or list its symbol in `orders.account_shared_ok`.",
    AlarmKind.ORPHAN_ORDER: "It is cancelled once it has nothing to reduce; cancel it at the exchange to be rid of it.",
    AlarmKind.ACCOUNT_SHARED: "Entries have stopped: look with `mtf recover`, then `mtf recover --confirm`.",
    AlarmKind.MODES_CHANGED: "Entries have stopped: set the position and margin mode back at the exchange.",
    AlarmKind.STOP_LOOSENED: "It was put back once; see who moved it.",
    AlarmKind.LATE_ENTRY: "It is being cancelled; see with `mtf orders` that it goes.",
    AlarmKind.RECOVERY: "Entries have stopped: look with `mtf recover`, then `mtf recover --confirm`.",
    AlarmKind.STORE_BEHIND: "See that the database can be written; do not move this machine's data folder.",
    AlarmKind.LOSS_LOCK: "Nothing more is entered; look with `mtf risk show`, and lift it only on purpose.",
    AlarmKind.ACCOUNT_UNREAD: "Nobody sees whether positions are protected: look at the exchange yourself.",
    AlarmKind.LOOK_WAITS: "Nobody sees whether the position is protected: look at the exchange yourself.",
    AlarmKind.LOOK_FAILED: "A fault of mtf: keep the log, and look at the position at the exchange yourself.",
}


def advice_of(word: str) -> str:
    """What to do; nothing for a word of another version."""
    return _ADVICE.get(word, "")


def urgency_of(word: str) -> int:
    """Lower is told first: alarms of supervision, then the others in their order."""
    words = list(Alert)
    return words.index(Alert(word)) + 1 if word in set(words) else 0


def is_supervised(facts: Facts) -> bool:
    """Whether somebody supervises the account: lives, and looks at it."""
    beat_ms, read_ms = facts.beat_age_ms, facts.read_age_ms
    return (
        facts.beat_moves
        and beat_ms is not None
        and read_ms is not None
        and beat_ms <= LATE_MS
        and read_ms <= _READ_LATE_MS
    )


def conditions_of(facts: Facts, settings: AlertSettings) -> tuple[Condition, ...]:
    """Everything that calls for help, the most urgent first."""
    found = [
        *_of_alarms(facts),
        *_of_supervisor(facts),
        *_of_processes(facts, settings),
        *(condition for pace in facts.paces for condition in _of_pace(pace, facts.now_ms, settings)),
        *_of_money(facts, settings),
        *_of_venue(facts),
        *_of_disks(facts, settings),
    ]
    return tuple(sorted(found, key=lambda one: urgency_of(one.word)))


def store_unreachable(why: str) -> Condition:
    return Condition(Alert.STORE_UNREACHABLE, "", f"The store cannot be read: {why}.")


def _of_alarms(facts: Facts) -> Iterator[Condition]:
    for alarm in facts.alarms:
        if alarm.kind is not AlarmKind.LOSS_LOCK:  # the lock itself is told
            yield Condition(alarm.kind.value, alarm.subject, alarm.text)


def _of_supervisor(facts: Facts) -> Iterator[Condition]:
    its = [one for one in facts.processes if one.process.kind is ProcessKind.SUPERVISE]
    enters = facts.real_run_ms is not None and facts.now_ms - facts.real_run_ms <= _ENTERS_MS
    if not (its or facts.live or enters):
        return  # nobody wants to be supervised
    live = counted(facts.live, "live intent")
    if facts.beat_age_ms is None:
        waited_ms = max((one.read_ms - one.started_ms for one in its), default=0 if not enters else _STARTS_MS + 1)
        if waited_ms > _STARTS_MS:
            yield Condition(
                Alert.SUPERVISOR_MISSING, "", f"Nobody supervises the account, and nobody ever did; {live}."
            )
    elif facts.beat_age_ms > LATE_MS:
        age_s = facts.beat_age_ms / 1000
        text = f"Nobody supervises the account: no sign of life for {age_s:.0f} s; {live}."
        yield Condition(Alert.SUPERVISOR_MISSING, "", text)


def _of_processes(facts: Facts, settings: AlertSettings) -> Iterator[Condition]:
    for one in facts.processes:
        kind = one.process.kind
        if one.vitality is Vitality.ALIVE:
            silent_ms = one.read_ms - one.since_ms
            if one.state is ProcessState.SILENT:
                yield Condition(Alert.STREAM_SILENT, "", "No candle comes any more, neither by stream nor by call.")
            elif one.state is ProcessState.BY_CALLS and silent_ms > settings.stream_silent_sec * 1000:
                text = f"The exchange's stream has not been heard since {format_instant(one.since_ms)}."
                yield Condition(Alert.STREAM_SILENT, "", text)
        elif kind is ProcessKind.STREAM:
            yield Condition(Alert.STREAM_LATE, _where(one), f"`mtf stream` {_unheard(one)}.")
        elif kind is ProcessKind.WORKER:
            yield Condition(Alert.CONSUMER_MISSING, _where(one), f"`mtf worker` {_unheard(one)}.")
        elif kind is not ProcessKind.SUPERVISE or _has_successor(one, facts):
            yield Condition(Alert.PROCESS_GONE, f"{kind} {_where(one)}", f"`mtf {kind}` {_unheard(one)}.")


def _has_successor(died: ProcessRecord, facts: Facts) -> bool:
    """Whether another one supervises: signs of life came long after those of the one that died. Where none came, a
    supervisor is missing, not a process."""
    beat_ms = facts.beat_age_ms
    return beat_ms is not None and beat_ms <= LATE_MS and beat_ms + _TAKEN_OVER_MS <= died.age_ms


def _where(record: ProcessRecord) -> str:
    return f"process {record.process.pid} on {record.process.host}"


def _unheard(record: ProcessRecord) -> str:
    return f"({_where(record)}) was last heard of {format_instant(record.beat_ms)}"


def _of_pace(pace: Pace, now_ms: int, settings: AlertSettings) -> Iterator[Condition]:
    if not settings.run_late_sec or len(pace.ended_ms) < _FEWEST_RUNS:
        return
    usual_ms = median(later - earlier for later, earlier in zip(pace.ended_ms, pace.ended_ms[1:], strict=False))
    since_ms = now_ms - pace.ended_ms[0]
    if usual_ms <= _SLOWEST_PACE_MS and usual_ms + settings.run_late_sec * 1000 < since_ms <= DAY_MS:
        ended = format_instant(pace.ended_ms[0])
        text = f"No run of {pace.profile} has ended since {ended}; they used to come every {usual_ms / 1000:.0f} s."
        yield Condition(Alert.RUN_LATE, pace.profile, text)


def _of_money(facts: Facts, settings: AlertSettings) -> Iterator[Condition]:
    if facts.kill_switch_on:
        yield Condition(Alert.KILL_SWITCH_ON, "", "The kill switch is on: nothing is entered anywhere.")
    for lock in facts.loss_locks:
        subject = f"{lock.profile} {lock.span}"
        lost = f"{lock.loss:f} trades in a row" if lock.span.lasts_ms is None else f"{lock.loss:f} in a {lock.span}"
        yield Condition(Alert.LOSS_LIMIT_REACHED, subject, f"{lock.profile} has lost {lost}: it enters nothing more.")
    locked = {(lock.profile, lock.span) for lock in facts.loss_locks}
    for seen in facts.losses:
        limit = seen.limit
        if limit is None or (seen.profile, seen.span) in locked:
            continue
        if limit * settings.loss_near_pct <= seen.loss < limit:
            text = f"The account is down {seen.loss:f} this {seen.span}, of {limit:f} that {seen.profile} may lose."
            yield Condition(Alert.LOSS_LIMIT_NEAR, f"{seen.profile} {seen.span}", text)


def _of_venue(facts: Facts) -> Iterator[Condition]:
    total, trading = sum(facts.contracts.values()), facts.contracts.get(ContractStatus.TRADING, 0)
    if total and not trading:
        closes = facts.contracts.get(ContractStatus.CLOSE_ONLY, 0)
        if closes:
            yield Condition(Alert.VENUE_CLOSE_ONLY, "", f"No contract may be opened any more, {closes} may be closed.")
        else:
            yield Condition(Alert.VENUE_CLOSED, "", f"None of {counted(total, 'contract')} is traded any more.")
        return
    for symbol, status in facts.live_statuses.items():
        if status is ContractStatus.CLOSE_ONLY:
            yield Condition(Alert.VENUE_CLOSE_ONLY, symbol, f"{symbol} has a live intent and may only be closed.")
        elif status is not ContractStatus.TRADING:
            yield Condition(Alert.VENUE_CLOSED, symbol, f"{symbol} has a live intent and is not traded: {status}.")


def _of_disks(facts: Facts, settings: AlertSettings) -> Iterator[Condition]:
    for disk in facts.disks:
        if disk.total_bytes and disk.free_bytes < disk.total_bytes * settings.disk_free_pct:
            free = f"{disk.free_bytes / 2**30:.1f} of {disk.total_bytes / 2**30:.1f} GiB"
            yield Condition(Alert.DISK_NEARLY_FULL, disk.path, f"{free} are free on the disk of {disk.path}.")
