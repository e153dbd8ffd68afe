"""Hypothesis runs the same examples everywhere by default; `HYPOTHESIS_PROFILE=deep` looks further, at random.

Every test has a data folder of its own, so that no two of them share marks, journals or a database, and none of them
ever writes into the user's.
"""

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci", max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_DATA = "XDG_DATA_HOME"


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay to the end; looking through them for garbage took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def data_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Path]]:
    """Data folders that nobody had yet; they are made when the program first writes there.

    What is written between tests, or by a process that several of them share, would lie in a folder of its own, which
    is empty at the end: whoever shares a process says where it keeps things.
    """
    root = tmp_path_factory.mktemp("data")
    shared = root / "shared"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_DATA, str(shared))
        yield (root / str(number) for number in count())
    assert not shared.exists(), sorted(shared.rglob("*"))


@pytest.fixture(autouse=True)
def data_folder(data_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program keeps things that no test says a place for, in this test alone."""
    folder = next(data_folders)
    monkeypatch.setenv(_DATA, str(folder))
    return folder
