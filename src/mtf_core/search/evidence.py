"""The evidence of a search as one document: names are a contract, as those of a replay's report are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from mtf_core.search.choosing import Choice
from mtf_core.search.scoring import StretchFigures
from mtf_core.search.trial import Tried
from mtf_core.search.verdict import Conclusion
from mtf_core.search.windows import Windows


@frozen(kw_only=True)
class About:
    """What was searched, for the head of the document."""

    profile: str
    profile_digest: str
    search_digest: str
    data_digest: str
    holdout_digest: str
    version: str
    symbols: tuple[str, ...]
    assumptions: Any
    method: Any
    guessed: tuple[str, ...]


def evidence_of(about: About, windows: Windows, trials: Sequence[Tried], conclusion: Conclusion) -> dict[str, Any]:
    """Everything the verdict rests on; the same for the same search, also where it was interrupted."""
    best = conclusion.best
    return {
        "verdict": str(conclusion.verdict),
        "checks": [
            {
                "name": check.name,
                "asks": check.asks,
                "found": check.found,
                "bound": check.bound,
                "holds": check.holds,
                "needed_for": str(check.needed),
            }
            for check in conclusion.checks
        ],
        "best": None if best is None else _choice(best),
        "as_it_is": _as_it_is(trials),
        "trials": {
            "tried": len(trials),
            "scored": sum(one.result is not None for one in trials),
            "without_score": sum(one.result is None for one in trials),
            "configurations_seen_on_this_data": conclusion.seen.configurations,
            "others_seen_on_holdout": conclusion.seen.on_holdout,
        },
        "windows": [
            {"train": str(window.train), "test": str(window.test), "choice": None if one is None else _choice(one)}
            for window, one in zip(windows.folds, conclusion.choices, strict=True)
        ],
        "walk_forward": {
            "trades": conclusion.forward.trades,
            "expectancy_r": conclusion.forward.expectancy_r,
            "low_r": conclusion.forward.low_r,
            "windows": conclusion.forward.windows,
            "windows_without_profit": conclusion.forward.worse_windows,
        },
        "pbo": _pbo(conclusion),
        "deflated_sharpe": _luck(conclusion),
        "final": {"train": str(windows.final.train), "holdout": str(windows.final.test)},
        "holdout": None if conclusion.holdout is None else figures_to_json(conclusion.holdout),
        "profile": {"name": about.profile, "digest": about.profile_digest},
        "data": {
            "digest": about.data_digest,
            "holdout_digest": about.holdout_digest,
            "symbols": list(about.symbols),
            "guessed_contracts": list(about.guessed),
            "span": str(windows.search),
        },
        "method": about.method,
        "assumptions": about.assumptions,
        "search": about.search_digest,
        "version": about.version,
    }


def figures_to_json(figures: StretchFigures) -> dict[str, Any]:
    """A stretch, without the R of each trade."""
    return {
        "trades": figures.trades,
        "expectancy_r": figures.expectancy_r,
        "low_r": figures.low_r,
        "max_drawdown": figures.drawdown,
        "best_symbol_share": figures.best_symbol,
        "best_week_share": figures.best_week,
        "score": figures.score,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "number": choice.tried.number,
        "parameters": dict(choice.tried.parameters),
        "configuration": choice.tried.configuration,
        "train": figures_to_json(choice.train),
        "test": None if choice.test is None else figures_to_json(choice.test),
    }


def _as_it_is(trials: Sequence[Tried]) -> dict[str, Any] | None:
    """What the profile scores where nothing of it is changed."""
    first = next((one.result for one in trials if one.number == 0), None)
    return None if first is None else figures_to_json(first.windows[-1].train)


def _pbo(conclusion: Conclusion) -> dict[str, Any] | None:
    found = conclusion.overfitting
    if found is None:
        return None
    return {
        "probability": found.probability,
        "loss_probability": found.loss_probability,
        "mean_logit": found.mean_logit,
        "halves": found.halves,
        "blocks": found.blocks,
        "days": found.days,
        "variants": found.variants,
    }


def _luck(conclusion: Conclusion) -> dict[str, Any] | None:
    found = conclusion.deflated_sharpe
    if found is None:
        return None
    return {
        "probability": found.probability,
        "expected_best_by_luck": found.expected_best,
        "trials": found.trials,
        "days": found.days,
        "sharpe_variance": conclusion.sharpe_variance,
    }
