"""The command line, run in this process with its own folder, environment and database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from mtf_entrypoints.cli.main import run
from mtf_entrypoints.settings import VARIABLES


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mtf = Callable[..., Ended]


@pytest.fixture
def mtf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mtf:
    """Runs a command line (words as arguments) in an empty folder; the database is in memory unless it says so."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", "memory")

    def call(*words: str | Path) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


SMALL = ("--universe-size", "12", "--at", "2026-02-01T13:00Z")
"""A small world at an instant at which the profile `regular` finds something to trade."""
