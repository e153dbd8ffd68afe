"""A replay as a whole: decided on all cores, symbol by symbol, then traded in one process in the order of time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from attrs import frozen

from mtf_adapters.sandbox.capabilities import CAPABILITIES as SANDBOX
from mtf_core._version import __version__
from mtf_core.features.history import BLOCK
from mtf_core.market import DAY_MS, MINUTE_MS, Capabilities
from mtf_core.ports import Progress, no_progress
from mtf_core.replay.ledger import Ledger, ReplayMarket
from mtf_core.replay.opportunities import Opportunities, find_opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_entrypoints.recorded import RecordedMarket, remarks_of, with_times_of, without_volume
from mtf_entrypoints.wires import WIRES


def capabilities_of(exchange: str) -> Capabilities:
    """What the exchange that is modelled can do: how stops travel, what can be amended."""
    return WIRES[exchange]().capabilities if exchange in WIRES else SANDBOX


def history_ms(compiled: CompiledProfile) -> int:
    """How far before the first decision candles have to reach, so that every feature has its whole history."""
    needs = {**compiled.plan_needs, **compiled.needs}
    spans = ((need.history.candles + need.tail + BLOCK) * timeframe.ms for timeframe, need in needs.items())
    return max(spans, default=0) + DAY_MS


@frozen(kw_only=True)
class ReplayPlan:
    """What is to be replayed. `first_ms` and `last_ms` None: as far as the minutes go."""

    profile: Profile
    sources: tuple[RecordedMarket, ...]
    settings: ReplaySettings
    capabilities: Capabilities
    first_ms: int | None = None
    last_ms: int | None = None
    jobs: int | None = None
    """Processes that decide; None: one for each core."""
    remarks: tuple[str, ...] = ()


@frozen(eq=False)
class DecidedMarket:
    """One symbol, decided; its minutes stay where they were read."""

    opportunities: Opportunities
    first_ms: int
    last_ms: int


def perform_replay(plan: ReplayPlan, progress: Progress = no_progress) -> Ledger:
    """The ledger of the plan. Raises what reading raises, and ValueError where the span holds no decision."""
    decided = decided_by_all_cores(plan, progress)
    first_ms = min(one.first_ms for one in decided) if plan.first_ms is None else plan.first_ms
    last_ms = max(one.last_ms for one in decided) if plan.last_ms is None else plan.last_ms
    if not any(one.opportunities.minutes for one in decided):
        raise ValueError("there is no minute to decide in that span")
    markets: dict[str, ReplayMarket] = {}
    for number, source in enumerate(plan.sources):
        progress("prices", number, len(plan.sources))
        markets[source.symbol] = with_times_of(without_volume(source.open(plan.first_ms)), markets.values())
    remarks = (*plan.remarks, *remarks_of(markets))
    request = ReplayRequest(
        profile=plan.profile,
        markets=tuple(markets[symbol] for symbol in sorted(markets)),
        first_ms=first_ms,
        last_ms=last_ms,
        settings=plan.settings,
        capabilities=plan.capabilities,
        version=__version__,
        remarks=remarks,
    )
    return replay(request, [one.opportunities for one in decided], progress)


def decided_by_all_cores(plan: ReplayPlan, progress: Progress) -> list[DecidedMarket]:
    """Every symbol, decided, by name; each is read by the process that decides it."""
    return sorted(_decide_all(plan, progress), key=lambda one: one.opportunities.symbol)


def _decide_all(plan: ReplayPlan, progress: Progress) -> Iterator[DecidedMarket]:
    jobs = min(len(plan.sources), plan.jobs or os.cpu_count() or 1)
    total = len(plan.sources)
    if jobs <= 1:
        for number, source in enumerate(plan.sources):
            progress("deciding", number, total)
            yield _decide(plan, source)
        return
    # Fresh processes: what this one has open, a database for instance, is none of theirs.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_decide, plan, source) for source in plan.sources]
        try:
            for number, done in enumerate(as_completed(waiting)):
                progress("deciding", number, total)
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _decide(plan: ReplayPlan, source: RecordedMarket) -> DecidedMarket:
    return decided_market(plan, source.open(plan.first_ms))


def decided_market(plan: ReplayPlan, market: ReplayMarket) -> DecidedMarket:
    """One market's decisions."""
    candles = market.candles
    first_ms = int(candles.open_ms[0]) + MINUTE_MS if plan.first_ms is None else plan.first_ms
    last_ms = candles.end_ms if plan.last_ms is None else plan.last_ms
    spread_bps = float(plan.settings.spread_bps(market.contract.turnover_24h))
    compiled = compile_profile(plan.profile)
    return DecidedMarket(find_opportunities(compiled, market, first_ms, last_ms, spread_bps), first_ms, last_ms)
