"""The notebook: its cells run in order, and what it shows is what they show now."""

from __future__ import annotations

import json

import pytest
from docs.generating.notebook import NOTEBOOK, ROOT, SCRIPT, Shown, carried_out, cells_of, notebook_of, without_pictures

_REFRESH = "the stored notebook is stale; run `python docs/generate.py --notebook` and look at its pictures"


@pytest.fixture(scope="module")
def shown() -> tuple[Shown | None, ...]:
    return carried_out(cells_of((ROOT / SCRIPT).read_text()))


def test_the_stored_notebook_shows_what_its_cells_show_now(shown: tuple[Shown | None, ...]) -> None:
    made = notebook_of(cells_of((ROOT / SCRIPT).read_text()), shown)
    assert without_pictures((ROOT / NOTEBOOK).read_text()) == without_pictures(made), _REFRESH


def test_it_shows_a_picture_a_decision_and_a_plan(shown: tuple[Shown | None, ...]) -> None:
    cells = [cell for cell in shown if cell is not None]
    (picture,) = [picture for cell in cells for picture in cell.pictures]
    assert picture.startswith(b"\x89PNG")
    assert any(cell.html and "READY" in cell.html and "details" in cell.html for cell in cells)
    assert any(cell.html and "entry_price" in cell.html for cell in cells)


def test_it_is_a_notebook_of_the_format_that_it_names() -> None:
    notebook = json.loads((ROOT / NOTEBOOK).read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert cell["cell_type"] in ("markdown", "code")
        assert ("outputs" in cell) == ("execution_count" in cell) == (cell["cell_type"] == "code")
