"""Some hours of the whole application: nothing grows; and what is made to grow on purpose is called out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.application.plants import PLANTED
from tests.application.samples import Sample, read_samples

MINUTES = 125
"""The cleanup comes after one, 61 and 121; it keeps 100 runs at least."""
PLANTED_MINUTES = 170
"""Longer than the fewest runs that a cleanup keeps, and the hour between two cleanups."""
ROOT = Path(__file__).parents[2]
# Every part works in so few symbols, too, and the verdict is on the process, not on the market.
SHORT = ("--symbols", "5", "--runs-most", "100")


class Soaks:
    """Two soaks at once, in processes of their own: what pytest holds is no part of what they measure."""

    def __init__(self, folder: Path) -> None:
        self.folders = {"calm": folder / "calm", "planted": folder / "planted"}
        begun = {
            "calm": self._begun("calm", MINUTES),
            "planted": self._begun("planted", PLANTED_MINUTES, "--plant", *PLANTED),
        }
        self.said = {name: process.communicate()[0] for name, process in begun.items()}
        self.codes = {name: process.returncode for name, process in begun.items()}

    def samples(self, name: str) -> tuple[Sample, ...]:
        return read_samples(self.folders[name] / "samples.jsonl")

    def bad(self, name: str) -> set[str]:
        """What the verdict calls bad."""
        lines = [line for line in self.said[name].splitlines() if line.startswith("BAD")]
        return {line.removeprefix("BAD").partition(":")[0].strip() for line in lines}

    def _begun(self, name: str, minutes: int, *more: str) -> subprocess.Popen[str]:
        length = ("--days", str(minutes / 1440))
        words = ("-m", "tests.application.soak", "--folder", str(self.folders[name]), *length, *SHORT, *more)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def soaks(tmp_path_factory: pytest.TempPathFactory) -> Soaks:
    return Soaks(tmp_path_factory.mktemp("soaks"))


def test_some_hours_of_the_application_leave_nothing_behind(soaks: Soaks) -> None:
    assert (soaks.codes["calm"], soaks.bad("calm")) == (0, set()), soaks.said["calm"]


def test_each_leak_that_is_planted_is_called_out_and_nothing_else(soaks: Soaks) -> None:
    found = {"rows of runs" if name == "rows" else name for name in PLANTED}
    assert (soaks.codes["planted"], soaks.bad("planted")) == (1, found), soaks.said["planted"]


def test_all_parts_work_meanwhile(soaks: Soaks) -> None:
    last = soaks.samples("calm")[-1]
    assert last.stored is not None
    done = last.done
    assert (done["runs"], done["order submitted"] > 0) == (MINUTES + 1, True)
    assert done["heard /ping"] > MINUTES  # nobody would be called if no supervisor lived
    assert {"answered 200 …/metrics", "answered 200 …/mtf/why/…", "answered 200 …/mtf/stats/trades"} <= done.keys()
    assert last.stored.tables["processes"] == 4  # each shows itself, none a second time
    assert last.stored.tables["runs"] < MINUTES  # the cleanup has worked
    assert last.stored.candles["1m"] > MINUTES  # streamed
    assert last.stored.bytes["run_blocks"] > 0
