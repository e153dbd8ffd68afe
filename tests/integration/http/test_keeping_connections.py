"""A connection that is kept open answers the next question as quickly as the first."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx

from tests.integration.cli.test_process import MTF, answered, environment, free_of


def test_no_answer_waits_for_an_acknowledgement_of_its_own_head(tmp_path: Path) -> None:
    """Where head and body are sent apart and the second waits for the first, every answer takes 40 ms and more."""
    words = [MTF, "serve", "--port", "0", "--universe-size", "12"]
    with subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = free_of(process.stderr.readline())
        answered(url)
        took = []
        with httpx.Client(base_url=url) as client:
            for _ in range(20):
                began = time.perf_counter()
                client.get("/health")
                took.append(time.perf_counter() - began)
        process.terminate()
        process.communicate(timeout=60)
    assert min(took[1:]) < 0.03
