"""Several processes write one file of the log, and put each day aside once."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path

from mtf_adapters.telemetry.days import DailyFile

DAY_S = 86_400


def writer(path: Path, kept_days: int = 5) -> DailyFile:
    return DailyFile(path, kept_days)


def says(handler: DailyFile, text: str) -> None:
    handler.handle(logging.LogRecord("mtf", logging.INFO, __file__, 1, text, None, None))


def day_ends(*handlers: DailyFile) -> str:
    """It was the last second of a day when they wrote last; gives that day's name."""
    midnight = int(time.time()) // DAY_S * DAY_S
    for handler in handlers:
        handler.rolloverAt = midnight
    return time.strftime("%Y-%m-%d", time.gmtime(midnight - DAY_S))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_the_day_that_another_process_put_aside_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    first, second = writer(path), writer(path)
    says(first, "yesterday, first")
    says(second, "yesterday, second")
    day = day_ends(first, second)
    says(first, "today, first")
    says(second, "today, second")
    says(first, "today, first again")
    for handler in (first, second):
        handler.close()
    assert lines(tmp_path / f"run.log.{day}") == ["yesterday, first", "yesterday, second"]
    assert lines(path) == ["today, first", "today, second", "today, first again"]


def test_each_of_them_puts_the_next_day_aside_again(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    first, second = writer(path), writer(path)
    says(first, "yesterday")
    day_ends(first, second)
    for handler in (first, second):
        says(handler, "today")
        assert handler.rolloverAt > time.time()
        handler.close()


def test_days_beyond_those_that_are_kept_go(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    for day in range(1, 8):
        (tmp_path / f"run.log.2026-01-0{day}").write_text("old\n")
    handler = writer(path, kept_days=3)
    says(handler, "yesterday")
    day = day_ends(handler)
    says(handler, "today")
    handler.close()
    assert sorted(one.name for one in tmp_path.glob("run.log.*")) == [
        *("run.log.2026-01-06", "run.log.2026-01-07"),
        f"run.log.{day}",
    ]


_RIVAL = """
import logging, sys, time
from pathlib import Path
from mtf_adapters.telemetry.days import DailyFile
handler = DailyFile(Path(sys.argv[1]), 5)
def says(text):
    handler.handle(logging.LogRecord("mtf", logging.INFO, "x", 1, text, None, None))
says("yesterday")
print("ready", flush=True)
sys.stdin.readline()
handler.rolloverAt = int(time.time()) // 86400 * 86400
for number in range(50):
    says(f"today {number}")
"""


def test_of_many_processes_whose_day_ends_at_once_none_loses_a_line(tmp_path: Path) -> None:
    path, rivals = tmp_path / "run.log", []
    for _ in range(4):
        words = [sys.executable, "-c", _RIVAL, str(path)]
        rivals.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for rival in rivals:
        assert rival.stdout is not None
        assert rival.stdout.readline() == "ready\n"
    for rival in rivals:
        assert rival.stdin is not None
        rival.stdin.write("\n")
        rival.stdin.flush()
    for rival in rivals:
        rival.communicate(timeout=60)
        assert rival.returncode == 0
    (aside,) = tmp_path.glob("run.log.*")
    said = [*lines(aside), *lines(path)]
    assert said.count("yesterday") == 4
    assert len(said) == 4 + 4 * 50
