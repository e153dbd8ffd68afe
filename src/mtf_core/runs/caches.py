"""What runs leave for the next one of their kind, in a process that stays up."""

from __future__ import annotations

from attrs import define, field, frozen

from mtf_core.runs.active import ActiveRun
from mtf_core.runs.deciding import RunCache


@frozen
class Kind:
    """Runs that can use what one of them left: of one configuration, in one world, over one part of the symbols."""

    config_digest: str
    namespace: str
    part: str = ""
    """Which part, in whatever words; empty: all symbols."""


@define(eq=False)
class RunCaches:
    """One run at a time works with a cache, and one that broke off leaves nothing behind."""

    _kept: dict[Kind, RunCache] = field(factory=dict, init=False)

    def taken(self, run: ActiveRun, part: str = "") -> RunCache:
        """What the run before left, or a new one; whoever takes it has it alone until it is `left`."""
        cache = self._kept.pop(_kind(run, part), None) or RunCache.of(
            run.profile,
            run.exchange,
            run.environment.stores.candles,
            run.environment.venue.exchange,
            run.environment.venue.capabilities.candles,
        )
        cache.ask(run.exchange)
        return cache

    def left(self, run: ActiveRun, cache: RunCache, part: str = "") -> None:
        """For the next run of the kind."""
        self._kept[_kind(run, part)] = cache


def _kind(run: ActiveRun, part: str) -> Kind:
    return Kind(run.profile.digest, run.environment.venue.namespace, part)
