"""What a search ends with: whether its best variant is more than luck, check by check."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from attrs import frozen

from mtf_core.market.candles import Floats
from mtf_core.replay.sharpe import DeflatedSharpe, deflated
from mtf_core.search.choosing import Choice, WalkForward
from mtf_core.search.overfitting import Overfitting, overfitting_of
from mtf_core.search.scoring import StretchFigures
from mtf_core.search.settings import VerdictSettings
from mtf_core.search.trial import Tried, scored


class Verdict(StrEnum):
    VALIDATED = "validated"
    """Every check holds, also those on days that no trial has seen."""
    CANDIDATE = "candidate"
    """What the search could see speaks for it; the hold-out does not prove it, and does not speak against it."""
    REJECTED = "rejected"
    """Nothing here is better than luck."""


class Needed(StrEnum):
    """For what a check has to hold."""

    ALWAYS = "always"
    """Where it does not, the result is rejected."""
    VALIDATION = "validation"


@frozen
class Check:
    """One thing that is asked of the best variant."""

    name: str
    asks: str
    found: float | None
    """None: it cannot be told, which is not enough."""
    bound: float
    holds: bool
    needed: Needed


@frozen(kw_only=True)
class Seen:
    """What the trial ledger knows of the data, this search included."""

    configurations: int
    """That were tried on any day of the search."""
    on_holdout: int
    """Others than the best one that were tried on any day of the hold-out."""


@frozen(kw_only=True)
class Conclusion:
    """The end of a search."""

    verdict: Verdict
    checks: tuple[Check, ...]
    best: Choice | None
    """None: no variant had trades enough for a score."""
    choices: tuple[Choice | None, ...]
    """Of each window that has a test."""
    forward: WalkForward
    overfitting: Overfitting | None
    deflated_sharpe: DeflatedSharpe | None
    sharpe_variance: float | None
    """Of the trials' daily Sharpe ratios."""
    holdout: StretchFigures | None
    """None: there was nothing to look at it with."""
    seen: Seen


def returns_of(trials: Sequence[Tried]) -> Floats:
    """A row for each day of the search, a column for each variant."""
    columns = [result.daily_returns for _, result in scored(trials)]
    return np.array(columns, dtype=np.float64).T if columns else np.empty((0, 0))


def conclude(
    settings: VerdictSettings,
    trials: Sequence[Tried],
    choices: Sequence[Choice | None],
    forward: WalkForward,
    best: Choice | None,
    holdout: StretchFigures | None,
    seen: Seen,
) -> Conclusion:
    """The verdict on the best variant, and everything that it rests on."""
    overfitting = overfitting_of(returns_of(trials), settings.pbo_blocks)
    ratios = [sharpe.ratio for _, result in scored(trials) if (sharpe := result.sharpe) is not None]
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else None
    own = None if best is None or best.tried.result is None else best.tried.result.sharpe
    luck = None if own is None else deflated(own, max(1, seen.configurations), variance)
    checks = (*_of_search(settings, best, forward, overfitting, luck), *_of_holdout(settings, holdout, seen))
    return Conclusion(
        verdict=_verdict(checks, holdout),
        checks=checks,
        best=best,
        choices=tuple(choices),
        forward=forward,
        overfitting=overfitting,
        deflated_sharpe=luck,
        sharpe_variance=variance,
        holdout=holdout,
        seen=seen,
    )


def _of_search(
    settings: VerdictSettings,
    best: Choice | None,
    forward: WalkForward,
    overfitting: Overfitting | None,
    luck: DeflatedSharpe | None,
) -> tuple[Check, ...]:
    return (
        _above("score", "the best variant's score, in R", None if best is None else best.train.score, 0),
        _at_least("tests_trades", "trades on all test days", forward.trades, settings.tests_trades_at_least),
        _above("tests_expectancy", "net expectancy on all test days, in R", forward.expectancy_r, 0),
        _at_most(
            "pbo",
            "probability that the choice is no better than any",
            None if overfitting is None else overfitting.probability,
            float(settings.pbo_at_most_pct),
        ),
        _at_least(
            "deflated_sharpe",
            "probability that it is more than the luck of so many trials",
            None if luck is None else luck.probability,
            float(settings.deflated_sharpe_at_least_pct),
        ),
        _above("tests_low", "its lower bound on all test days, in R", forward.low_r, 0, Needed.VALIDATION),
    )


def _of_holdout(settings: VerdictSettings, holdout: StretchFigures | None, seen: Seen) -> tuple[Check, ...]:
    low = None if holdout is None else holdout.low_r
    trades = None if holdout is None else holdout.trades
    return (
        _at_least(
            "holdout_trades", "trades on the hold-out", trades, settings.holdout_trades_at_least, Needed.VALIDATION
        ),
        _above("holdout_low", "lower bound of the net expectancy on the hold-out, in R", low, 0, Needed.VALIDATION),
        _at_most(
            "holdout_unseen",
            "other configurations that have seen days of the hold-out",
            seen.on_holdout,
            settings.holdout_seen_at_most,
            Needed.VALIDATION,
        ),
    )


def _verdict(checks: Sequence[Check], holdout: StretchFigures | None) -> Verdict:
    if any(not check.holds for check in checks if check.needed is Needed.ALWAYS):
        return Verdict.REJECTED
    if all(check.holds for check in checks):
        return Verdict.VALIDATED
    # A loss on days that nobody had seen speaks against it, however few they are; no trade there says nothing.
    lost = holdout is not None and holdout.expectancy_r is not None and holdout.expectancy_r <= 0
    return Verdict.REJECTED if lost else Verdict.CANDIDATE


def _above(name: str, asks: str, found: float | None, bound: float, needed: Needed = Needed.ALWAYS) -> Check:
    return Check(name, f"{asks}: above {bound:g}", found, bound, found is not None and found > bound, needed)


def _at_least(name: str, asks: str, found: float | None, bound: float, needed: Needed = Needed.ALWAYS) -> Check:
    return Check(name, f"{asks}: at least {bound:g}", found, bound, found is not None and found >= bound, needed)


def _at_most(name: str, asks: str, found: float | None, bound: float, needed: Needed = Needed.ALWAYS) -> Check:
    return Check(name, f"{asks}: at most {bound:g}", found, bound, found is not None and found <= bound, needed)
