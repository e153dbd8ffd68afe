"""`mtf stream` as a program: one at a time for a venue and its store, and it shows itself."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

from mtf_entrypoints.served_sandbox import mtf_command, own_environment

_PATIENT_S = 90
STREAM = ("stream", "--universe-size", "5")


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**own_environment(), "DATABASE_URL": f"sqlite:///{folder / 'mtf.db'}", "XDG_DATA_HOME": str(folder)}
    return subprocess.Popen(
        mtf_command(*words), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(folder: Path, *words: str) -> tuple[int, str, str]:
    process = started(folder, *words)
    out, err = process.communicate(timeout=_PATIENT_S)
    return process.returncode, out, err


def test_a_second_stream_is_refused_with_a_line_that_names_the_first_which_health_shows(tmp_path: Path) -> None:
    first = started(tmp_path, *STREAM)
    assert first.stderr is not None
    ready, said = first.stderr.readline(), first.stderr.readline()
    code, _, err = ended(tmp_path, *STREAM)
    _, health, _ = ended(tmp_path, "health", "--universe-size", "5", "--json")
    first.send_signal(signal.SIGTERM)
    _, rest = first.communicate(timeout=_PATIENT_S)
    assert ready == "mtf: streaming candles of 5 symbols, sandbox market of seed 1 (5 contracts); stop with Ctrl-C\n"
    assert said == "mtf: candles now come by stream: connected\n"
    assert code == 3
    (line,) = err.splitlines()
    assert f"another process streams these candles into this database already: process {first.pid} on" in line
    (shown,) = [check for check in json.loads(health)["checks"] if check["name"] == "mtf stream"]
    assert shown["ok"]
    assert f"process {first.pid} on" in shown["detail"]
    assert first.returncode == 0, rest
    _, health, _ = ended(tmp_path, "health", "--universe-size", "5", "--json")
    assert "mtf stream" not in {check["name"] for check in json.loads(health)["checks"]}
