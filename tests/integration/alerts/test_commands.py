"""`mtf alerts` as programs: a supervisor that is killed calls for help on both ways, and what else the commands say."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from mtf_entrypoints.served_sandbox import mtf_command, own_environment, served_sandbox, variables_for
from tests.integration.alerts.listening import Listener, mailbox, until
from tests.integration.cli.conftest import Mtf, mtf

__all__ = ["mtf"]

CONFIG = Path(__file__).parents[3] / "config"
_PATIENT_S = 90
"""What the outside may wait for at most."""


@contextmanager
def running(folder: Path, environment: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own until the block ends, however that is; what it says goes to files."""
    name = "-".join(words)
    with (folder / f"{name}.out").open("ab") as out, (folder / f"{name}.err").open("ab") as err:
        process = subprocess.Popen(mtf_command(*words), cwd=folder, env=environment, stdout=out, stderr=err)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def told(listener: Listener) -> list[tuple[str, str]]:
    return [(one.body["alert"], one.body["phase"]) for one in listener.of("/hook")]


def test_a_supervisor_that_is_killed_is_told_outside_and_the_outside_service_is_no_longer_called(
    listener: Listener, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    alerts = config / "app" / "alerts.yaml"
    alerts.write_text(alerts.read_text().replace("ping_sec: 20", "ping_sec: 1").replace("look_sec: 5", "look_sec: 1"))
    with served_sandbox("--universe-size", "12") as ready:
        environment = {
            **own_environment(),
            **variables_for(ready),
            "DATABASE_URL": f"sqlite:///{tmp_path / 'mtf.db'}",
            "XDG_DATA_HOME": str(tmp_path),
            "MTF_CONFIG_DIR": str(config),
            "MTF_ALERT_WEBHOOK_URL": f"{listener.base_url}/hook",
            "MTF_ALERT_PING_URL": f"{listener.base_url}/ping",
        }
        with running(tmp_path, environment, "alerts", "watch"):
            with running(tmp_path, environment, "supervise") as supervisor:
                until(lambda: len(listener.of("/ping")) >= 2, 2 * _PATIENT_S)
                assert told(listener) == []
                supervisor.kill()
                until(lambda: told(listener), _PATIENT_S)
            assert told(listener) == [("supervisor_missing", "began")]
            assert "Start `mtf supervise`" in listener.of("/hook")[0].body["what_to_do"]
            time.sleep(2)  # a call may have been on its way
            called = len(listener.of("/ping"))
            time.sleep(5)
            assert len(listener.of("/ping")) == called
            with running(tmp_path, environment, "supervise"):
                until(lambda: len(told(listener)) == 2, 2 * _PATIENT_S)
                until(lambda: len(listener.of("/ping")) > called, 2 * _PATIENT_S)
        assert told(listener)[1] == ("supervisor_missing", "ended")
    assert (tmp_path / "alerts-watch.err").read_text().rstrip().endswith("unless another process watches")


WATCH = ("alerts", "watch", "--universe-size", "5")


def test_who_watches_has_to_know_whom_to_tell(mtf: Mtf) -> None:
    refused = mtf(*WATCH)
    assert refused.code == 2
    assert "nobody would be told: set MTF_ALERT_WEBHOOK_URL" in refused.err


def test_a_test_tells_each_receiver_and_shows_what_came_of_each(
    mtf: Mtf, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener.answers.append((403, {"ok": False, "description": "bot was blocked by the user"}))
    monkeypatch.setenv("MTF_ALERT_TELEGRAM_TOKEN", "123:secret")
    monkeypatch.setenv("MTF_ALERT_TELEGRAM_CHAT", "42")
    monkeypatch.setenv("MTF_ALERT_TELEGRAM_URL", listener.base_url)
    monkeypatch.setenv("MTF_ALERT_EMAIL_FROM", "mtf@example.org")
    monkeypatch.setenv("MTF_ALERT_EMAIL_TO", "anna@example.org, ben@example.org")
    with mailbox() as box:
        monkeypatch.setenv("MTF_ALERT_SMTP_URL", f"smtp+plain://127.0.0.1:{box.port}")
        done = mtf("alerts", "test")
        again = mtf("alerts", "test", "--json")
    assert done.code == 1
    assert done.out.splitlines() == [
        "telegram: NOT TOLD: it answered 403: bot was blocked by the user",
        "email: told",
    ]
    assert again.code == 0
    assert again.json == {"receivers": [{"name": name, "told": True, "why": None} for name in ("telegram", "email")]}
    (_, recipients, mail), _ = box.mails
    assert (recipients, mail["Subject"]) == (("anna@example.org", "ben@example.org"), "mtf: test (test)")
    assert all(one.path == "/bot123:secret/sendMessage" for one in listener.heard)
    assert "secret" not in done.out + done.err + again.out + again.err


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"MTF_ALERT_TELEGRAM_TOKEN": "s3cret"}, "MTF_ALERT_TELEGRAM_CHAT is missing"),
        ({"MTF_ALERT_SMTP_URL": "smtp://u:s3cret@h"}, "MTF_ALERT_EMAIL_FROM and MTF_ALERT_EMAIL_TO is missing"),
        ({"MTF_ALERT_WEBHOOK_URL": "s3cret"}, "MTF_ALERT_WEBHOOK_URL: this is no address"),
        (
            {"MTF_ALERT_WEBHOOK_URL": "http://h/x", "MTF_ALERT_PING_URL": "ftp://h/s3cret"},
            "MTF_ALERT_PING_URL: this is",
        ),
        (
            {
                "MTF_ALERT_SMTP_URL": "smtp+plain://u:s3cret@mail.example.org",
                "MTF_ALERT_EMAIL_FROM": "a@b",
                "MTF_ALERT_EMAIL_TO": "a@b",
            },
            "a password leaves this machine only encrypted",
        ),
        (
            {"MTF_ALERT_SMTP_URL": "s3cret", "MTF_ALERT_EMAIL_FROM": "a@b", "MTF_ALERT_EMAIL_TO": "a@b"},
            "this is no mail server",
        ),
    ],
)
def test_what_is_wrong_with_a_receiver_is_told_without_its_secret(
    mtf: Mtf, variables: Mapping[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    refused = mtf(*WATCH)
    assert refused.code == 2
    assert said in refused.err
    assert "s3cret" not in refused.err


def test_a_list_shows_what_stands_and_who_was_told_and_whether_somebody_watches(
    listener: Listener, tmp_path: Path
) -> None:
    environment = {
        **own_environment(),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'mtf.db'}",
        "XDG_DATA_HOME": str(tmp_path),
        "MTF_ALERT_WEBHOOK_URL": f"{listener.base_url}/hook",
    }

    def ended(*words: str) -> tuple[int, str, str]:
        line = mtf_command(*words, "--universe-size", "5")
        done = subprocess.run(
            line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert "nobody watches: start `mtf alerts watch`" in ended("alerts", "list")[1]
    ended("kill", "--reason", "odd prices")
    with running(tmp_path, environment, *WATCH):
        until(lambda: told(listener) == [("kill_switch_on", "began")])
        until(lambda: json.loads(ended("alerts", "list", "--json")[1])["alerts"][0]["told"] == ["webhook"])
        shown = json.loads(ended("alerts", "list", "--json")[1])
        assert shown["watched"] is True
        assert [one["alert"] for one in shown["alerts"]] == ["kill_switch_on"]
        assert "`mtf unkill` ends it" in ended("alerts", "list")[1]
        code, _, err = ended("alerts", "watch")
        assert (code, "another process watches this database for the same receivers already" in err) == (3, True)
        ended("unkill")
        until(lambda: told(listener) == [("kill_switch_on", "began"), ("kill_switch_on", "ended")])
        until(lambda: ended("alerts", "list")[1] == "nothing calls for help\n")
