"""The README: its block of Python runs as it stands, and its commands exist with their options."""

from __future__ import annotations

import re

import pytest
from docs.generating.walking import ROOT

from tests.unit.docs.test_pages import problem_of

README = (ROOT / "README.md").read_text()
COMMANDS = [line.split("#")[0].split() for line in README.splitlines() if line.startswith("mtf ")]


def test_the_notebook_block_runs_and_finds_something_ready(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "'READY'" in said
    assert "MYUSDT at 2026-01-30T14:00:00Z" in said


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_exists_with_its_options(words: list[str]) -> None:
    assert problem_of(words) is None


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", README):
        assert (ROOT / target).exists(), target
