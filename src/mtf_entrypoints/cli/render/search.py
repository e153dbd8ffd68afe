"""A search in 100 columns: the verdict and what it rests on, window by window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from mtf_core.search.choosing import Choice
from mtf_core.search.scoring import StretchFigures
from mtf_core.search.verdict import Check, Needed, Verdict
from mtf_core.search.windows import Stretch
from mtf_core.words import counted
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.sheets import Sheet
from mtf_entrypoints.search.performing import FinishedSearch

_WIDTH = 100
_MEANINGS = {
    Verdict.REJECTED: "nothing here is better than luck; do not trade it",
    Verdict.CANDIDATE: "what the search could see speaks for it; days that it had not seen do not prove it yet",
    Verdict.VALIDATED: "every check holds, also on days that no trial had seen; it is still no promise",
}
_STYLES = {Verdict.REJECTED: "bold red", Verdict.CANDIDATE: "bold yellow", Verdict.VALIDATED: "bold green"}


def print_search(finished: FinishedSearch, own: Path, console: Console) -> None:
    """The whole screen; `own` is the folder of what was found."""
    width = min(console.width, _WIDTH)
    for part in _parts(finished, own):
        console.print(part, width=width)


def _parts(finished: FinishedSearch, own: Path) -> Iterator[RenderableType]:
    conclusion = finished.conclusion
    yield Text(f"{conclusion.verdict}: {_MEANINGS[conclusion.verdict]}", style=_STYLES[conclusion.verdict])
    yield output.pairs(dict(_facts(finished)))
    yield Text("What it rests on", style="bold")
    yield _checks(conclusion.checks)
    yield Text("Window by window: the best of the train days, and what its test days then showed", style="bold")
    yield _windows(finished)
    yield f"Written to {own}: the profile, evidence.json; all trials in {own.parent / 'trials.csv'}"


def _facts(finished: FinishedSearch) -> Iterator[tuple[str, str]]:
    prepared, conclusion = finished.prepared, finished.conclusion
    without = sum(one.result is None for one in finished.trials)
    tried = counted(len(finished.trials), "trial")
    yield "tried", tried + (f", {without} of them without a score" if without else "")
    yield (
        "on this data",
        f"{counted(conclusion.seen.configurations, 'configuration')} in the trial ledger, these included",
    )
    yield "candles", f"{counted(len(prepared.symbols), 'symbol')}, {prepared.windows.search}"
    yield "hold-out", f"{prepared.windows.final.test}" + ("" if finished.holdout is not None else ", not looked at")
    best = conclusion.best
    if best is None:
        yield "best", "none: no variant had trades enough for a score"
        return
    yield "best", "the profile as it is" if not best.tried.parameters else f"trial {best.tried.number}"
    for path, value in best.tried.parameters.items():
        yield f"  {path}", json.dumps(value)


def _checks(checks: tuple[Check, ...]) -> Sheet:
    table = output.table("what is asked", "found", "holds", right=("found",), prose=("what is asked",))
    for check in checks:
        wanted = "" if check.needed is Needed.ALWAYS else " (to be validated)"
        found = "not known" if check.found is None else _number(check.found)
        table.add_row(
            check.asks + wanted, found, Text("yes", style="green") if check.holds else Text("no", style="red")
        )
    return table


def _windows(finished: FinishedSearch) -> Sheet:
    table = output.table(
        "train",
        "trial",
        "score",
        "test",
        "trades",
        "R net",
        "at least",
        right=("trial", "score", "trades", "R net", "at least"),
    )
    windows, conclusion = finished.prepared.windows, finished.conclusion
    for window, choice in zip(windows.folds, conclusion.choices, strict=True):
        table.add_row(*_row(window.train, choice, window.test, None if choice is None else choice.test))
    table.add_row(*_row(windows.final.train, conclusion.best, windows.final.test, conclusion.holdout))
    return table


def _row(train: Stretch, choice: Choice | None, test: Stretch, figures: StretchFigures | None) -> list[str]:
    chosen = ["none", ""] if choice is None else [str(choice.tried.number), _number(choice.train.score)]
    shown = (
        ["", "", ""]
        if figures is None
        else [str(figures.trades), _number(figures.expectancy_r), _number(figures.low_r)]
    )
    return [_days(train), *chosen, _days(test), *shown]


def _days(stretch: Stretch) -> str:
    first, last = str(stretch).split(" to ")
    return f"{first[:10]} to {last[:10]}"


def _number(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:d}" if isinstance(value, int) else f"{value:.3f}"
