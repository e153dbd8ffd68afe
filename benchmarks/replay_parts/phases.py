"""One phase of the replay's benchmark, in a process of its own: `python phases.py PHASE ARCHIVE PROFILE FOLDER`.

What a phase needs of the one before it lies in the folder, pickled. Prints, as JSON, what the phase itself took; what
comes before it (imports, reading what was decided) is not counted. Peaks of memory are measured from outside.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from attrs import evolve

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from benchmarks.floors import Floor, aggregation, floor_of

from mtf_adapters.archive import Archive
from mtf_adapters.files.profiles import load_profile, load_replay
from mtf_adapters.reports.writing import write_report
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.ports import no_progress
from mtf_core.replay.ledger import ReplayMarket
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.replay.report import ledger_report
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.history import complete
from mtf_entrypoints.recorded import ArchivedMarket, with_times_of, without_volume
from mtf_entrypoints.replays import ReplayPlan, capabilities_of, decided_by_all_cores

Taken = dict[str, float]


def read(plan: ReplayPlan, folder: Path) -> Taken:
    """Every symbol's minutes once, one after the other, with the digest that names them."""
    candles = 0
    with _Clock() as clock:
        for source in plan.sources:
            candles += len(source.open(None).candles)
    return clock.taken | {"candles": candles}


def features(plan: ReplayPlan, folder: Path) -> Taken:
    """The least that the profile's features cost, once: bare calls of TA-Lib, and with what TA-Lib does not have."""
    bare = full = 0.0
    compiled = compile_profile(plan.profile)
    for source in plan.sources:
        minutes = source.open(None).candles
        series = complete({minutes.timeframe: minutes}, frozenset(compiled.needs))
        stacks = {timeframe: CandleStack.of_series(each, source.symbol) for timeframe, each in series.items()}
        floor = _floor(Decider(compiled).decide(stacks, minutes.end_ms).tables, minutes)
        bare += _cpu_of(floor.run_bare)
        full += _cpu_of(floor.run_full)
    return {"bare": bare, "full": full}


def _floor(decided: Mapping[Timeframe, FeatureTable], minutes: Candles) -> Floor:
    """Of the features that a decision computed, over every candle."""
    tables = []
    for table in decided.values():
        tables.append(FeatureTable(table.stack, table.stack.count, table.timezone, table.tolerance))
        for name in table.computed:
            tables[-1].feature(name)
    floor = floor_of(tables)
    floor.beside.extend(aggregation(minutes, [table.stack.timeframe for table in tables]))
    return floor


def decide(plan: ReplayPlan, folder: Path) -> Taken:
    with _Clock() as clock:
        decided = decided_by_all_cores(plan, no_progress)
    _keep(decided, folder / "decided")
    found = [one.opportunities for one in decided]
    return clock.taken | {"ready": sum(map(len, found)), "minutes": sum(one.minutes for one in found)}


def trade(plan: ReplayPlan, folder: Path) -> Taken:
    decided = pickle.loads((folder / "decided").read_bytes())
    markets = _markets(plan)
    request = ReplayRequest(
        profile=plan.profile,
        markets=markets,
        first_ms=min(one.first_ms for one in decided),
        last_ms=max(one.last_ms for one in decided),
        settings=plan.settings,
        capabilities=plan.capabilities,
        version="benchmark",
    )
    with _Clock() as clock:
        ledger = replay(request, [one.opportunities for one in decided])
    _keep(evolve(ledger, markets=()), folder / "ledger")
    sent = sum(row.reason is None for row in ledger.ready)
    return clock.taken | {"ready": len(ledger.ready), "sent": sent, "trades": len(ledger.trades)}


def report(plan: ReplayPlan, folder: Path) -> Taken:
    ledger = pickle.loads((folder / "ledger").read_bytes())
    ledger = evolve(ledger, markets=_markets(plan))
    with _Clock() as clock:
        write_report(ledger_report(ledger), folder / "report")
    return clock.taken


def _keep(value: object, file: Path) -> None:
    with file.open("wb") as opened:
        pickle.dump(value, opened)


def _markets(plan: ReplayPlan) -> tuple[ReplayMarket, ...]:
    """As the replay holds them while it trades."""
    markets: list[ReplayMarket] = []
    for source in plan.sources:
        markets.append(with_times_of(without_volume(source.open(None)), markets))
    return tuple(markets)


class _Clock:
    """Wall and CPU seconds between the two ends of a block, the CPU seconds of children that ended in it included."""

    def __enter__(self) -> _Clock:
        self._wall, self._cpu = time.perf_counter(), _cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.taken = {"wall": time.perf_counter() - self._wall, "cpu": _cpu() - self._cpu}


def _cpu() -> float:
    return sum(one.ru_utime + one.ru_stime for one in (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)))


def _cpu_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


PHASES: Mapping[str, Callable[[ReplayPlan, Path], Taken]] = {
    "read": read,
    "features": features,
    "decide": decide,
    "trade": trade,
    "report": report,
}


def main() -> None:
    phase, archive, profile, folder = sys.argv[1:]
    sources = tuple(
        ArchivedMarket(one.symbol, Path(archive), one.venue, contract=one.contract)
        for one in Archive(Path(archive)).series()
    )
    plan = ReplayPlan(
        profile=load_profile(profile),
        sources=sources,
        settings=load_replay(),
        capabilities=capabilities_of("sandbox"),
    )
    print(json.dumps(PHASES[phase](plan, Path(folder))))


if __name__ == "__main__":
    main()
