"""One timeframe's outcome and the reasons for which it is INVALID."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mtf_core.market import Candles, Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules.expressions import Constantly
from mtf_core.rules.ruleset import TimeframeRules
from mtf_core.settings.profile import Profile
from mtf_core.validation.outcome import Outcome
from tests.market_strategies import walk, without
from tests.unit.validation.profiles import (
    AT_MS,
    H1,
    M1,
    M5,
    M15,
    both_sides,
    candles,
    compare,
    decided,
    filter_of,
    profile_of,
)

Verdict = tuple[Outcome, Reason | None]


def verdict(profile: Profile, timeframe: Timeframe = M5, **series: Candles) -> Verdict:
    found = {tf: candles(tf, "LONG") for tf in (H1, M15, M5, M1)}
    found |= {Timeframe(name.removeprefix("t")): one for name, one in series.items()}
    return decided(profile, series=[found]).of("S0").verdict(timeframe)


@pytest.mark.parametrize("said", ["LONG", "SHORT", "NEUTRAL", "CONFLICT"])
def test_the_outcome_is_which_sides_hold(said: str) -> None:
    reason = Reason.BOTH_SIDES_HOLD if said == "CONFLICT" else None
    assert verdict(profile_of(), t5m=candles(M5, said)) == (Outcome[said], reason)


def test_a_side_without_rules_never_holds() -> None:
    only_long = {M5: TimeframeRules(M5, long=both_sides(M5).long), H1: both_sides(H1)}
    profile = profile_of(execution=(M5,), rules=only_long)
    assert verdict(profile, t5m=candles(M5, "SHORT")) == (Outcome.NEUTRAL, None)
    assert verdict(profile, t5m=candles(M5, "CONFLICT")) == (Outcome.LONG, None)


def test_a_timeframe_without_rules_is_invalid() -> None:
    for rules in ({H1: both_sides(H1)}, {H1: both_sides(H1), M5: TimeframeRules(M5)}):
        profile = profile_of(execution=(M5,), rules=rules)
        assert verdict(profile) == (Outcome.INVALID, Reason.NO_CONFIG_FOR_TIMEFRAME)


def test_an_unknown_side_does_not_hold_and_says_what_is_missing() -> None:
    """The 20 volumes before are all zero, so their ratio is missing."""
    rules = {M5: TimeframeRules(M5, long=compare("volume_ratio", ">", 0), short=Constantly(False)), H1: both_sides(H1)}
    quiet = {tf: candles(tf, "NEUTRAL") for tf in (M5, H1)}
    decision = decided(profile_of(execution=(M5,), rules=rules), series=[quiet]).of("S0")
    assert decision.verdict(M5) == (Outcome.NEUTRAL, None)
    assert decision.missing(M5) == ("volume_ratio",)
    assert decision.timeframe(M5).missing == ("volume_ratio",)


# --- enough candles -------------------------------------------------------------------------------------------
def atr_profile() -> Profile:
    """atr_2 at 0.5 needs 3 + 2 candles: (1/2)^1 is not below 0.5."""
    rules = {M5: TimeframeRules(M5, long=compare("atr_2", ">=", 0)), H1: both_sides(H1)}
    return profile_of(execution=(M5,), rules=rules)


def test_enough_candles_are_exactly_what_the_features_need() -> None:
    series = walk(M5, 40, 1, start_ms=AT_MS - 40 * M5.ms)
    assert verdict(atr_profile(), t5m=series[-5:]) == (Outcome.LONG, None)
    assert verdict(atr_profile(), t5m=series[-4:]) == (Outcome.INVALID, Reason.NOT_ENOUGH_CANDLES)
    assert verdict(atr_profile(), t5m=Candles.empty(M5)) == (Outcome.INVALID, Reason.NOT_ENOUGH_CANDLES)


@pytest.mark.parametrize("missing", [35, 36, 37, 38, 39])
def test_a_hole_within_what_is_needed_is_a_gap(missing: int) -> None:
    """Of 40 candles the last 5 are needed."""
    series = without(walk(M5, 40, 1, start_ms=AT_MS - 40 * M5.ms), [missing])
    assert verdict(atr_profile(), t5m=series) == (Outcome.INVALID, Reason.CANDLES_HAVE_GAPS)


def test_a_hole_before_what_is_needed_does_not_matter() -> None:
    series = without(walk(M5, 40, 1, start_ms=AT_MS - 40 * M5.ms), [34])
    assert verdict(atr_profile(), t5m=series) == (Outcome.LONG, None)


@pytest.mark.parametrize(("hour", "reason"), [("short", Reason.NOT_ENOUGH_CANDLES), ("hole", Reason.CANDLES_HAVE_GAPS)])
def test_a_timeframe_is_invalid_when_a_feature_of_another_one_lacks_history(hour: str, reason: Reason) -> None:
    rules = {M5: TimeframeRules(M5, long=compare("atr_2", ">=", 0, timeframe=H1)), M15: both_sides(M15)}
    profile = profile_of((M15,), (M5,), rules=rules)
    series = walk(H1, 20, 1, start_ms=AT_MS - 20 * H1.ms)
    broken = {"short": series[-4:], "hole": without(series, [17])}
    assert verdict(profile, t1h=series) == (Outcome.LONG, None)
    assert verdict(profile, t1h=broken[hour]) == (Outcome.INVALID, reason)


# --- mandatory filters ----------------------------------------------------------------------------------------
BUSY, CALM = compare("volume", ">", 10), compare("volume", "<=", 10)


def filtered(
    said: str, *filters: tuple[object, tuple[Side, ...]], rules: Mapping[Timeframe, TimeframeRules] | None = None
) -> Verdict:
    made = tuple(filter_of(test, (M5,), sides) for test, sides in filters)  # type: ignore[arg-type]
    return verdict(profile_of(execution=(M5,), filters=made, rules=rules), t5m=candles(M5, said))


def test_a_filter_for_both_sides_that_is_not_true_makes_the_timeframe_invalid() -> None:
    assert filtered("LONG", (CALM, tuple(Side))) == (Outcome.LONG, None)
    assert filtered("LONG", (BUSY, tuple(Side))) == (Outcome.INVALID, Reason.FILTERS_MANDATORY_FAILED)
    assert filtered("NEUTRAL", (BUSY, tuple(Side))) == (Outcome.INVALID, Reason.FILTERS_MANDATORY_FAILED)


def test_an_unknown_filter_does_not_pass() -> None:
    """With all volumes zero their ratio is missing."""
    assert filtered("NEUTRAL", (compare("volume_ratio", "<", 9), tuple(Side))) == (
        Outcome.INVALID,
        Reason.FILTERS_MANDATORY_FAILED,
    )


def test_a_filter_for_one_side_bars_that_side_only() -> None:
    long, short = (Side.LONG,), (Side.SHORT,)
    assert filtered("LONG", (BUSY, long)) == (Outcome.NEUTRAL, None)
    assert filtered("LONG", (BUSY, short)) == (Outcome.LONG, None)
    assert filtered("CONFLICT", (BUSY, long)) == (Outcome.SHORT, None)
    assert filtered("CONFLICT", (CALM, long), (BUSY, short)) == (Outcome.LONG, None)
    for pair in ((BUSY, CALM), (CALM, BUSY)):
        assert filtered("CONFLICT", *((test, long) for test in pair)) == (Outcome.SHORT, None)


def test_a_timeframe_of_which_every_side_is_barred_is_invalid() -> None:
    failed = (Outcome.INVALID, Reason.FILTERS_MANDATORY_FAILED)
    assert filtered("LONG", (BUSY, (Side.LONG,)), (BUSY, (Side.SHORT,))) == failed
    only_short = {M5: TimeframeRules(M5, short=both_sides(M5).short), H1: both_sides(H1)}
    assert filtered("SHORT", (BUSY, (Side.SHORT,)), rules=only_short) == failed
    assert filtered("SHORT", (BUSY, (Side.LONG,)), rules=only_short) == (Outcome.SHORT, None)


def test_a_filter_applies_to_its_timeframes_only() -> None:
    profile = profile_of(execution=(M15, M5), filters=(filter_of(BUSY, (M15,)),))
    assert verdict(profile, M5) == (Outcome.LONG, None)
    assert verdict(profile, M15) == (Outcome.INVALID, Reason.FILTERS_MANDATORY_FAILED)


def test_too_few_candles_are_reported_before_a_failed_filter() -> None:
    profile = profile_of(execution=(M5,), filters=(filter_of(compare("atr_2", ">", 200), (M5,)),))
    assert verdict(profile, t5m=candles(M5, "LONG", count=2)) == (Outcome.INVALID, Reason.NOT_ENOUGH_CANDLES)


def test_every_symbol_is_judged_by_its_own_candles() -> None:
    names = ["LONG", "INVALID", "SHORT", "CONFLICT", "NEUTRAL", "LONG"]
    batch = decided(profile_of(execution=(M5,)), [{M5: said, H1: "LONG"} for said in names])
    assert [decision.outcome(M5).name for decision in batch] == names
    assert batch.symbols == tuple(f"S{row}" for row in range(6))
