"""Which variant each window takes: the best by its train days alone, and what its test days then show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np
from attrs import frozen

from mtf_core.replay.intervals import bootstrap_mean
from mtf_core.search.scoring import StretchFigures
from mtf_core.search.trial import Tried, scored


@frozen
class Choice:
    """The best of a window."""

    tried: Tried
    train: StretchFigures
    test: StretchFigures | None
    """None: the last window, whose test is the hold-out."""


@frozen(kw_only=True)
class WalkForward:
    """The test days of all windows together, each traded by the best of its train days."""

    trades: int
    expectancy_r: float | None
    low_r: float | None
    """By bootstrap, 95 %."""
    worse_windows: int
    """Windows whose choice lost on its test days, or had no trade there."""
    windows: int


def best_of(trials: Sequence[Tried], window: int, among: Collection[int] | None = None) -> Choice | None:
    """The variant with the best score on the window's train days; of equals the one tried first.

    `among`: numbers of the trials that were made for this window; None: all. None where none has a score.
    """
    best: Choice | None = None
    for one, result in scored(trials):
        figures = result.windows[window]
        score = figures.train.score
        if score is None or (among is not None and one.number not in among):
            continue
        if best is None or best.train.score is None or score > best.train.score:
            best = Choice(one, figures.train, figures.test)
    return best


def walk_forward(choices: Sequence[Choice | None]) -> WalkForward:
    """The test days of these choices together; None: a window in which nothing could be chosen."""
    tests = [None if one is None else one.test for one in choices]
    values: list[Decimal] = [r_net for test in tests if test is not None for r_net in test.r_net]
    interval = bootstrap_mean([float(one) for one in values])
    return WalkForward(
        trades=sum(test.trades for test in tests if test is not None),
        expectancy_r=float(np.mean([float(one) for one in sorted(values)])) if values else None,
        low_r=None if interval is None else interval.low,
        worse_windows=sum(test is None or test.expectancy_r is None or test.expectancy_r <= 0 for test in tests),
        windows=len(tests),
    )
