"""One trial: a variant of the profile replayed over the search's days, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from attrs import asdict, field, frozen

from mtf_core.market.candles import Floats
from mtf_core.replay.curve import curve_of, daily_returns
from mtf_core.replay.ledger import Ledger
from mtf_core.replay.sharpe import DailySharpe, sharpe_of
from mtf_core.search.scoring import StretchFigures, figures_within
from mtf_core.search.settings import ScoreSettings
from mtf_core.search.windows import Stretch, Windows


@frozen(kw_only=True)
class WindowFigures:
    """Of one window: what variants are compared by, and, but for the last window, what its test days have shown."""

    train: StretchFigures
    test: StretchFigures | None


@frozen(kw_only=True)
class TrialResult:
    """What a trial has shown. Its replay ended where the hold-out begins, or before it."""

    trades: int
    liquidations: int
    daily_returns: tuple[float, ...]
    """Of the account, each day of the search."""
    windows: tuple[WindowFigures, ...]
    """As many as the search has, the last one without a test."""

    @property
    def sharpe(self) -> DailySharpe | None:
        """None where daily returns tell none."""
        return sharpe_of(np.array(self.daily_returns))

    def score(self, window: int) -> float | None:
        """What it is compared by in a window; None: there were too few trades."""
        return self.windows[window].train.score

    def to_json(self) -> dict[str, Any]:
        """Exact: `result_from_json` gives the same result again."""
        return asdict(self, value_serializer=lambda _, __, value: str(value) if isinstance(value, Decimal) else value)


def result_of(ledger: Ledger, windows: Windows, settings: ScoreSettings) -> TrialResult:
    """What is kept of a trial's ledger."""
    curve, symbols = curve_of(ledger), len(ledger.markets)

    def within(stretch: Stretch) -> StretchFigures:
        return figures_within(ledger.trades, curve, stretch, settings, symbols)

    folds = [WindowFigures(train=within(one.train), test=within(one.test)) for one in windows.folds]
    returns: Floats = daily_returns(curve)
    return TrialResult(
        trades=len(ledger.trades),
        liquidations=ledger.liquidations,
        daily_returns=tuple(returns.tolist()),
        windows=(*folds, WindowFigures(train=within(windows.final.train), test=None)),
    )


def result_from_json(document: Mapping[str, Any]) -> TrialResult:
    """The result that was written by `to_json`."""
    return TrialResult(
        trades=document["trades"],
        liquidations=document["liquidations"],
        daily_returns=tuple(document["daily_returns"]),
        windows=tuple(
            WindowFigures(train=_figures(one["train"]), test=None if one["test"] is None else _figures(one["test"]))
            for one in document["windows"]
        ),
    )


def _figures(document: Mapping[str, Any]) -> StretchFigures:
    return StretchFigures(**{**document, "r_net": tuple(Decimal(one) for one in document["r_net"])})


@frozen
class Refused:
    """A combination that the profile's own checks refuse, or a trial that broke off: there is no score."""

    why: str


@frozen
class Tried:
    """One trial of a search, and what came of it."""

    number: int
    """In the order in which they were proposed; 0 is the profile as it is."""
    parameters: Mapping[str, Any]
    configuration: str
    """The digest of the profile that it makes; empty where it makes none."""
    outcome: TrialResult | Refused = field(repr=False)

    @property
    def result(self) -> TrialResult | None:
        return self.outcome if isinstance(self.outcome, TrialResult) else None


def scored(trials: Sequence[Tried]) -> list[tuple[Tried, TrialResult]]:
    """Those of which there is a result."""
    return [(one, one.outcome) for one in trials if isinstance(one.outcome, TrialResult)]
