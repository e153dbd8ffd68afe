"""A service that is told to stop ends the run that goes on, answers it, and leaves nothing locked."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx

from tests.integration.cli.test_process import MTF, answered, environment, free_of


def test_a_run_that_goes_on_is_ended_and_answered(tmp_path: Path) -> None:
    words = [MTF, "serve", "--port", "0", "--universe-size", "40", "--at", "2026-01-31T14:00Z"]
    with subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = free_of(process.stderr.readline())
        answered(url)
        reports: list[httpx.Response] = []
        running = threading.Thread(target=lambda: reports.append(httpx.post(f"{url}/api/mtf/run", timeout=120)))
        running.start()
        while not httpx.get(f"{url}/mtf/lock/status", timeout=60).json()["locks"]:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=120)
        running.join()
    assert reports[0].status_code == 200
    assert reports[0].json()["status"] == "completed"
    assert (process.returncode, "Traceback" in rest) == (0, False)
