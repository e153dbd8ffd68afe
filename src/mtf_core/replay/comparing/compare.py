"""Live against replay: what a stretch of runs recorded, beside the same stretch replayed from the candles of now.

```
recorded runs ─► decided and planned again, by the configuration of now ─► decisions: equal, or one cause each
                          │ READY, of runs that really placed
                          └─► the replay's account and exchange ─► beside intents and trades ─► orders: likewise
```

Minutes in which no run took place, and symbols that a run's universe left out, are no part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import define, evolve, field, frozen

from mtf_core.market import DAY_MS, MINUTE_MS, Capabilities, Timeframe, format_instant
from mtf_core.ports import Progress, Stores, no_progress
from mtf_core.records import OrderStatus, Selection
from mtf_core.replay.comparing.candles_of_now import CandleReader, CandlesOfNow
from mtf_core.replay.comparing.comparison import Comparison
from mtf_core.replay.comparing.deciding import Again, read_series
from mtf_core.replay.comparing.decisions import Comparing, Decided, DecisionCounts
from mtf_core.replay.comparing.lives import LiveEntry, live_entry
from mtf_core.replay.comparing.orders import OrderPair, pair_orders
from mtf_core.replay.comparing.otherwise import Otherwise
from mtf_core.replay.comparing.own_orders import read_own_orders
from mtf_core.replay.comparing.recorded import Configurations, Reading, RecordedRun
from mtf_core.replay.comparing.replayed import Stage, contract_of, first_balance, market_of
from mtf_core.replay.comparing.totals import totals_of
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings
from mtf_core.validation.compiled_profile import compile_anew
from mtf_core.words import counted

_AT_ONCE = 60
"""Runs whose candles are read together: an hour of minutes."""
_SHOWN = 5
_FOLLOWED_MS = 7 * DAY_MS
"""How long after the last run orders and positions of the replay are followed, as far as there are candles."""


@frozen(kw_only=True)
class CompareRequest:
    """What is to be compared: finished runs of one profile."""

    profile: Profile
    """As it is configured now."""
    run_ids: tuple[str, ...]
    """The oldest first."""
    settings: ReplaySettings
    candles: CandleReader
    """The candles that there are now: of the store, or of the store and an archive."""
    capabilities: Capabilities
    """Of the exchange that the replay models."""
    one_account: bool = False
    """All orders of the replay share one modelled account, instead of the account as it really was for each."""


async def runs_to_compare(stores: Stores, selection: Selection) -> tuple[str, ...]:
    """The ids of the finished runs of a selection, the oldest first."""
    return await Reading(stores).ids(selection)


async def compare(stores: Stores, request: CompareRequest, progress: Progress = no_progress) -> Comparison | None:
    """Compares the runs with their replay; None where none of them can be read. Raises `StoreError`."""
    return await _Compare(stores, request, progress).done()


@define(eq=False)
class _Compare:
    stores: Stores
    request: CompareRequest
    progress: Progress
    candles: CandlesOfNow = field(init=False)
    reading: Reading = field(init=False)
    configurations: Configurations = field(init=False)
    ways: dict[tuple[str, str], Again | None] = field(factory=dict)
    """How decisions are made again, by configuration and exchange."""
    spreads_bps: dict[str, float] = field(factory=dict)
    """How wide books are taken to be, by the turnover of their contracts."""
    counts: DecisionCounts = field(factory=DecisionCounts)
    decided: list[Decided] = field(factory=list)
    """What is needed of later: what differs, and what was, or is, READY."""

    def __attrs_post_init__(self) -> None:
        self.candles = CandlesOfNow(self.request.candles)
        self.reading, self.configurations = Reading(self.stores), Configurations(self.stores)

    async def done(self) -> Comparison | None:
        for contract in await self.stores.contracts.all():
            self.spreads_bps[contract.symbol] = float(self.request.settings.spread_bps(contract.turnover_24h))
        ids, instants = self.request.run_ids, []
        for first in range(0, len(ids), _AT_ONCE):
            self.progress("runs", first, len(ids))
            runs = [run async for run in self.reading.runs(ids[first : first + _AT_ONCE])]
            instants += [run.at_ms for run in runs]
            if runs:
                await self._decide(runs)
        if not instants:
            return None
        pairs = await self._pairs()
        return Comparison(
            profile=self.request.profile.name,
            first_ms=min(instants),
            last_ms=max(instants),
            counts=self.counts,
            differences=tuple(one.difference for one in self.decided if one.difference is not None),
            pairs=pairs,
            totals=totals_of(pairs),
            assumptions=self.request.settings,
            remarks=(*self._remarks(), *_not_compared(pairs)),
        )

    async def _pairs(self) -> tuple[OrderPair, ...]:
        """What became of everything that was READY, in a run that really placed or in its replay."""
        ready, lives = await self._lives(_once_a_minute([one for one in self.decided if one.is_ready]))
        if not ready:
            return ()
        orders = self.stores.orders
        stage, instants = await self._stage(ready), [one.run.at_ms for one in ready]
        own = None
        if not self.request.one_account:
            own = await read_own_orders(orders, self.request.profile, min(instants), max(instants))
        replayed = stage.on_one_account(ready) if own is None else stage.as_it_was(ready, lives, own)
        return pair_orders(ready, lives, replayed, lambda one: Otherwise(one, stage, self._profile_of(one.run), own))

    async def _lives(self, decided: Sequence[Decided]) -> tuple[list[Decided], list[LiveEntry]]:
        """What became of each; of a dry run only what an operator placed by hand afterwards."""
        ready, lives = [], []
        for place, one in enumerate(decided):
            self.progress("orders", place, len(decided))
            live = await live_entry(self.stores.orders, one)
            if not one.run.record.dry_run or live.intent is not None:
                ready.append(one)
                lives.append(live)
        return ready, lives

    def _profile_of(self, run: RecordedRun) -> Profile | None:
        """The configuration of a run, where it is another one than that of now, and this version takes it."""
        digest = run.record.config_digest
        way = None if digest == self.request.profile.digest else self.ways.get((digest, run.exchange))
        return None if way is None else way.compiled.profile

    async def _stage(self, ready: Sequence[Decided]) -> Stage:
        """The candles and contracts of what is READY; the account has what was first recorded of the real one."""
        listed = {contract.symbol: contract for contract in await self.stores.contracts.all()}
        instants = [one.run.minute_ms for one in ready]
        symbols = sorted({one.symbol for one in ready})
        carry_ms = self.request.profile.trading.carry_ms(ready[0].run.exchange)
        series = await self.candles.read(symbols, Timeframe.M1, min(instants) - DAY_MS, max(instants) + _FOLLOWED_MS)
        markets = {}
        for symbol in symbols:
            contract = contract_of(one for one in ready if one.symbol == symbol) or listed.get(symbol)
            if contract is not None and len(series[symbol]):
                minutes = series[symbol].carried(carry_ms // MINUTE_MS) if carry_ms else series[symbol]
                markets[symbol] = market_of(symbol, minutes, contract)
        facts, settings = first_balance(ready), self.request.settings
        if facts is not None and facts.available_balance > 0:
            settings = evolve(settings, balance_usdt=facts.available_balance)
        return Stage(
            profile=self.request.profile,
            settings=settings,
            capabilities=self.request.capabilities,
            markets=markets,
        )

    async def _decide(self, runs: Sequence[RecordedRun]) -> None:
        """Decides these runs again; their candles are read together."""
        profile, exchange = self.request.profile, runs[0].exchange
        now = await self._way(profile.digest, exchange)
        assert now is not None, "the configuration of now is at hand"
        then = {run.run_id: await self._way(run.record.config_digest, exchange) for run in runs}
        ways = {id(way): way for way in (now, *then.values()) if way is not None}
        symbols = sorted({record.symbol for run in runs for record in run.decisions})
        instants = [run.at_ms for run in runs]
        series = await read_series(self.candles, ways.values(), symbols, min(instants), max(instants))
        for way in ways.values():
            way.begin()
        comparing = Comparing(self.candles, now, then, self.spreads_bps, self.counts)
        for run in runs:
            found = await comparing.run(run, series)
            self.decided += [one for one in found if one.difference is not None or one.is_ready]

    async def _way(self, digest: str, exchange: str) -> Again | None:
        """How the configuration of that digest decides; None: it is not stored, or this version refuses it."""
        name = digest, exchange
        if name not in self.ways:
            is_now = digest == self.request.profile.digest
            profile = self.request.profile if is_now else await self.configurations.of(digest)
            known = None if profile is None else Again(compile_anew(profile), profile.trading.carry_ms(exchange))
            self.ways[name] = known
        return self.ways[name]

    def _remarks(self) -> tuple[str, ...]:
        found = []
        unread = self.reading.unreadable
        if unread:
            run_id, why = next(iter(unread.items()))
            found.append(f"{counted(len(unread), 'run')} cannot be read, {run_id} for one: {why}")
        if self.counts.unreadable:
            found.append(f"{counted(self.counts.unreadable, 'decision')} cannot be read by this version")
        return tuple(found)


def _once_a_minute(decided: Sequence[Decided]) -> list[Decided]:
    """Of several runs in one minute, for each symbol the one that placed its order, else the first that might have."""
    chosen: dict[tuple[str, int], Decided] = {}
    for one in decided:
        name = one.symbol, one.run.minute_ms
        if name not in chosen or _rank(one) < _rank(chosen[name]):
            chosen[name] = one
    return list(chosen.values())


def _rank(one: Decided) -> tuple[bool, bool]:
    order = one.result.order
    return order is None or order.status is not OrderStatus.SUBMITTED, one.run.record.dry_run


def _not_compared(pairs: Sequence[OrderPair]) -> Iterator[str]:
    """What could not be compared, and how it can be."""
    for why, count in Counter(pair.not_compared for pair in pairs if pair.not_compared).items():
        symbols = sorted({pair.symbol for pair in pairs if pair.not_compared == why})
        shown = ", ".join(symbols[:_SHOWN]) + (f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else "")
        yield f"{counted(count, 'decision key')} of {shown} not compared, and in no sum: {why}"
    lacking = next((pair for pair in pairs if pair.missing_from_ms is not None), None)
    if lacking is not None and lacking.missing_from_ms is not None:
        since = f"{lacking.symbol} --timeframe 1m --from {format_instant(lacking.missing_from_ms)}"
        yield f"`mtf klines fetch {since} --to TIME` stores minutes that are missing"
