"""Stdout as it may be: of an old encoding, closed, or read by someone who stops early."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

RUN = ("run", "--universe-size", "12", "--database", "memory", "--at", "2026-02-01T13:00Z", "--profile", "regular")
PLAN = ("plan", "BTCUSDT", "--side", "long", "--tf", "15m", *RUN[1:])


def mtf(*words: str, encoding: str = "utf-8", redirect: str = "") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mtf_entrypoints.cli.main", *words]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    if redirect:
        line = " ".join(command) + redirect
        return subprocess.run(["bash", "-c", line], env=environment, capture_output=True, check=False)
    return subprocess.run(command, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("words", "encoding"), [(RUN, "ascii"), (PLAN, "cp1252"), (("conditions", "list"), "cp437"), (PLAN, "latin-1")]
)
def test_any_encoding_shows_the_same_numbers_with_plain_signs(words: tuple[str, ...], encoding: str) -> None:
    ended = mtf(*words, encoding=encoding)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == b""
    text = ended.stdout.decode(encoding)
    assert "?" not in text
    assert text.strip()


def test_json_is_the_same_document_in_any_encoding() -> None:
    documents = [json.loads(mtf("conditions", "list", "--json", encoding=one).stdout) for one in ("ascii", "utf-8")]
    assert documents[0] == documents[1]
    assert any("≥" in condition["summary"] for condition in documents[0])


def test_a_reader_who_stops_early_gets_no_complaint_and_the_code_of_a_closed_pipe() -> None:
    ended = mtf("conditions", "list", redirect=" | head -1; echo ${PIPESTATUS[0]}")
    assert ended.stderr == b""
    assert ended.stdout.decode().split()[-1] in ("0", "141"), "141 unless all was written before the reader went"


def test_a_closed_stdout_is_no_error() -> None:
    ended = mtf("conditions", "list", redirect=" >&-")
    assert (ended.returncode, ended.stderr) == (0, b"")
