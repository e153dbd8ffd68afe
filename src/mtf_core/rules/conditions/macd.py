"""MACD: sign, direction and crossings of the histogram and of the line.

Gaps and epsilons are shares of the close (`eps_pct`, `min_gap_pct`, `threshold_pct`), so that a condition says the same
of a coin at 0.00001 and of one at 100,000. Each also exists in price units of the symbol (`eps`, `min_gap`,
`threshold`), for rules that are written for one symbol.
"""

from __future__ import annotations

from mtf_core.market import Side
from mtf_core.rules.conditions.condition import Arguments, Bounds, Build, Condition, Family, Parameter, ParameterKind
from mtf_core.rules.conditions.terms import (
    LONGEST_STEPS,
    SIGNED_RATIO,
    absolute_gap,
    all_known,
    gap_of,
    gt,
    gte,
    lt,
    lte,
    relative_gap,
    steps,
)
from mtf_core.rules.expressions import AllOf, AnyOf, Compare, Comparison, Feature, Known, Number, Test

HIST = Feature("macd_hist")
LINE = Feature("macd")
SIGNAL = Feature("macd_signal")
ZERO = Number(0.0)


def _hist(ago: int) -> Feature:
    return Feature("macd_hist", ago)


def _falling_or_rising(comparison: Comparison, sign: int) -> Build:
    """n successive steps, each larger than eps."""
    return lambda a: all_known(*steps(comparison, HIST, a.whole("n"), gap_of(a, "eps", sign)))


def _slope(comparison: Comparison) -> Build:
    """The one-candle difference beyond the threshold on each of the last persist_n candles."""
    return lambda a: all_known(*steps(comparison, HIST, a.whole("persist_n"), gap_of(a, "threshold")))


def _line_crosses_signal(before: Comparison, now: Comparison) -> Test:
    return all_known(Compare(before, Feature("macd", 1), Feature("macd_signal", 1)), Compare(now, LINE, SIGNAL))


def _crossed_up(arguments: Arguments) -> Test:
    """A crossing from below at most `cool_down_bars` candles ago, not undone since: never below zero after it."""
    gap, negative_gap = gap_of(arguments, "min_gap"), gap_of(arguments, "min_gap", -1)
    strict = arguments.flag("require_prev_below")
    crossings: list[Test] = []
    for ago in range(arguments.whole("cool_down_bars") + 1):
        before = lte(_hist(ago + 1), negative_gap(ago + 1) if strict else ZERO)
        not_undone = (gte(_hist(since), ZERO) for since in range(ago))
        crossings.append(AllOf((gte(_hist(ago), gap(ago)), before, *not_undone)))
    return Known(AnyOf(crossings), unless_true=True)


def _crossed_down(arguments: Arguments) -> Test:
    """The mirror of a crossing up."""
    gap, negative_gap = gap_of(arguments, "min_gap"), gap_of(arguments, "min_gap", -1)
    strict = arguments.flag("require_prev_above")
    crossings: list[Test] = []
    for ago in range(arguments.whole("cool_down_bars") + 1):
        before = gte(_hist(ago + 1), gap(ago + 1) if strict else ZERO)
        not_undone = (lte(_hist(since), ZERO) for since in range(ago))
        crossings.append(AllOf((lte(_hist(ago), negative_gap(ago)), before, *not_undone)))
    return Known(AnyOf(crossings), unless_true=True)


def _count(name: str, default: int, *aliases: str) -> Parameter:
    bounds = Bounds(1, LONGEST_STEPS)
    return Parameter(name, default, ParameterKind.INTEGER, "candles", bounds, aliases, main=True)


def _eps(*aliases: str, main: bool = False) -> tuple[Parameter, Parameter]:
    return relative_gap("eps", 0.0, main=main), absolute_gap("eps", *aliases)


def _limit(alias: str) -> tuple[Parameter, Parameter]:
    return relative_gap("threshold", 0.0, SIGNED_RATIO), absolute_gap("threshold", alias, bounds=Bounds())


def _crossing(previous: str) -> tuple[Parameter, ...]:
    return (
        relative_gap("min_gap", 0.0003, main=True),
        absolute_gap("min_gap"),
        Parameter("cool_down_bars", 2, ParameterKind.INTEGER, "candles", Bounds(0, LONGEST_STEPS)),
        Parameter(previous, True, ParameterKind.BOOLEAN),
    )


def _condition(name: str, side: Side, summary: str, build: Build, *parameters: Parameter) -> Condition:
    return Condition(name, Family.MACD, side, summary, build, parameters)


MACD = (
    _condition("macd_hist_gt_0", Side.LONG, "macd_hist > 0", lambda _: gt(HIST, ZERO)),
    _condition("macd_hist_lt_0", Side.SHORT, "macd_hist < 0", lambda _: lt(HIST, ZERO)),
    _condition(
        "macd_hist_gt_eps",
        Side.LONG,
        "macd_hist ≥ −eps_pct·close",
        lambda a: gte(HIST, gap_of(a, "eps", -1)(0)),
        *_eps(main=True),
    ),
    _condition(
        "macd_hist_lt_eps",
        Side.SHORT,
        "macd_hist ≤ eps_pct·close",
        lambda a: lte(HIST, gap_of(a, "eps")(0)),
        *_eps(main=True),
    ),
    _condition(
        "macd_hist_increasing_n",
        Side.LONG,
        "macd_hist[i] − macd_hist[i+1] > eps_pct·close[i] for i = 0 … n−1",
        _falling_or_rising(Comparison.GT, 1),
        _count("n", 2, "macd_hist_increasing_n"),
        *_eps(),
    ),
    _condition(
        "macd_hist_decreasing_n",
        Side.SHORT,
        "macd_hist[i] − macd_hist[i+1] < −eps_pct·close[i] for i = 0 … n−1",
        _falling_or_rising(Comparison.LT, -1),
        _count("n", 2, "macd_hist_decreasing_n"),
        *_eps("macd_hist_decreasing_eps"),
    ),
    _condition(
        "macd_hist_slope_pos",
        Side.LONG,
        "macd_hist[i] − macd_hist[i+1] > threshold_pct·close[i] for i = 0 … persist_n−1",
        _slope(Comparison.GT),
        _count("persist_n", 1),
        *_limit("derivative_gt"),
    ),
    _condition(
        "macd_hist_slope_neg",
        Side.SHORT,
        "macd_hist[i] − macd_hist[i+1] < threshold_pct·close[i] for i = 0 … persist_n−1",
        _slope(Comparison.LT),
        _count("persist_n", 1),
        *_limit("derivative_lt"),
    ),
    _condition("macd_line_above_signal", Side.LONG, "macd > macd_signal", lambda _: gt(LINE, SIGNAL)),
    _condition("macd_line_below_signal", Side.SHORT, "macd < macd_signal", lambda _: lt(LINE, SIGNAL)),
    _condition(
        "macd_signal_cross_up",
        Side.LONG,
        "macd[1] ≤ macd_signal[1] and macd > macd_signal",
        lambda _: _line_crosses_signal(Comparison.LTE, Comparison.GT),
    ),
    _condition(
        "macd_signal_cross_down",
        Side.SHORT,
        "macd[1] ≥ macd_signal[1] and macd < macd_signal",
        lambda _: _line_crosses_signal(Comparison.GTE, Comparison.LT),
    ),
    _condition(
        "macd_line_cross_up_with_hysteresis",
        Side.LONG,
        "for some a in 0 … cool_down_bars: macd_hist[a] ≥ gap[a], macd_hist[a+1] ≤ −gap[a+1] "
        "(≤ 0 without require_prev_below), and macd_hist[j] ≥ 0 for every j < a; gap = min_gap_pct·close",
        _crossed_up,
        *_crossing("require_prev_below"),
    ),
    _condition(
        "macd_line_cross_down_with_hysteresis",
        Side.SHORT,
        "for some a in 0 … cool_down_bars: macd_hist[a] ≤ −gap[a], macd_hist[a+1] ≥ gap[a+1] "
        "(≥ 0 without require_prev_above), and macd_hist[j] ≤ 0 for every j < a; gap = min_gap_pct·close",
        _crossed_down,
        *_crossing("require_prev_above"),
    ),
)
