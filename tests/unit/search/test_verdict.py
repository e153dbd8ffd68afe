"""The verdict: what a result has to show for each of its names."""

from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve

from mtf_core.search.choosing import Choice, best_of, walk_forward
from mtf_core.search.scoring import StretchFigures
from mtf_core.search.settings import VerdictSettings
from mtf_core.search.trial import Refused, TrialResult, Tried, WindowFigures, result_from_json
from mtf_core.search.verdict import Conclusion, Seen, Verdict, conclude

D = Decimal
SETTINGS = VerdictSettings(pbo_blocks=4, tests_trades_at_least=4, holdout_trades_at_least=4)
UNSEEN = Seen(configurations=5, on_holdout=0)
DAYS = 60


def figures(score: float | None, *r_net: object) -> StretchFigures:
    values = [D(str(one)) for one in r_net]
    return StretchFigures(
        trades=len(values),
        r_net=tuple(sorted(values)),
        expectancy_r=float(np.mean([float(one) for one in values])) if values else None,
        low_r=score,
        drawdown=0.0,
        best_symbol=None,
        best_week=None,
        score=score,
    )


GOOD = figures(0.3, 1, 1, 1, "0.5", "-0.2")


def trial(number: int, score: float | None, *, mean: float = 0.0, test: StretchFigures = GOOD) -> Tried:
    """One of two windows; its days return `mean` on average."""
    draw = np.random.default_rng(number)
    days = draw.normal(0, 0.01, DAYS)
    result = TrialResult(
        trades=10,
        liquidations=0,
        daily_returns=tuple((days - days.mean() + mean).tolist()),
        windows=(WindowFigures(train=figures(score), test=test), WindowFigures(train=figures(score), test=None)),
    )
    return Tried(number, {"key": number}, f"digest {number}", result)


TRIALS = (trial(0, -0.2), trial(1, 0.2, mean=0.008), trial(2, 0.1), trial(3, None))


def concluded(
    trials: tuple[Tried, ...] = TRIALS,
    *,
    settings: VerdictSettings = SETTINGS,
    holdout: StretchFigures | None = GOOD,
    seen: Seen = UNSEEN,
) -> Conclusion:
    choices = [best_of(trials, 0)]
    return conclude(settings, trials, choices, walk_forward(choices), best_of(trials, 1), holdout, seen)


def failing(conclusion: Conclusion) -> set[str]:
    return {check.name for check in conclusion.checks if not check.holds}


def test_what_holds_everywhere_is_validated() -> None:
    found = concluded()
    assert (found.verdict, failing(found)) == (Verdict.VALIDATED, set())
    assert found.best is not None
    assert found.best.tried.number == 1
    assert found.overfitting is not None
    assert found.overfitting.variants == 4


@pytest.mark.parametrize(
    ("trials", "settings", "name"),
    [
        ((trial(0, -0.2), trial(1, -0.1, mean=0.008)), SETTINGS, "score"),
        (TRIALS, evolve(SETTINGS, tests_trades_at_least=6), "tests_trades"),
        (
            (trial(0, -1), trial(1, 0.2, mean=0.008, test=figures(0.1, -1, -1, "0.5", "0.5"))),
            SETTINGS,
            "tests_expectancy",
        ),
        (tuple(trial(number, 0.2) for number in range(5)), SETTINGS, "deflated_sharpe"),
        (tuple(trial(number, 0.2) for number in range(5)), SETTINGS, "pbo"),
    ],
)
def test_what_the_search_itself_shows_against_it_rejects(
    trials: tuple[Tried, ...], settings: VerdictSettings, name: str
) -> None:
    found = concluded(trials, settings=settings)
    assert found.verdict is Verdict.REJECTED
    assert name in failing(found)


@pytest.mark.parametrize(
    ("holdout", "seen", "name"),
    [
        (figures(0.1, 1, 1), UNSEEN, "holdout_trades"),
        (figures(-0.1, 1, 1, 1, "-0.9", "-0.9"), UNSEEN, "holdout_low"),
        (GOOD, evolve(UNSEEN, on_holdout=1), "holdout_unseen"),
        (figures(None), UNSEEN, "holdout_trades"),
    ],
)
def test_what_days_that_nobody_saw_do_not_prove_stays_a_candidate(
    holdout: StretchFigures, seen: Seen, name: str
) -> None:
    found = concluded(holdout=holdout, seen=seen)
    assert found.verdict is Verdict.CANDIDATE
    assert name in failing(found)


def test_a_loss_on_days_that_nobody_saw_rejects() -> None:
    found = concluded(holdout=figures(-1, -1, "0.5"))
    assert found.verdict is Verdict.REJECTED


def test_more_configurations_on_the_same_data_make_the_same_figures_worth_less() -> None:
    few, many = concluded(seen=evolve(UNSEEN, configurations=2)), concluded(seen=evolve(UNSEEN, configurations=10**6))
    assert few.deflated_sharpe is not None
    assert many.deflated_sharpe is not None
    assert few.deflated_sharpe.probability > many.deflated_sharpe.probability


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("pbo_at_most_pct", D(1), D(0)),
        ("deflated_sharpe_at_least_pct", D("0.95"), D(1)),
        ("tests_trades_at_least", 4, 6),
        ("holdout_trades_at_least", 4, 6),
    ],
)
def test_no_setting_of_the_verdict_is_silent(name: str, one: object, other: object) -> None:
    trials = (*TRIALS, *(trial(number, 0.15, mean=0.0075) for number in range(7, 20)))
    first, second = (
        concluded(trials, settings=evolve(SETTINGS, **{name: value})).checks  # type: ignore[arg-type]
        for value in (one, other)
    )
    assert [check.name for check, changed in zip(first, second, strict=True) if check.holds and not changed.holds] == [
        {"pbo_at_most_pct": "pbo", "deflated_sharpe_at_least_pct": "deflated_sharpe"}.get(
            name, name.removesuffix("_at_least")
        )
    ]


def test_other_blocks_and_a_hold_out_that_may_have_been_seen_count_as_they_say() -> None:
    seen = evolve(UNSEEN, on_holdout=3)
    assert concluded(seen=seen, settings=evolve(SETTINGS, holdout_seen_at_most=3)).verdict is Verdict.VALIDATED
    six = concluded(settings=evolve(SETTINGS, pbo_blocks=6)).overfitting
    assert six is not None
    assert (six.blocks, six.halves) == (6, 20)


def test_nothing_that_could_be_chosen_is_rejected() -> None:
    found = concluded((trial(0, None), Tried(1, {"key": 1}, "", Refused("no"))), holdout=None)
    assert (found.verdict, found.best, found.choices) == (Verdict.REJECTED, None, (None,))
    assert found.forward.worse_windows == 1


def test_of_equal_scores_the_one_tried_first_is_taken() -> None:
    trials = (trial(0, 0.1), trial(2, 0.4), trial(5, 0.4))
    assert [one.tried.number for one in (best_of(trials, 0), best_of(trials, 0, {0, 5})) if one is not None] == [2, 5]


def test_the_test_days_of_all_windows_count_together() -> None:
    two = [Choice(trial(0, 1), GOOD, figures(1, 1, 2)), None, Choice(trial(1, 1), GOOD, figures(1, -1))]
    found = walk_forward(two)
    assert (found.trades, found.windows, found.worse_windows) == (3, 3, 2)
    assert found.expectancy_r == pytest.approx(2 / 3)


def test_a_result_survives_the_ledger_to_the_last_bit() -> None:
    result = TRIALS[1].result
    assert result is not None
    assert result_from_json(result.to_json()) == result
