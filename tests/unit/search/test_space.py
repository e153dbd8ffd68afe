"""The space file: every value is checked against the profile, and what is wrong is told at its place."""

from decimal import Decimal

import pytest

from mtf_adapters.files.profiles import load_profile
from mtf_adapters.files.yaml import parse_yaml
from mtf_core.config_nodes import Problems
from mtf_core.search.proposals import fixed_proposals
from mtf_core.search.settings import Method
from mtf_core.search.space import SearchSpace, read_settings, read_space

PROFILE = load_profile("scalper_micro")
WHOLE = """profile: scalper_micro
data: {archive: {venue: binance}}
vary:
  trade_entry.defaults.atr_k: [2, 3.5]
  trade_entry.defaults.r_multiple: {from: 1, to: 2, step: 0.25}
  mtf_validations.validation.timeframe.5m.long[3].rsi_bullish: [47, 49, 52]
method: {trials: 10}
windows: {train_days: 20, test_days: 5, holdout_days: 10}
"""


def read(text: str) -> tuple[SearchSpace | None, list[str]]:
    problems = Problems()
    node = parse_yaml(text, "space.yaml", problems)
    settings = None if node is None else read_settings(node, problems)
    space = None if settings is None or node is None else read_space(settings, node, PROFILE, problems)
    return space, [str(problem) for problem in problems.errors]


def changed(old: str, new: str) -> list[str]:
    assert old in WHOLE
    space, problems = read(WHOLE.replace(old, new))
    assert space is None
    return problems


def test_a_space_holds_its_keys_and_values() -> None:
    space, problems = read(WHOLE)
    assert not problems
    assert space is not None
    assert [(one.path.rpartition(".")[2], one.values) for one in space.varied] == [
        ("atr_k", (2, 3.5)),
        ("r_multiple", (1, 1.25, 1.5, 1.75, 2)),
        ("rsi_bullish", (47, 49, 52)),
    ]
    assert space.size == 30
    assert space.parameters((1, 4, 0)) == {
        "trade_entry.defaults.atr_k": 3.5,
        "trade_entry.defaults.r_multiple": 2,
        "mtf_validations.validation.timeframe.5m.long[3].rsi_bullish": 47,
    }
    assert space.settings.verdict.deflated_sharpe_at_least_pct == Decimal("0.95")


REFUSED: list[tuple[str, str, str]] = [
    (
        "trade_entry.defaults.atr_k",
        "trade_entry.defaults.atr_kk",
        "space.yaml:4: vary.trade_entry.defaults.atr_kk[0]: unknown key 'atr_kk'; known keys: ",
    ),
    ("trade_entry.defaults.atr_k", "trade_enrty.defaults.atr_k", "(did you mean 'trade_entry'?)"),
    ("[2, 3.5]", "[2, -1]", "space.yaml:4: vary.trade_entry.defaults.atr_k[1]: found -1; allowed is > 0"),
    ("[2, 3.5]", "[2, 2.0]", "found 2.0; it says the same as 2 before it"),
    ("[2, 3.5]", "[2]", "allowed is a list of two values or more"),
    (
        "[2, 3.5]",
        "2",
        "space.yaml:4: vary.trade_entry.defaults.atr_k: found 2; allowed is a list of two values or more",
    ),
    ("long[3].rsi_bullish", "long[9].rsi_bullish", "there is no [9]; the list has 6, counted from [0]"),
    ("long[3].rsi_bullish", "long[3].rsi_bulish", "unknown key 'rsi_bulish'; known keys: rsi_bullish (did you mean"),
    ("timeframe.5m.long", "timeframe.7m.long", "unknown key '7m'; known keys: 1m, 5m"),
    ("step: 0.25", "step: 0.3", "a range goes upwards, in whole steps, and ends with its last value"),
    ("{from: 1, to: 2, step: 0.25}", "{from: 1, to: 2}", "a range has three numbers"),
    ("step: 0.25", "step: 0.001", "allowed are at most 200 values"),
    ("to: 2, step", "to: 201, step", "allowed are at most 200 values"),
    ("{trials: 10}", "{trials: 31}", "found 31; there are 30 combinations: write that, or use grid"),
    ("{trials: 10}", "{kind: grid, trials: 29}", "the grid has 30 combinations; 29 trials are allowed: raise it"),
    ("{trials: 10}", "{kind: grid, seed: 4}", "space.yaml:7: method.seed: it has no effect with grid; leave it out"),
    ("{trials: 10}", "{trials: 10, at_once: 4}", "method.at_once: it has no effect with random"),
    ("{trials: 10}", "{kind: optuna}", "the key 'trials' is missing; optuna needs to know how many"),
    (
        "{trials: 10}",
        "{kind: rendom, trials: 10}",
        "found 'rendom'; allowed: random, grid, optuna (did you mean 'random'?)",
    ),
    ("train_days: 20", "trian_days: 20", "(did you mean 'train_days'?)"),
    ("train_days: 20", "train_days: 0", "space.yaml:8: windows.train_days: found 0; allowed is ≥ 1 and ≤ 3650"),
    ("{archive: {venue: binance}}", "{}", "candles are named in two places, or in none"),
    ("{archive: {venue: binance}}", "{files: {A: a.csv}, archive: {venue: b}}", "candles are named in two places"),
    ("venue: binance}", "venue: binance}, contracts: c.yaml", "data.contracts: it has no effect beside the archive"),
    ("windows:", "verdict: {pbo_blocks: 5}\nwindows:", "verdict.pbo_blocks: found 5; allowed is an even number"),
    ("windows:", "scores: {}\nwindows:", "unknown key 'scores'"),
]


@pytest.mark.parametrize(("old", "new", "told"), REFUSED)
def test_what_is_wrong_is_told_at_its_place(old: str, new: str, told: str) -> None:
    problems = changed(old, new)
    assert any(told in problem for problem in problems), problems
    assert all(problem.startswith("space.yaml:") for problem in problems)


def test_a_rule_that_does_not_exist_is_not_made_by_naming_it() -> None:
    (problem,) = changed("mtf_validations.validation.timeframe.5m.long[3].rsi_bullish", "mtf_validations.rules.mine.lt")
    assert "unknown key 'mine'; known keys: close_below_vwap_or_ma9" in problem


def test_a_space_without_keys_that_vary_is_refused() -> None:
    head = WHOLE[: WHOLE.index("vary:")]
    tail = WHOLE[WHOLE.index("method:") :]
    assert "space.yaml:1: the key 'vary' is missing; it is required" in "".join(read(head + tail)[1])
    assert "allowed is a map of paths, each with its values" in "".join(read(head + "vary: {}\n" + tail)[1])


def test_spaces_that_say_the_same_have_one_digest() -> None:
    (one, _), (other, _) = read(WHOLE), read(WHOLE.replace("[2, 3.5]", "[ 2.0, 3.50]").replace("20,", "20.0,"))
    (third, _) = read(WHOLE.replace("3.5]", "3.6]"))
    assert one is not None
    assert other is not None
    assert third is not None
    assert one.digest == other.digest != third.digest


def space_of(method: str) -> SearchSpace:
    space, problems = read(WHOLE.replace("{trials: 10}", method))
    assert space is not None, problems
    return space


def test_a_grid_is_every_combination_once() -> None:
    space = space_of("{kind: grid}")
    assert space.settings.method.kind is Method.GRID
    assert len(set(fixed_proposals(space))) == len(fixed_proposals(space)) == 30


def test_drawn_combinations_are_different_ones_and_follow_from_the_seed() -> None:
    first, again, other = (
        fixed_proposals(space_of(method))
        for method in ("{trials: 29}", "{trials: 29, seed: 1}", "{trials: 29, seed: 2}")
    )
    assert first == again != other
    assert len(set(first)) == 29


def test_more_trials_begin_with_the_same_ones() -> None:
    assert fixed_proposals(space_of("{trials: 20}"))[:7] == fixed_proposals(space_of("{trials: 7}"))


def test_what_is_drawn_never_changes_between_versions() -> None:
    """Frozen on the day it was written: a search that goes on after an upgrade must not begin another one."""
    assert fixed_proposals(space_of("{trials: 4}")) == FROZEN


FROZEN = ((1, 3, 0), (1, 3, 2), (0, 4, 0), (1, 2, 2))
