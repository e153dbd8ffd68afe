"""Stdout as it may be: of an old encoding, closed, or read by someone who stops early."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from mtf_entrypoints.cli.main import run

RUN = ("run", "--universe-size", "12", "--database", "memory", "--at", "2026-02-01T13:00Z", "--profile", "regular")
PLAN = ("plan", "BTCUSDT", "--side", "long", "--tf", "15m", *RUN[1:])


def mtf(*words: str, encoding: str = "utf-8", redirect: str = "") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mtf_entrypoints.cli.main", *words]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    if redirect:
        line = " ".join(command) + redirect
        return subprocess.run(["bash", "-c", line], env=environment, capture_output=True, check=False)
    return subprocess.run(command, env=environment, capture_output=True, check=False)


def written(words: tuple[str, ...], encoding: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command writes to a stdout of that encoding."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run(words) == 0
    return stream.buffer.getvalue().decode(encoding)


def plain(text: str) -> bool:
    return bool(text.strip()) and "?" not in text


def test_a_process_with_an_old_encoding_shows_its_numbers_with_plain_signs() -> None:
    ended = mtf(*RUN, encoding="ascii")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert plain(ended.stdout.decode("ascii"))


@pytest.mark.parametrize(
    ("words", "encoding"), [(PLAN, "cp1252"), (("conditions", "list"), "cp437"), (PLAN, "latin-1")]
)
def test_any_encoding_shows_the_same_numbers_with_plain_signs(
    words: tuple[str, ...], encoding: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plain(written(words, encoding, monkeypatch))
    assert capsys.readouterr().err == ""


def test_json_is_the_same_document_in_any_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("conditions", "list", "--json")
    documents = [json.loads(written(words, encoding, monkeypatch)) for encoding in ("ascii", "utf-8")]
    assert documents[0] == documents[1]
    assert any("≥" in condition["summary"] for condition in documents[0])


def test_a_reader_who_stops_early_gets_no_complaint_and_the_code_of_a_closed_pipe() -> None:
    ended = mtf("conditions", "list", redirect=" | head -1; echo ${PIPESTATUS[0]}")
    assert ended.stderr == b""
    assert ended.stdout.decode().split()[-1] in ("0", "141"), "141 unless all was written before the reader went"


def test_a_closed_stdout_is_no_error() -> None:
    ended = mtf("conditions", "list", redirect=" >&-")
    assert (ended.returncode, ended.stderr) == (0, b"")
