"""What commands print: JSON or tables on stdout; warnings and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBars
from rich.table import Table

from mtf_core.ports import Progress, no_progress
from mtf_entrypoints.cli.plain import counted, flush, warn, write_json, write_line
from mtf_entrypoints.cli.sheets import Sheet

__all__ = [
    "console",
    "counted",
    "flush",
    "pairs",
    "progress",
    "table",
    "warn",
    "write_json",
    "write_line",
]

_WIDTH_OF_A_FILE = 200
"""Columns when stdout is no terminal: nothing is cut or folded for want of space."""


def console() -> Console:
    """Stdout for tables. Texts are printed as they are: no markup, no highlighting."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def table(*columns: str, right: Sequence[str] = (), prose: Sequence[str] = (), optional: Sequence[str] = ()) -> Sheet:
    """An empty table; the columns named in `right` hold numbers. See `Sheet` for the rest."""
    return Sheet(columns, frozenset(right), frozenset(prose), tuple(optional))


def pairs(rows: Mapping[str, object]) -> Table:
    """Names and values below each other."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in rows.items():
        made.add_row(name, str(value))
    return made


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars on stderr, one for each stage; silence when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show
