"""The page of promises: every test, module and setting that it names is there, and so is every fault that is drawn."""

from __future__ import annotations

import re

import pytest
from docs.generating.pages import ROOT

from mtf_core.settings.trading import OrderSettings
from tests.simulation.faults import MEANINGS

SAFETY = (ROOT / "docs/safety.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in SAFETY.splitlines()
    if line.startswith("| ") and not line.startswith(("| promise", "| ---"))
]
_TEST = re.compile(r"`(test_\w+)`")
_DEFINED = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
_PLACES = (ROOT, ROOT / "src", ROOT / "src/mtf_core")


def defined_tests() -> set[str]:
    return {name for file in (ROOT / "tests").rglob("test_*.py") for name in _DEFINED.findall(file.read_text())}


def test_every_test_that_the_page_names_exists() -> None:
    named = set(_TEST.findall(SAFETY))
    assert len(named) > 60
    assert named - defined_tests() == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_every_promise_names_a_test_and_what_it_survives(row: list[str]) -> None:
    assert all(row)
    assert _TEST.search(row[-2])


def test_every_module_that_the_page_names_is_there() -> None:
    named = re.findall(r"`([\w/]+/[\w./]+)`", SAFETY)
    assert len(named) > 10
    assert [name for name in named if not any((place / name).exists() for place in _PLACES)] == []


def test_every_setting_of_orders_that_the_page_names_is_one() -> None:
    known = {field.name for field in OrderSettings.__attrs_attrs__}
    assert set(re.findall(r"`orders\.(\w+)[`:]", SAFETY)) <= known


def test_every_fault_that_the_simulation_draws_is_told() -> None:
    assert [meaning for meaning in MEANINGS.values() if f"- {meaning}\n" not in SAFETY] == []
