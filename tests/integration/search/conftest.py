"""A folder with a space, candles and a configuration, and `mtf search` in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from mtf_entrypoints.cli.main import run
from mtf_entrypoints.settings import VARIABLES
from tests.search_worlds import candle_file, config_folder, space_file, walk


@frozen
class SearchFolder:
    """Where a search happens."""

    root: Path

    @property
    def space(self) -> Path:
        return self.root / "space.yaml"

    @property
    def found(self) -> Path:
        return self.root / "space.search"

    @property
    def trials(self) -> str:
        return f"sqlite:///{self.root / 'trials.db'}"

    @property
    def words(self) -> tuple[str, ...]:
        return ("search", str(self.space), "--config-dir", str(self.root / "config"), "--trials", self.trials)

    def searched(self, *words: str) -> int:
        """In this process."""
        return run([*self.words, *words])

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        """In a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "mtf_entrypoints.cli.main", *self.words, *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def evidence(self) -> dict[str, Any]:
        (path,) = self.found.glob("*/evidence.json")
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document

    def files(self) -> dict[str, bytes]:
        """Everything that it left, by name, but what trials share."""
        return {
            str(path.relative_to(self.found)): path.read_bytes()
            for path in sorted(self.found.rglob("*"))
            if path.is_file() and "ready-minutes" not in path.parts
        }


Made = Callable[..., SearchFolder]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Makes a folder: `trend` is the edge that its prices have."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def make(
        name: str = "one",
        *symbols: str,
        seed: int = 1,
        days: int = 12,
        trend: float = 0.0,
        assumed: str = "",
        **space: Any,
    ) -> SearchFolder:
        root = tmp_path / name
        root.mkdir()
        config_folder(root / "config", assumed)
        own = symbols or ("AAAUSDT",)
        for number, symbol in enumerate(own):
            candle_file(root / f"{symbol}.csv", walk(seed + number, days, trend))
        space_file(root, *own, **space)
        return SearchFolder(root)

    return make
