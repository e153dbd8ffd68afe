"""The notebooks: their cells run in order, and what they show is what they show now."""

from __future__ import annotations

import json
from functools import cache

import pytest
from docs.generating.notebook import NOTEBOOKS, Shown, carried_out, notebook_of, script_of, stored, without_pictures

_REFRESH = "the stored notebook is stale; run `python docs/generate.py --notebook` and look at its pictures"
each_notebook = pytest.mark.parametrize("name", NOTEBOOKS)


@cache
def shown(name: str) -> tuple[Shown | None, ...]:
    return carried_out(script_of(name))


def cells(name: str) -> list[Shown]:
    return [cell for cell in shown(name) if cell is not None]


@each_notebook
def test_the_stored_notebook_shows_what_its_cells_show_now(name: str) -> None:
    made = notebook_of(script_of(name), shown(name))
    assert without_pictures(stored(name)) == without_pictures(made), _REFRESH


def test_a_month_shows_a_picture_a_decision_and_a_plan() -> None:
    (picture,) = [picture for cell in cells("month") for picture in cell.pictures]
    assert picture.startswith(b"\x89PNG")
    assert any(cell.html and "READY" in cell.html and "details" in cell.html for cell in cells("month"))
    assert any(cell.html and "entry_price" in cell.html for cell in cells("month"))


def test_replays_show_a_report_with_what_speaks_against_it_its_files_and_pictures() -> None:
    assert any(cell.html and "too few" in cell.html for cell in cells("replays"))
    assert any(cell.text and "report.html" in cell.text for cell in cells("replays"))
    assert len([picture for cell in cells("replays") for picture in cell.pictures]) == 3


def test_the_stored_replay_of_thirty_symbols_begins_with_the_trades_that_it_begins_with_now() -> None:
    """Otherwise mtf decides or trades otherwise since: `python docs/generate.py --thirty DAYS` makes it anew."""
    are_the_same, trades = eval(cells("replays")[-1].text or "")
    assert are_the_same
    assert trades > 5


@each_notebook
def test_it_is_a_notebook_of_the_format_that_it_names(name: str) -> None:
    notebook = json.loads(stored(name))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert cell["cell_type"] in ("markdown", "code")
        assert ("outputs" in cell) == ("execution_count" in cell) == (cell["cell_type"] == "code")
