"""The middle of a run: candles, features, decisions; what did not change since the last run is cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from mtf_core.market import Contract, Timeframe
from mtf_core.ports import CandleStore, ExchangeError, MarketData
from mtf_core.reasons import Reason
from mtf_core.records import JsonObject
from mtf_core.runs.journal import RangeDigests
from mtf_core.runs.quotes import read_quotes
from mtf_core.runs.report import SymbolResult, SymbolStatus, TimeframeResult
from mtf_core.runs.state import RunState
from mtf_core.settings.profile import Profile
from mtf_core.upkeep.feed import CandleFeed
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision, DecisionBatch
from mtf_core.validation.metrics import metric_names
from mtf_core.validation.reached import last_timeframe
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import templates_digest, templates_of


@define(eq=False)
class RunCache:
    """What the runs of one configuration in one world leave for the next: candles, features, verdicts, digests."""

    compiled: CompiledProfile
    feed: CandleFeed
    plan_feed: CandleFeed
    decider: Decider
    templates: JsonObject
    """The shapes of the profile's trees, and their digest: what stored traces are read with."""
    templates_digest: str
    digests: RangeDigests = field(factory=RangeDigests)

    @classmethod
    def of(cls, profile: Profile, market: MarketData, store: CandleStore) -> RunCache:
        compiled = compile_profile(profile)
        feeds = [CandleFeed(market, store, compiled.timezone) for _ in range(2)]
        templates = templates_of(compiled)
        return cls(compiled, feeds[0], feeds[1], Decider(compiled), templates, templates_digest(compiled))

    def ask(self, market: MarketData) -> None:
        """From now on, candles are fetched from this exchange (each run meters its own calls)."""
        self.feed.market = self.plan_feed.market = market


async def decide(run: RunState, cache: RunCache, contracts: Sequence[Contract]) -> DecisionBatch | None:
    """Decides every symbol whose candles can be had; None when there is none."""
    request = run.request
    with run.watch.stage("candles"):
        fed = await cache.feed.stacks(cache.compiled.needs, contracts, run.instant_ms, request.workers, run.progress)
    run.stacks = fed.stacks
    for symbol, error in fed.failures.items():
        run.fail(symbol, Reason.CANDLES_UNAVAILABLE, error)
    symbols = [contract.symbol for contract in contracts if contract.symbol not in fed.failures]
    if not symbols:
        return None
    options = DecideOptions(request.skip_context, request.current_tf)
    with run.watch.stage("decisions"):
        batch = cache.decider.decide(fed.stacks, run.instant_ms, symbols, options, force=request.force_timeframe_check)
    run.evaluated = batch.evaluated
    run.reused = tuple(timeframe for timeframe in cache.compiled.parts if timeframe not in batch.evaluated)
    unread: Mapping[str, ExchangeError] = {}
    if _asks_for_spreads(cache.compiled):
        batch, unread = await _with_spreads(run, cache, batch, options)
    for decision in batch:
        run.decisions[decision.symbol] = decision
        run.results[decision.symbol] = result_of(decision)
        if decision.symbol in unread and _stopped_in_the_selector(decision):
            run.fail(decision.symbol, Reason.MARKET_FACTS_UNAVAILABLE, unread[decision.symbol])
    return batch


def _asks_for_spreads(compiled: CompiledProfile) -> bool:
    rules = compiled.profile.rules
    return any("spread_bps" in metric_names(rules.selector_tests_on(tf)) for tf in rules.execution_timeframes)


def _stopped_in_the_selector(decision: Decision) -> bool:
    """The selector had something to choose from, and chose nothing."""
    return decision.reason is Reason.NO_TIMEFRAME_SELECTED and any(step.candidate for step in decision.selection)


async def _with_spreads(
    run: RunState, cache: RunCache, batch: DecisionBatch, options: DecideOptions
) -> tuple[DecisionBatch, Mapping[str, ExchangeError]]:
    """Decides again with the book's spreads of the symbols that reached the selector; the rest need none.

    Also returns the symbols whose book could not be read; their spread is unknown.
    """
    reached = [decision.symbol for decision in batch if _has_a_candidate(decision)]
    if not reached:
        return batch, {}
    with run.watch.stage("market facts"):
        per_call = run.environment.venue.capabilities.quotes_per_call
        read = await read_quotes(run.exchange, reached, per_call, run.request.workers)
    run.spreads_bps = read.spread_bps()
    with run.watch.stage("decisions"):
        batch = cache.decider.decide(run.stacks, run.instant_ms, batch.symbols, options, run.spreads_bps)
    return batch, read.failures


def _has_a_candidate(decision: Decision) -> bool:
    """Some execution timeframe has the context's side (without a context: a side), so the selector may choose it.

    Whether 1m is allowed may depend on the spread, so it is not asked here.
    """
    sides = {decision.outcome(timeframe).side for timeframe in decision.batch.resolution.execution} - {None}
    return bool(sides) if decision.context is None else decision.context.side in sides


def result_of(decision: Decision) -> SymbolResult:
    """A symbol's result as its decision leaves it, before any plan."""
    rules = decision.batch.compiled.profile.rules
    status = SymbolStatus.READY if decision.ready else SymbolStatus.INVALID
    return SymbolResult(
        decision.symbol,
        status,
        decision.reason,
        decision.side,
        decision.execution_timeframe,
        decision.key,
        decision.context,
        decision.context_skipped,
        _timeframes(decision, rules.context_timeframes),
        _timeframes(decision, rules.execution_timeframes),
        last_timeframe=last_timeframe(decision),
    )


def _timeframes(decision: Decision, timeframes: Sequence[Timeframe]) -> dict[Timeframe, TimeframeResult]:
    return {
        timeframe: TimeframeResult(*decision.verdict(timeframe), decision.missing(timeframe))
        for timeframe in timeframes
    }
