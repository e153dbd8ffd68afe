"""A process that stays: it runs at each close, ends when it is told to, and breaks off no run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.cli.conftest import Mtf

WORDS = ("run", "--universe-size", "12", "--profile", "regular", "--json")


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mtf_entrypoints.cli.main", *WORDS, *words]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder / 'mtf.db'}"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_runs_as_often_as_it_was_told_and_each_run_looks_at_its_own_minute(tmp_path: Path) -> None:
    out, err = started(tmp_path, "--every", "1s", "--offset", "0s", "--times", "2").communicate()
    reports = [json.loads(line) for line in out.splitlines()]
    assert [report["status"] for report in reports] == ["completed", "completed"]
    assert reports[0]["started_at"] < reports[1]["started_at"]
    assert err.count("next run at") == 2
    assert err.endswith("mtf: stopped; no run was broken off\n")


def test_a_signal_ends_it_between_runs_with_success(tmp_path: Path) -> None:
    process = started(tmp_path, "--every", "1h")
    assert process.stderr is not None
    assert "next run at" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "", "mtf: stopped; no run was broken off\n")


def test_wrong_paces_and_a_past_instant_are_refused(mtf: Mtf) -> None:
    for words, said in (
        (("--every", "soon"), "--every: found 'soon'; write it like 30s, 1m or 1h"),
        (("--every", "0s"), "allowed is 1s or more"),
        (("--every", "1m", "--offset", "60s"), "allowed is less than --every"),
        (("--every", "1m", "--at", "2026-02-01T13:00Z"), "--every goes with the clock"),
    ):
        ended = mtf(*WORDS, *words)
        assert (ended.code, said in ended.err) == (2, True), ended.err
