"""A replay in 100 columns: what speaks against its figures first, then the figures, then what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mtf_core.market import format_instant
from mtf_core.replay.assumed import ALWAYS, assumptions_of
from mtf_core.replay.checks import Check
from mtf_core.replay.groups import GroupedBy
from mtf_core.replay.report import Report
from mtf_core.replay.report_json import money
from mtf_core.replay.report_words import (
    GROUP_COLUMNS,
    NET,
    group_cells,
    headline_rows,
    honesty_rows,
    percent,
    ready_rows,
)
from mtf_core.replay.sums import Sums
from mtf_core.words import counted
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.sheets import Sheet

_WIDTH = 100
_REASONS = 3
"""Of minutes that were not READY; --json has them all."""
_AT_EACH_END = 5
"""Of a long list of groups: so many of the worst, and so many of the best; --json has them all."""
_OPTIONAL = ("won", "factor", "costs")
_SHOWN = (
    GroupedBy.EXIT_REASON,
    GroupedBy.SIDE,
    GroupedBy.TIMEFRAME,
    GroupedBy.TREND,
    GroupedBy.VOLATILITY,
    GroupedBy.SYMBOL,
)
"""Hours and weekdays are in --json and on the page."""


def print_replay(report: Report, console: Console) -> None:
    """The whole screen. Money is in USDT; costs have a minus."""
    width = min(console.width, _WIDTH)
    for part in _parts(report):
        console.print(part, width=width)


def _parts(report: Report) -> Iterator[RenderableType]:
    ledger, figures = report.ledger, report.figures
    span = f"{format_instant(ledger.first_ms)} to {format_instant(ledger.last_ms)}"
    looked = f"{counted(len(ledger.markets), 'symbol')}, {counted(ledger.minutes, 'decision')}"
    yield Text(f"{ledger.profile} replayed, {span}: {looked}", style="bold")
    yield honesty_box(report)
    yield _pairs(headline_rows(report))
    yield Text("What became of the READY minutes", style="bold")
    yield _ready_table(report)
    if ledger.reasons:
        most = sorted(ledger.reasons.items(), key=lambda one: (-one[1], one[0]))[:_REASONS]
        yield f"Minutes that were not READY, most by: {', '.join(f'{why} {count:,}' for why, count in most)}."
    waiting = figures.waiting
    if waiting.stretches:
        yield (
            f"A context had a side and nothing confirmed it: {counted(waiting.stretches, 'time')}, "
            f"{counted(waiting.minutes, 'minute')} in all, the longest {counted(waiting.longest_minutes, 'minute')}."
        )
    if figures.sums.trades:
        yield Text("Month by month", style="bold")
        yield _months_table(report)
        yield Text("By what the trades have in common (the worst first)", style="bold")
        yield _groups_table(report)
    yield Text("What is assumed", style="bold")
    yield _pairs((one.name, f"{one.text}: {one.meaning}") for one in assumptions_of(ledger))
    for text in ALWAYS:
        yield f"- {text}"


def honesty_box(report: Report) -> Panel:
    """What a reader has to know before believing a figure, in a frame."""
    wrong = [_wrong(check) for check in report.checks if not check.holds]
    warnings = [Text(f"! {text}", style="yellow") for text in report.honesty.warnings]
    remarks = [Text(f"- {text}") for text in report.ledger.remarks]
    parts = Group(_pairs(honesty_rows(report.honesty)), *wrong, *warnings, *remarks)
    return Panel(parts, title="Before you believe it", title_align="left", padding=(0, 1))


def _wrong(check: Check) -> Text:
    off = "" if check.difference is None else f", off by {money(check.difference)} USDT"
    why = f" ({check.why})" if check.why else ""
    return Text(f"! the books do not add up: {check.what}{off}{why}", style="red")


def _pairs(rows: Iterator[tuple[str, str]]) -> Table:
    return output.pairs(dict(rows))


def _ready_table(report: Report) -> Sheet:
    table = output.table("what", "minutes", "more", right=("minutes",), prose=("more",))
    for what, count, more in ready_rows(report.figures.ready):
        table.add_row(what, count, more)
    return table


def _months_table(report: Report) -> Sheet:
    columns = ("month", "return", *GROUP_COLUMNS)
    table = output.table(*columns, right=[name for name in columns[1:] if name], optional=_OPTIONAL)
    for one in report.figures.months:
        table.add_row(one.name, percent(one.returned, 2, sign=True), *_cells(one.sums))
    return table


def _groups_table(report: Report) -> Sheet:
    columns = ("group", *GROUP_COLUMNS)
    table = output.table(*columns, right=[name for name in columns[1:] if name], optional=_OPTIONAL)
    for by in _SHOWN:
        groups = report.figures.groups[by]
        between = len(groups) - 2 * _AT_EACH_END
        table.add_heading(str(by).replace("_", " "))
        for place, one in enumerate(groups):
            if between <= 0 or not _AT_EACH_END <= place < len(groups) - _AT_EACH_END:
                table.add_row(f"  {one.name}", *_cells(one.sums))
            elif place == _AT_EACH_END:
                table.add_row(f"  … {between} between", *[""] * len(GROUP_COLUMNS))
    return table


def _cells(sums: Sums) -> Sequence[str | Text]:
    """Gains green and losses red, as everywhere."""
    cells: list[str | Text] = list(group_cells(sums))
    cells[NET] = Text(str(cells[NET]), style="green" if sums.net_usdt > 0 else "red" if sums.net_usdt < 0 else "")
    return cells
