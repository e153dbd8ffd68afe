"""The decisions and plans of recorded runs beside the same made again: equal, or different for one cause each.

A symbol that its run did not look at, because its account was busy or it was switched off, was not decided, and is
counted as such. What the replay would have decided there is compared with the orders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import define, evolve, field, frozen

from mtf_core._version import __version__
from mtf_core.reasons import Reason
from mtf_core.records import DecisionRecord, PlanInputs, ResultRecord, SymbolStatus
from mtf_core.replay.comparing.answers import Answer, live_answer, with_plan
from mtf_core.replay.comparing.candles import CandleChange, candle_changes
from mtf_core.replay.comparing.candles_of_now import CandleReader
from mtf_core.replay.comparing.causes import Cause, first_of
from mtf_core.replay.comparing.deciding import Again, ReadyDecision, Series
from mtf_core.replay.comparing.recorded import RecordedRun
from mtf_core.runs.findings import result_of
from mtf_core.validation.decision import DecisionBatch
from mtf_core.validation.resolve import DecideOptions

_OF_ERRORS = {
    Reason.CANDLES_UNAVAILABLE: Cause.CANDLE_MISSING_THEN,
    Reason.MARKET_FACTS_UNAVAILABLE: Cause.QUOTE_DIFFERED,
    Reason.SHARD_NOT_DECIDED: Cause.LATENCY,
}
"""Why a symbol failed in its run, where the world outside made it fail."""


@frozen(kw_only=True)
class DecisionDifference:
    """One decision that is another one now."""

    run_id: str
    symbol: str
    at_ms: int
    live: Answer
    replay: Answer
    cause: Cause
    why: str
    """The evidence, in words."""


@frozen(eq=False)
class Decided:
    """One symbol in one run: what it was, what it is now, and what a replay needs to go on from there."""

    run: RecordedRun
    record: DecisionRecord
    replay: Answer
    ready: ReadyDecision | None
    """Of now; None: not READY."""
    difference: DecisionDifference | None = None

    @property
    def symbol(self) -> str:
        return self.record.symbol

    @property
    def result(self) -> ResultRecord:
        assert self.record.result is not None, "only records that can be read are compared"
        return self.record.result

    @property
    def live(self) -> Answer:
        return live_answer(self.result)

    @property
    def is_ready(self) -> bool:
        """In its run, or now."""
        return self.ready is not None or self.live.ready

    @property
    def facts(self) -> PlanInputs | None:
        """What was recorded of market and account; None: nothing was planned."""
        return None if self.record.inputs is None else self.record.inputs.plan


@define
class DecisionCounts:
    """What was compared, over all runs."""

    runs: int = 0
    compared: int = 0
    equal: int = 0
    """In everything but what was planned."""
    plans: int = 0
    """Of those compared: READY on both sides, and planned."""
    plans_equal: int = 0
    not_decided: Counter[str] = field(factory=Counter)
    """Symbols that runs did not look at, by the reason."""
    unreadable: int = 0
    """Decisions whose records this version cannot read."""


@frozen(eq=False)
class Comparing:
    """Compares runs with what is decided now, by the configuration of now, and finds each difference's cause."""

    candles: CandleReader
    now: Again
    then: Mapping[str, Again | None]
    """By the configuration of each run, by run id; None: there is none any more that this version takes."""
    spreads_bps: Mapping[str, float]
    """How wide a symbol's book is taken to be where a run recorded nothing of it."""
    counts: DecisionCounts

    async def run(self, run: RecordedRun, series: Series) -> tuple[Decided, ...]:
        """Every symbol of the run that could be decided again."""
        self.counts.runs += 1
        records = [record for record in run.decisions if record.unreadable is None and record.result is not None]
        self.counts.unreadable += len(run.decisions) - len(records)
        if not records:
            return ()
        answers, ready = self._answers(self.now, run, series, records, self._with_assumed(records))
        found = [Decided(run, record, answers[record.symbol], ready.get(record.symbol)) for record in records]
        differing = [one.record for one in found if self._is_other(one)]
        then = self.then[run.run_id] if differing else None
        by_then = {} if then is None else self._answers(then, run, series, differing, _spreads(differing))[0]
        return tuple([await self._explained(one, then, by_then.get(one.symbol), series) for one in found])

    def _is_other(self, decided: Decided) -> bool:
        """Counts what was compared; whether live and replay differ."""
        counts, live, replay = self.counts, decided.live, decided.replay
        if live.status is SymbolStatus.SKIPPED:
            counts.not_decided[str(live.reason)] += 1
            return False
        planned = live.ready and replay.ready and decided.facts is not None
        counts.compared += 1
        counts.plans += planned
        counts.equal += live.final == replay.final
        counts.plans_equal += planned and live == replay
        return live != replay

    async def _explained(self, decided: Decided, then: Again | None, by_then: Answer | None, series: Series) -> Decided:
        live, run = decided.live, decided.run
        if live.status is SymbolStatus.SKIPPED or live == decided.replay:
            return decided
        cause, why = await self._cause(decided, then, by_then, series)
        difference = DecisionDifference(
            run_id=run.run_id,
            symbol=decided.symbol,
            at_ms=run.at_ms,
            live=live,
            replay=decided.replay,
            cause=cause,
            why=why,
        )
        return evolve(decided, difference=difference)

    def _answers(
        self,
        way: Again,
        run: RecordedRun,
        series: Series,
        records: Sequence[DecisionRecord],
        spreads_bps: Mapping[str, float],
    ) -> tuple[dict[str, Answer], dict[str, ReadyDecision]]:
        """What one configuration says of these symbols; where a plan was recorded, planned from the same facts."""
        options = DecideOptions(run.request.skip_context, run.request.current_tf)
        batch = way.decide(series, [record.symbol for record in records], run.at_ms, options, spreads_bps)
        ready = way.ready(batch, series)
        return {record.symbol: _answer(way, batch, ready, record) for record in records}, ready

    def _with_assumed(self, records: Sequence[DecisionRecord]) -> dict[str, float]:
        symbols = (record.symbol for record in records)
        known = {symbol: self.spreads_bps[symbol] for symbol in symbols if symbol in self.spreads_bps}
        return {**known, **_spreads(records)}

    # Causes

    async def _cause(
        self, decided: Decided, then: Again | None, by_then: Answer | None, series: Series
    ) -> tuple[Cause, str]:
        """The first that holds, in the order of `causes.py`. `by_then`: the answer by the configuration of then."""
        run, live = decided.run, decided.live
        is_configured_alike = run.record.config_digest == self.now.compiled.profile.digest
        if not is_configured_alike and by_then == live:
            return Cause.CONFIGURATION_CHANGED, "decided by the configuration of then, it is what it was"
        changes = await self._candle_changes(decided)
        if changes:
            first = first_of({change.cause for change in changes})
            return first, "; ".join(change.words for change in changes if change.cause is first)
        if not is_configured_alike and then is None:
            return Cause.CONFIGURATION_CHANGED, "that of then is not stored any more, or this version refuses it"
        found = self._of_facts(then or self.now, decided, series)
        if found is not None:
            return found
        if run.record.code_version != __version__:
            return Cause.CODE_VERSION_DIFFERED, f"decided by version {run.record.code_version}, now {__version__}"
        return Cause.UNEXPLAINED, "candles, configuration, quote, account and version are the same"

    async def _candle_changes(self, decided: Decided) -> tuple[CandleChange, ...]:
        inputs, hole_ms = decided.record.inputs, self.now.compiled.profile.trading.largest_hole_ms
        return () if inputs is None else await candle_changes(self.candles, decided.symbol, inputs, hole_ms)

    def _of_facts(self, way: Again, decided: Decided, series: Series) -> tuple[Cause, str] | None:
        """What market and account explain; candles and configuration are the same."""
        live, result = decided.live, decided.result
        if live.status is SymbolStatus.ERROR:
            cause = None if result.reason is None else _OF_ERRORS.get(result.reason)
            said = "" if result.error is None else f": {result.error.message}"
            return None if cause is None else (cause, f"{result.reason}{said}")
        if live.decided != decided.replay.decided:
            return self._of_spread(way, decided, series)
        if decided.facts is None:
            return Cause.ACCOUNT_STATE_DIFFERED, f"nothing was planned: {live.reason}"
        return _of_plan_facts(result, decided.facts)

    def _of_spread(self, way: Again, decided: Decided, series: Series) -> tuple[Cause, str] | None:
        """Whether some width of the book gives the live answer: then it was not the one that is recorded."""
        if not way.asks_for_spreads:
            return None
        inputs, symbol = decided.record.inputs, decided.symbol
        recorded = None if inputs is None else inputs.spread_bps
        candidates: dict[str, float | None] = {"unknown": None, "0 bps": 0.0, "10000 bps": 10_000.0}
        if decided.facts is not None:
            width = float(decided.facts.book.spread_ratio * 10_000)
            candidates = {f"{width:.2f} bps": width, **candidates}
        for words, spread in candidates.items():
            if spread == recorded and spread is not None:
                continue
            spreads = {} if spread is None else {symbol: spread}
            answers, _ = self._answers(way, decided.run, series, [decided.record], spreads)
            way.begin()
            if answers[symbol].decided == decided.live.decided:
                told = "none is recorded" if recorded is None else f"{recorded:.2f} bps are recorded"
                return Cause.QUOTE_DIFFERED, f"with a spread of {words} it is what it was; {told}"
        return None


def _answer(way: Again, batch: DecisionBatch, ready: Mapping[str, ReadyDecision], record: DecisionRecord) -> Answer:
    answer = live_answer(result_of(batch.of(record.symbol)).record)
    found, inputs = ready.get(record.symbol), record.inputs
    if found is None or inputs is None or inputs.plan is None:
        return answer
    return with_plan(answer, way.plan(found, inputs.plan))


def _spreads(records: Sequence[DecisionRecord]) -> dict[str, float]:
    return {
        record.symbol: record.inputs.spread_bps
        for record in records
        if record.inputs is not None and record.inputs.spread_bps is not None
    }


_OF_QUOTE = frozenset(
    {
        Reason.MARKET_FACTS_UNAVAILABLE,
        Reason.STALE_MARKET_DATA,
        Reason.CLOCK_SKEW,
        Reason.SPREAD_TOO_WIDE,
        Reason.SKIPPED_OUT_OF_ZONE,
    }
)
"""Why planning says no where it is the market's doing."""
_OF_BALANCE = frozenset({Reason.INSUFFICIENT_MARGIN, Reason.ACCOUNT_STATE_UNKNOWN})


def _of_plan_facts(result: ResultRecord, facts: PlanInputs) -> tuple[Cause, str] | None:
    """By what the stored plan itself says that it was made from; where there is none, by why there is none."""
    if result.plan is None:
        reason = None if result.order is None else result.order.reason
        if reason in _OF_QUOTE:
            return Cause.QUOTE_DIFFERED, f"it ended in {reason}, which the recorded quote does not give"
        if reason in _OF_BALANCE:
            return Cause.ACCOUNT_STATE_DIFFERED, f"it ended in {reason}, which the recorded balance does not give"
        return None
    plan = result.plan
    mark = None if facts.mark is None else facts.mark.price
    then, now = (plan.best_bid, plan.best_ask, plan.mark_price), (facts.book.best_bid, facts.book.best_ask, mark)
    if then != now:
        return Cause.QUOTE_DIFFERED, f"planned by {_quote_words(*then)}; recorded is {_quote_words(*now)}"
    available = next((value for step in plan.steps for name, value in step.inputs if name == "available"), None)
    if isinstance(available, Decimal) and available != facts.available_balance:
        words = f"planned with {available:f} USDT available; recorded are {facts.available_balance:f}"
        return Cause.ACCOUNT_STATE_DIFFERED, words
    return None


def _quote_words(bid: Decimal, ask: Decimal, mark: Decimal | None) -> str:
    return f"{bid:f} / {ask:f}, mark {'unknown' if mark is None else format(mark, 'f')}"
