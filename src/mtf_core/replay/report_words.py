"""The figures of a report as people read them: one wording for the terminal, the page and the notebook.

A ratio over few trades never stands alone: the words "too few" stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from mtf_core.market import format_instant
from mtf_core.replay.honesty import SURE, Concentration, Honesty
from mtf_core.replay.outcomes import Missed, ReadyOutcomes
from mtf_core.replay.sharpe import DailySharpe
from mtf_core.replay.sums import TOO_FEW, Sums, is_too_few
from mtf_core.words import counted, lasting

if TYPE_CHECKING:
    from mtf_core.replay.report import Report

UNKNOWN = "–"
_CENT = Decimal("0.01")


def usdt(value: Decimal | float | None) -> str:
    """With its sign and two digits; `--json` has them all."""
    if value is None:
        return UNKNOWN
    rounded = (value if isinstance(value, Decimal) else Decimal(repr(value))).quantize(_CENT)
    return f"{rounded:+,f}" if rounded else "0.00"


def percent(fraction: float | None, digits: int = 1, *, sign: bool = False) -> str:
    if fraction is None:
        return UNKNOWN
    rounded = round(100 * fraction, digits) + 0.0  # never "-0.0"
    return f"{rounded:{'+' if sign else ''}.{digits}f} %"


def two_digits(value: float | Decimal | None) -> str:
    """With its sign; what rounds to nothing has none."""
    if value is None:
        return UNKNOWN
    rounded = round(float(value), 2)
    return f"{rounded:+.2f}" if rounded else "0.00"


def in_r(value: float | None) -> str:
    return UNKNOWN if value is None else f"{two_digits(value)} R"


def number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def ratio_of(text: str, trades: int) -> str:
    """A ratio with the words that belong behind it."""
    return f"{text} ({TOO_FEW})" if is_too_few(trades) and text != UNKNOWN else text


def honesty_rows(honesty: Honesty) -> Iterator[tuple[str, str]]:
    """The honesty box, line by line."""
    few = f": {TOO_FEW}, below 50 no ratio says anything about the next trade" if honesty.too_few else ""
    yield "trades", f"{honesty.trades}{few}"
    yield "configurations tried on this data", f"{honesty.trials}{'' if honesty.trials > 1 else ', as far as is known'}"
    luck = honesty.deflated_sharpe
    if luck is None:
        yield "deflated Sharpe ratio", "cannot be told: fewer than three days, or no day that differs from another"
    else:
        verdict = "luck is not excluded" if luck.probability < SURE else "luck alone is unlikely"
        said = f"{percent(luck.probability)}, the probability that it is more than luck: {verdict}"
        yield "deflated Sharpe ratio", ratio_of(said, honesty.trades)
    for name, one in (("trade", honesty.best_trade), ("symbol", honesty.best_symbol), ("week", honesty.best_week)):
        yield f"share of the best {name}", _share_words(one, honesty.trades)
    if honesty.liquidations:
        yield "liquidations", f"{honesty.liquidations}: each is a fault of a guard"
    if honesty.guessed_contracts:
        yield "guessed contracts", ", ".join(honesty.guessed_contracts)


def _share_words(one: Concentration | None, trades: int) -> str:
    if one is None:
        return UNKNOWN
    if one.among == 1:
        return f"there is only one: {one.name}"
    made = f"{one.name}, {usdt(one.net_usdt)} USDT"
    if one.share is None:
        return f"there is no profit to share; best: {made}"
    return ratio_of(f"{percent(one.share, 0)} of the net profit ({made})", trades)


def headline_rows(report: Report) -> Iterator[tuple[str, str]]:
    """The summary, line by line."""
    figures = report.figures
    sums, expected, won = figures.sums, figures.expectancy_interval, figures.win_interval
    few, mean = sums.trades, sums.expectancy_r
    yield "net profit", f"{usdt(sums.net_usdt)} USDT ({percent(figures.returned, 2, sign=True)} of the balance)"
    if report.ledger.open_usdt:
        yield "still open at the end", f"{usdt(report.ledger.open_usdt)} USDT, in equity and in no trade"
    costs = f"fees {usdt(-sums.fees_usdt)}, funding {usdt(-sums.funding_usdt)}"
    yield "gross and costs", f"gross {usdt(sums.gross_usdt)}, {costs}; slippage {usdt(-sums.slippage_usdt)} is in gross"
    yield "costs of gross profit", ratio_of(percent(sums.cost_share), few)
    between = "" if expected is None else f", 95 % between {in_r(expected.low)} and {in_r(expected.high)}"
    yield "expectancy, net", UNKNOWN if mean is None else ratio_of(f"{in_r(mean)} a trade{between}", few)
    yield "profit factor", ratio_of(number(sums.profit_factor), few)
    likely = "" if won is None else f", 95 % between {percent(won.low, 0)} and {percent(won.high, 0)}"
    yield "won", ratio_of(f"{sums.won} of {few}, {percent(sums.win_rate)}{likely}", few) if few else UNKNOWN
    yield from _account_rows(report)


def _account_rows(report: Report) -> Iterator[tuple[str, str]]:
    figures = report.figures
    few, drawdown, exposure, sharpe = figures.sums.trades, figures.drawdown, figures.exposure, figures.sharpe
    depth = f"{percent(drawdown.depth, 2)} of the best before it, {usdt(-drawdown.depth_usdt)} USDT"
    since = f"; bottom {format_instant(drawdown.bottom_ms)[:16]}Z" if drawdown.depth else ""
    yield "deepest drawdown", f"{depth}{since}"
    yield "longest drawdown", lasting(drawdown.longest_ms / 1000)
    yield "Sharpe ratio, a year", UNKNOWN if sharpe is None else ratio_of(_sharpe_words(sharpe), few)
    held = f"{percent(exposure.time_share)} of the time something was open"
    yield "exposure", f"{held}, {exposure.mean_notional_open:,.0f} USDT of notional on average"
    streaks = figures.streaks
    yield "longest streaks", f"{streaks.longest_won} won in a row, {streaks.longest_lost} lost"
    hold = figures.hold
    yield "buy and hold", UNKNOWN if hold is None else f"{percent(hold.returned, 2, sign=True)}, all symbols alike"


def _sharpe_words(sharpe: DailySharpe) -> str:
    return f"{number(sharpe.annual)}, from {counted(sharpe.days, 'day')}"


def ready_rows(ready: ReadyOutcomes) -> Iterator[tuple[str, str, str]]:
    """What became of the READY minutes: what, how many, and more of it."""
    yield "READY minutes", str(ready.minutes), f"{ready.planned} with an order plan"
    yield "traded", str(ready.filled), ""
    if ready.still_open:
        yield "still open at the end", str(ready.still_open), ""
    yield "sent, not filled", str(ready.not_filled.count), missed_words(ready.not_filled)
    for ending, missed in ready.by_ending.items():
        yield f"  {ending}", str(missed.count), missed_words(missed)
    yield "refused", str(ready.refused_total), ""
    for reason, count in ready.refused.items():
        yield f"  {reason}", str(count), ""


def missed_words(missed: Missed) -> str:
    """What the price did after entries that did not fill."""
    if not missed.followed:
        return ""
    reached = ", ".join(f"{first} {count}" for first, count in missed.first.items())
    middle = f"{in_r(missed.best_r)} at best, {in_r(missed.worst_r)} at worst"
    return f"then first reached: {reached}; the middle one went to {middle}"


GROUP_COLUMNS = ("trades", "", "won", "R net", "factor", "net USDT", "costs")
"""Of a table of groups, behind the group's name. The second says where a row is of too few trades."""
NOTE, NET = 1, 5
"""Places of the note and of the net profit among them."""


def group_cells(sums: Sums) -> tuple[str, ...]:
    """One row of a table of groups, under `GROUP_COLUMNS`."""
    return (
        str(sums.trades),
        TOO_FEW if sums.is_too_few else "",
        percent(sums.win_rate, 0),
        two_digits(sums.expectancy_r),
        number(sums.profit_factor),
        usdt(sums.net_usdt),
        usdt(-sums.fees_usdt - sums.funding_usdt),
    )
