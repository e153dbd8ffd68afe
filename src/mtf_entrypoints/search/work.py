"""What a process needs for the trials of one search, and how it carries out one of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from attrs import define, evolve, field, frozen

from mtf_adapters.archive import candles_digest
from mtf_adapters.trials.opportunities import OpportunityFiles
from mtf_core._version import __version__
from mtf_core.config_nodes import ConfigError
from mtf_core.replay.ledger import Ledger, ReplayMarket
from mtf_core.replay.opportunities import Opportunities, find_opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.search.deciding import opportunities_digest, rules_digest
from mtf_core.search.parameters import Parameters, varied_profile
from mtf_core.search.settings import ScoreSettings
from mtf_core.search.trial import Refused, TrialResult, result_of
from mtf_core.search.windows import Stretch, Windows
from mtf_core.settings.plain import Plain
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings
from mtf_core.validation.compiled_profile import CompiledProfile, compile_anew
from mtf_entrypoints.recorded import RecordedMarket, without_volume
from mtf_entrypoints.replays import capabilities_of

_KEPT_RULES = 4
"""Rules of which a process keeps the READY minutes in memory; those of all are in files."""
_KEPT_MINUTES = 4_000_000
"""Of all symbols together: so many are kept with their volumes, 48 bytes each; of more, files are read again."""


@frozen(kw_only=True, eq=False)
class SearchWork:
    """The same for every trial of a search; can be handed to another process."""

    content: Mapping[str, Plain]
    """Of the profile that is varied."""
    sources: tuple[RecordedMarket, ...]
    assumptions: ReplaySettings
    exchange: str
    windows: Windows
    score: ScoreSettings
    cache: Path
    """The folder of READY minutes that trials share."""

    @property
    def first_ms(self) -> int:
        return self.windows.search.first_ms


@define(eq=False)
class Workbench:
    """One process's part of a search: its markets are open, and what was decided is kept."""

    work: SearchWork
    decided: OrderedDict[str, tuple[Opportunities, ...]] = field(factory=OrderedDict)
    _markets: tuple[ReplayMarket, ...] | None = None
    decisions: int = 0
    """How often a market was decided here."""

    def try_out(self, parameters: Parameters) -> TrialResult | Refused:
        """A trial: the days of the search, and none after them."""
        try:
            profile = varied_profile(self.work.content, parameters)
        except ConfigError as error:
            return Refused(str(error))
        ledger = self._replayed(profile, self.work.windows.search, self._cut())
        return result_of(ledger, self.work.windows, self.work.score)

    def hold_out(self, parameters: Parameters) -> Ledger:
        """The days that no trial sees, for the one that was chosen."""
        profile = varied_profile(self.work.content, parameters)
        return self._replayed(profile, self.work.windows.final.test, self._opened())

    def _replayed(self, profile: Profile, stretch: Stretch, markets: tuple[ReplayMarket, ...]) -> Ledger:
        request = ReplayRequest(
            profile=profile,
            markets=tuple(without_volume(market) for market in markets),
            first_ms=stretch.first_ms,
            last_ms=stretch.last_ms,
            settings=self.work.assumptions,
            capabilities=capabilities_of(self.work.exchange),
            version=__version__,
        )
        return replay(request, self._opportunities(compile_anew(profile), markets, stretch))

    def _opportunities(
        self, compiled: CompiledProfile, markets: tuple[ReplayMarket, ...], stretch: Stretch
    ) -> tuple[Opportunities, ...]:
        """What the rules find, decided only where no trial with the same rules has done it before."""
        spreads = [float(self.work.assumptions.spread_bps(one.contract.turnover_24h)) for one in markets]
        digests = [
            opportunities_digest(rules_digest(compiled, spread), market, stretch.first_ms, stretch.last_ms, __version__)
            for market, spread in zip(markets, spreads, strict=True)
        ]
        key = " ".join(digests)
        if key in self.decided:
            self.decided.move_to_end(key)
            return self.decided[key]
        files, found = OpportunityFiles(self.work.cache), []
        for place, (digest, spread) in enumerate(zip(digests, spreads, strict=True)):
            kept = files.find(digest)
            if kept is None:
                market = self._with_volume(place, markets[place])
                kept = find_opportunities(compiled, market, stretch.first_ms, stretch.last_ms, spread)
                files.keep(digest, kept)
                self.decisions += 1
            found.append(kept)
        self.decided[key] = tuple(found)
        while len(self.decided) > _KEPT_RULES:
            self.decided.popitem(last=False)
        return self.decided[key]

    def _opened(self) -> tuple[ReplayMarket, ...]:
        if self._markets is None:
            self._markets = opened(self.work)
        return self._markets

    def _cut(self) -> tuple[ReplayMarket, ...]:
        """The markets as they were when the search's days ended: a trial cannot see what is not there."""
        return tuple(cut(market, self.work.windows.search) for market in self._opened())

    def _with_volume(self, place: int, market: ReplayMarket) -> ReplayMarket:
        if market.candles.volume.strides != (0,):
            return market
        read = self.work.sources[place].open(self.work.first_ms)
        return evolve(
            market, candles=read.candles.between(int(market.candles.open_ms[0]), int(market.candles.open_ms[-1]))
        )


def opened(work: SearchWork) -> tuple[ReplayMarket, ...]:
    """The markets in the order of the sources; where there are many minutes, without their volumes."""
    found, minutes = [], 0
    for source in work.sources:
        market = source.open(work.first_ms)
        minutes += len(market.candles)
        found.append(market if minutes <= _KEPT_MINUTES else without_volume(market))
    return tuple(found)


def cut(market: ReplayMarket, stretch: Stretch) -> ReplayMarket:
    """The market with the candles that had closed by the end of a stretch."""
    candles = market.candles.closed_at(stretch.last_ms)
    return evolve(market, candles=candles, digest=candles_digest(candles))
