"""The middle of a run: candles, features, decisions; what did not change since the last run is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, evolve, field, frozen

from mtf_core.market import CandleService, CandleStack, Contract, Timeframe, format_instant
from mtf_core.ports import CandleStore, MarketData
from mtf_core.reasons import Reason
from mtf_core.records import AuditEvent, JsonObject
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.failures import SymbolFailure, alone, failure_of
from mtf_core.runs.journal import RangeDigests
from mtf_core.runs.quotes import read_quotes
from mtf_core.settings.profile import Profile
from mtf_core.upkeep.building import CandleDifference
from mtf_core.upkeep.feed import CORRECTED_WITHIN_MS, CandleFeed
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision, DecisionBatch
from mtf_core.validation.metrics import metric_names
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
    def of(
        cls, profile: Profile, market: MarketData, store: CandleStore, exchange: str, candles: CandleService
    ) -> RunCache:
        compiled = compile_profile(profile)
        carry_ms = profile.trading.carry_ms(exchange)
        # Where pushed candles are confirmed by calls later, those that are stored may still be corrected.
        reread_ms = 0 if candles.stream_says_closed else CORRECTED_WITHIN_MS
        feed = CandleFeed(market, store, compiled.timezone, carry_ms, reread_ms)
        plan_feed = CandleFeed(market, store, compiled.timezone, carry_ms, reread_ms, beside=feed)
        templates = templates_of(compiled)
        return cls(compiled, feed, plan_feed, Decider(compiled), templates, templates_digest(compiled))

    @property
    def documents(self) -> dict[str, JsonObject]:
        """What a run needs to be read later, by digest: its configuration, and the shapes of its trees."""
        profile = self.compiled.profile
        return {profile.digest: dict(profile.content), self.templates_digest: self.templates}

    def ask(self, market: MarketData) -> None:
        """From now on, candles are fetched from this exchange (each run meters its own calls)."""
        self.feed.market = self.plan_feed.market = market


@frozen(eq=False)
class Decided:
    """What became of the admitted symbols: a decision each, or the failure that stopped it.

    `batch` is None when no candles could be had. `spreads_bps` is what the selector was told of the books, in basis
    points of mid.
    """

    batch: DecisionBatch | None = None
    stacks: Mapping[Timeframe, CandleStack] = field(factory=dict)
    failures: Mapping[str, SymbolFailure] = field(factory=dict)
    spreads_bps: Mapping[str, float] = field(factory=dict)
    evaluated: tuple[Timeframe, ...] = ()
    """Timeframes that had new candles since the last run, or were asked to be evaluated again."""

    @property
    def reused(self) -> tuple[Timeframe, ...]:
        """Timeframes whose verdicts are those of the run before."""
        parts = () if self.batch is None else self.batch.compiled.parts
        return tuple(timeframe for timeframe in parts if timeframe not in self.evaluated)

    def decision(self, symbol: str) -> Decision | None:
        """The symbol's decision; None where its candles could not be had, or it broke."""
        return self.batch.of(symbol) if self.batch is not None and symbol in self.batch.symbols else None

    def ready(self) -> tuple[Decision, ...]:
        return tuple(one for one in self.batch or () if one.ready and one.symbol not in self.failures)


async def decide(run: ActiveRun, cache: RunCache, contracts: Sequence[Contract]) -> Decided:
    """Decides every symbol whose candles can be had."""
    with run.watch.stage("candles"):
        fed = await cache.feed.stacks(
            cache.compiled.needs, contracts, run.instant_ms, run.request.workers, run.progress
        )
        await _note(run, fed.differences)
    failures = {symbol: failure_of(error, Reason.CANDLES_UNAVAILABLE) for symbol, error in fed.failures.items()}
    symbols = tuple(contract.symbol for contract in contracts if contract.symbol not in failures)
    decided = _decided(run, cache, fed.stacks, symbols, None) if symbols else Decided()
    if decided.batch is not None and _asks_for_spreads(cache.compiled):
        decided = await _with_spreads(run, cache, decided)
    return evolve(decided, failures={**failures, **decided.failures})


async def _note(run: ActiveRun, differences: Sequence[CandleDifference]) -> None:
    """Leaves a trace of candles that do not fit together; the exchange's own were taken."""
    if differences:
        now_ms = run.environment.wall.now_ms()
        await run.environment.stores.audit.append([_event(now_ms, difference) for difference in differences])


def _event(now_ms: int, difference: CandleDifference) -> AuditEvent:
    details: JsonObject = {
        "timeframe": str(difference.timeframe),
        "open": format_instant(difference.open_ms),
        "column": difference.column,
        "exchange": difference.exchange,
        "built": difference.built,
    }
    return AuditEvent(now_ms, "run", "candles_differ", difference.symbol, details)


def _decided(
    run: ActiveRun,
    cache: RunCache,
    stacks: Mapping[Timeframe, CandleStack],
    symbols: tuple[str, ...],
    spreads_bps: Mapping[str, float] | None,
) -> Decided:
    """All symbols at once; where that breaks, without those that break it."""
    options = DecideOptions(run.request.skip_context, run.request.current_tf)
    force = run.request.force_timeframe_check and spreads_bps is None

    def deciding(decider: Decider, part: Mapping[Timeframe, CandleStack], chosen: Sequence[str]) -> DecisionBatch:
        return decider.decide(part, run.instant_ms, chosen, options, spreads_bps, force=force)

    spreads = spreads_bps or {}
    with run.watch.stage("decisions"):
        batch = alone(lambda: deciding(cache.decider, stacks, symbols))
        if isinstance(batch, DecisionBatch):
            return Decided(batch, stacks, {}, spreads, batch.evaluated)
        cache.decider = Decider(cache.compiled)  # what it kept may be half done
        failures = {}
        for symbol in symbols:
            rows = {timeframe: stack.rows([symbol]) for timeframe, stack in stacks.items()}
            outcome = alone(lambda rows=rows, symbol=symbol: deciding(Decider(cache.compiled), rows, [symbol]))  # type: ignore[misc]
            if isinstance(outcome, SymbolFailure):
                failures[symbol] = outcome
        sound = [symbol for symbol in symbols if symbol not in failures]
        if not sound or not failures:
            return Decided(None, stacks, failures or dict.fromkeys(symbols, batch), spreads)
        narrowed = {timeframe: stack.rows(sound) for timeframe, stack in stacks.items()}
        batch = deciding(cache.decider, narrowed, sound)
        return Decided(batch, narrowed, failures, spreads, batch.evaluated)


def _asks_for_spreads(compiled: CompiledProfile) -> bool:
    rules = compiled.profile.rules
    return any("spread_bps" in metric_names(rules.selector_tests_on(tf)) for tf in rules.execution_timeframes)


def _stopped_in_the_selector(decision: Decision) -> bool:
    """The selector had something to choose from, and chose nothing."""
    return decision.reason is Reason.NO_TIMEFRAME_SELECTED and any(step.candidate for step in decision.selection)


async def _with_spreads(run: ActiveRun, cache: RunCache, decided: Decided) -> Decided:
    """Decides again with the book's spreads of the symbols that reached the selector; the rest need none.

    A symbol whose book could not be read, and that the selector then stopped, has failed: its spread is unknown.
    """
    batch = decided.batch
    reached = [decision.symbol for decision in batch or () if _has_a_candidate(decision)]
    if batch is None or not reached:
        return decided
    with run.watch.stage("market facts"):
        per_call = run.environment.venue.capabilities.quotes_per_call
        read = await read_quotes(run.exchange, reached, per_call, run.request.workers)
    again = _decided(run, cache, decided.stacks, batch.symbols, read.spread_bps())
    unread = {
        decision.symbol: failure_of(read.failures[decision.symbol], Reason.MARKET_FACTS_UNAVAILABLE)
        for decision in again.batch or ()
        if decision.symbol in read.failures and _stopped_in_the_selector(decision)
    }
    failures = {**decided.failures, **again.failures, **unread}
    return evolve(again, failures=failures, evaluated=decided.evaluated)


def _has_a_candidate(decision: Decision) -> bool:
    """Some execution timeframe has the context's side (without a context: a side), so the selector may choose it.

    Whether 1m is allowed may depend on the spread, so it is not asked here.
    """
    sides = {decision.outcome(timeframe).side for timeframe in decision.batch.resolution.execution} - {None}
    return bool(sides) if decision.context is None else decision.context.side in sides


def carried_by_symbol(stacks: Mapping[Timeframe, CandleStack]) -> dict[str, int]:
    """Symbols of which candles were filled, with their number over all timeframes."""
    carried: dict[str, int] = {}
    for stack in stacks.values():
        for symbol, count in zip(stack.symbols, stack.carried, strict=bool(stack.carried)):
            carried[symbol] = carried.get(symbol, 0) + count
    return {symbol: count for symbol, count in carried.items() if count}
