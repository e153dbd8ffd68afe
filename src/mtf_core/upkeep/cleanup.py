"""The purge of what is old: candles, runs with their decisions, the audit trail; by the settings' retention, or by what
an operator asks for, and never below the floors."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import asdict, evolve, fields, frozen

from mtf_core.market import DAY_MS
from mtf_core.ports import LEAST_KEPT, CleanupStore, Environment
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.records import AuditEvent, CandleFloor, Leftovers
from mtf_core.settings.trading import RetentionSettings
from mtf_core.upkeep.floors import Floors, floors_of

NEVER: Mapping[str, tuple[str, str]] = {
    "orders": ("order_", "trades, losses and whose a position is are told from them"),
    "risk": ("risk_", "losses are measured against them"),
    "switches": ("switches", "what an operator said holds until another word"),
}
"""What no cleanup touches: how the names of its tables begin, and why."""
_NEWEST = f"the newest {LEAST_KEPT} stay whatever their age"


@frozen
class Asked:
    """What an operator wants kept instead of the retention; None: as the retention says."""

    candles_per_series: int | None = None
    runs_days: int | None = None
    runs_most: int | None = None
    audit_days: int | None = None

    def over(self, retention: RetentionSettings) -> RetentionSettings:
        """The retention with what is asked for in its place."""
        return evolve(retention, **{name: value for name, value in asdict(self).items() if value is not None})


@frozen
class Kept:
    """One kind of rows: how many there are, how many go, and what keeps the others."""

    table: str
    rows: int
    goes: int
    rule: str
    """What the retention keeps of them."""
    held: int
    """Rows that the rule alone would delete, and that the floor keeps."""
    floor: str | None


@frozen
class Cleanup:
    """How much was deleted, or, of a dry run, how much would be."""

    candles: int
    runs: int
    audit_events: int
    keys: int
    documents: int
    locks: int
    """Keys of clients, documents and names of locks to which no stored run refers."""
    processes: int
    alerts: int
    """Processes that are gone and alerts that ended, a day ago or longer."""
    dry_run: bool
    tables: tuple[Kept, ...] = ()
    floors: tuple[str, ...] = ()
    """How far back candles must reach, by timeframe."""

    @property
    def words(self) -> tuple[str, ...]:
        """How much of each: `5 candles`, `2 runs`; leftovers where there are some."""
        always = (("candles", self.candles), ("runs", self.runs), ("audit events", self.audit_events))
        leftovers = (
            ("unused keys", self.keys),
            ("unused documents", self.documents),
            ("unused locks", self.locks),
            ("dead processes", self.processes),
            ("ended alerts", self.alerts),
        )
        told = [*always, *((name, count) for name, count in leftovers if count)]
        return tuple(f"{count} {name}" for name, count in told)

    @property
    def anything(self) -> bool:
        leftovers = (self.keys, self.documents, self.locks, self.processes, self.alerts)
        return any((self.candles, self.runs, self.audit_events, *leftovers))


_COUNTS = ("candles", "runs", "audit_events", "keys", "documents", "locks", "processes", "alerts")
NOTHING_ASKED = Asked()


async def cleanup(
    environment: Environment,
    retention: RetentionSettings,
    actor: str,
    *,
    asked: Asked = NOTHING_ASKED,
    dry_run: bool = True,
) -> Cleanup:
    """Deletes what the retention does not keep of this venue, or counts it; a cleanup that deleted is audited.

    What the runs that went leave behind goes with them, once it is a day old: keys, documents, names of locks. So do
    processes that died and alerts that ended. Ages are by the clock on the wall. A retention below a floor is raised to
    it; an operator who asks for less is refused with the floor: raises `InvalidRequestError`.
    """
    store, now_ms = environment.stores.cleanup, environment.wall.now_ms()
    rules = asked.over(retention)
    before_ms = now_ms - rules.runs_days * DAY_MS if rules.runs_days else None
    floors = await floors_of(environment, await store.kept_runs(before_ms, rules.runs_most or None))
    refuse_below(floors, asked)
    rows = await store.counts()
    runs = await _runs(store, rules, before_ms, rows, dry_run=dry_run)
    candles = await _candles(store, rules, floors, rows, dry_run=dry_run)
    events = await _events(store, rules, now_ms, rows, dry_run=dry_run)
    left = await store.purge_leftovers(now_ms - DAY_MS, dry_run=dry_run)
    tables = (candles, *runs, events, *_over(rows, left), *_never(rows))
    counts = (left.keys, left.documents, left.locks, left.processes, left.alerts)
    done = Cleanup(candles.goes, runs[0].goes, events.goes, *counts, dry_run, tables, floors.words)
    if done.anything and not dry_run:
        await store.give_back()
        details = {name: getattr(done, name) for name in _COUNTS}
        await environment.stores.audit.append([AuditEvent(now_ms, actor, "cleanup", "store", details)])
    return done


def refuse_below(floors: Floors, asked: Asked) -> None:
    """Raises `InvalidRequestError` for every number below what must stay, with that floor."""
    problems = []
    largest = floors.largest
    if asked.candles_per_series is not None and largest is not None:
        timeframe, warm_up = largest
        if asked.candles_per_series < warm_up.candles:
            needs = f"the warm-up of {warm_up.profile} needs {warm_up.candles} candles of {timeframe}"
            message = f"found {asked.candles_per_series}; at least {warm_up.candles}: {needs}"
            problems.append(FieldProblem("candles_per_series", message))
    if asked.runs_most is not None and asked.runs_most < LEAST_KEPT:
        problems.append(FieldProblem("runs_most", f"found {asked.runs_most}; at least {LEAST_KEPT}: {_NEWEST}"))
    problems += [
        FieldProblem(each.name, f"found {value}; at least 1: what is of today stays")
        for each in fields(Asked)
        if each.name.endswith("_days") and (value := getattr(asked, each.name)) is not None and value < 1
    ]
    if problems:
        raise InvalidRequestError(tuple(problems))


async def _candles(
    store: CleanupStore, rules: RetentionSettings, floors: Floors, rows: Mapping[str, int], *, dry_run: bool
) -> Kept:
    keep = rules.candles_per_series
    if not keep:
        return Kept("candles", rows["candles"], 0, "all", 0, None)
    by_timeframe = {
        timeframe: CandleFloor(
            floors.warm_up[timeframe].candles if timeframe in floors.warm_up else 0,
            floors.verified_from_ms.get(timeframe),
        )
        for timeframe in {*floors.warm_up, *floors.verified_from_ms}
    }
    ruled = await store.purge_candles(keep, dry_run=True)
    goes = await store.purge_candles(keep, by_timeframe, dry_run=dry_run)
    floor = "warm-up of the enabled profiles, and what verifying the kept runs needs"
    return Kept("candles", rows["candles"], goes, f"the last {keep} of each series", ruled - goes, floor)


async def _runs(
    store: CleanupStore, rules: RetentionSettings, before_ms: int | None, rows: Mapping[str, int], *, dry_run: bool
) -> tuple[Kept, ...]:
    """Runs, and the tables whose rows go with them."""
    keep = rules.runs_most or None
    told = [f"the last {rules.runs_days} days"] if rules.runs_days else []
    told += [f"the newest {keep}"] if keep else []
    with_runs = await store.counts_of_runs(before_ms, keep)  # before they go
    if not told:
        runs = Kept("runs", rows["runs"], 0, "all", 0, None)
    else:
        ruled = await store.purge_runs(before_ms, keep, dry_run=True, least=0)
        goes = await store.purge_runs(before_ms, keep, dry_run=dry_run)
        runs = Kept("runs", rows["runs"], goes, " and of these ".join(told), ruled - goes, _NEWEST)
    return (runs, *(Kept(name, rows[name], with_runs[name], "with their runs", 0, None) for name in with_runs))


async def _events(
    store: CleanupStore, rules: RetentionSettings, now_ms: int, rows: Mapping[str, int], *, dry_run: bool
) -> Kept:
    if not rules.audit_days:
        return Kept("audit", rows["audit"], 0, "all", 0, None)
    before_ms = now_ms - rules.audit_days * DAY_MS
    ruled = await store.purge_audit(before_ms, dry_run=True, least=0)
    goes = await store.purge_audit(before_ms, dry_run=dry_run)
    return Kept("audit", rows["audit"], goes, f"the last {rules.audit_days} days", ruled - goes, _NEWEST)


def _over(rows: Mapping[str, int], left: Leftovers) -> list[Kept]:
    """What goes a day after it is over."""
    return [
        Kept("keyed_runs", rows["keyed_runs"], left.keys, "those of runs that began", 0, None),
        Kept("processes", rows["processes"], left.processes, "those heard of within a day", 0, None),
        Kept("alerts", rows["alerts"], left.alerts, "those that stand, or ended within a day", 0, None),
    ]


def _never(rows: Mapping[str, int]) -> list[Kept]:
    """What stays, added up by its kind."""
    return [
        Kept(kind, sum(count for name, count in rows.items() if name.startswith(prefix)), 0, "all", 0, why)
        for kind, (prefix, why) in NEVER.items()
    ]
