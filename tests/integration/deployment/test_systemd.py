"""The units for machines without containers, read as systemd reads them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtf_entrypoints.settings import read_settings
from tests.integration.deployment.composing import WORKER_DRAINS_S, Listening
from tests.integration.deployment.reading import DEPLOY, command_problem, name_problem, read

UNITS = DEPLOY / "systemd"
SHARED = UNITS / "mtf-.service.d"
STAYING = ("alerts", "serve", "stream", "supervise", "worker")
NEEDED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictSUIDSGID": "yes",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
    "SystemCallFilter": "@system-service",
    "SystemCallErrorNumber": "EPERM",
    "User": "mtf",
    "StateDirectory": "mtf",
}
_ABOUT_PYTHON = ("XDG_DATA_HOME",)
_ANALYZE = shutil.which("systemd-analyze")

Line = tuple[str, str, str]
"""Section, key, value."""


def lines_of(path: Path) -> Iterator[Line]:
    section = ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, f"{path.name}: {line}"
            yield section, key, value


def unit(name: str) -> list[Line]:
    """A unit with what systemd adds to it, in its order."""
    drop_ins = sorted(SHARED.glob("*.conf"))
    return [*lines_of(UNITS / f"mtf-{name}.service"), *(line for path in drop_ins for line in lines_of(path))]


def values(lines: list[Line], key: str) -> list[str]:
    return [value for _, found, value in lines if found == key]


def last(lines: list[Line], key: str) -> str:
    """Of a key that holds one value."""
    return values(lines, key)[-1]


def environment(lines: list[Line]) -> dict[str, str]:
    pairs = (shlex.split(value) for value in values(lines, "Environment"))
    return {name: value for words in pairs for name, _, value in (word.partition("=") for word in words)}


def problems(lines: list[Line]) -> list[str]:
    """What mtf does not know, and credentials that are read and not loaded, or loaded and not read."""
    command = shlex.split(last(lines, "ExecStart")) if values(lines, "ExecStart") else ["/opt/mtf/bin/mtf", "version"]
    found = [] if command[0] == "/opt/mtf/bin/mtf" else [f"{command[0]} is not where mtf is installed"]
    told = environment(lines)
    found += [problem for problem in (command_problem(command[1:]), *map(name_problem, told)) if problem]
    loaded = {value.partition(":")[0] for value in values(lines, "LoadCredential")}
    asked = {value.removeprefix("%d/") for name, value in told.items() if name.endswith("_FILE")}
    found += [f"{name} is read and not loaded" for name in sorted(asked - loaded)]
    return [*found, *(f"{name} is loaded and not read" for name in sorted(loaded - asked))]


@pytest.mark.parametrize("name", [*STAYING, "upgrade"])
def test_a_unit_names_commands_settings_and_credentials_that_are_there(name: str) -> None:
    assert problems(unit(name)) == []


@pytest.mark.parametrize("path", sorted(SHARED.glob("*.example")), ids=lambda path: path.name)
def test_an_example_names_settings_and_credentials_that_are_there(path: Path) -> None:
    assert problems(list(lines_of(path))) == []


def test_what_is_wrong_is_found() -> None:
    lines = [
        ("Service", "ExecStart", "/opt/mtf/bin/mtf supervize"),
        ("Service", "Environment", "MTF_API_TOKN=x REDIS_URL_FILE=%d/redis"),
        ("Service", "LoadCredential", "redis_url:/etc/mtf/credentials/redis_url"),
    ]
    assert problems(lines) == [
        "mtf supervize: no such command",
        "MTF_API_TOKN is no setting of mtf",
        "redis is read and not loaded",
        "redis_url is loaded and not read",
    ]


@pytest.mark.parametrize("name", [*STAYING, "upgrade"])
def test_a_unit_has_no_more_rights_than_it_needs(name: str) -> None:
    lines = unit(name)
    assert {key: value for key, value in NEEDED.items() if value not in values(lines, key)} == {}
    assert not values(lines, "PermissionsStartOnly")


@pytest.mark.parametrize("name", STAYING)
def test_a_process_that_stays_is_started_again_and_ends_in_good_order(name: str) -> None:
    lines = unit(name)
    assert (last(lines, "Type"), last(lines, "Restart"), last(lines, "KillSignal")) == ("exec", "always", "SIGTERM")
    assert last(lines, "StartLimitIntervalSec") == "0"
    assert (last(lines, "WantedBy"), last(lines, "PartOf")) == ("mtf.target", "mtf.target")
    least = {"serve": Listening().time_limit, "worker": WORKER_DRAINS_S}.get(name, 10)
    assert int(last(lines, "TimeoutStopSec")) > least
    compose = read("compose.yaml")["services"][name]
    assert f"{last(lines, 'TimeoutStopSec')}s" == compose["stop_grace_period"]
    assert "mtf-upgrade.service" in values(lines, "After")[0].split()


def test_tables_are_upgraded_once_and_tried_again_where_that_failed() -> None:
    lines = unit("upgrade")
    assert (last(lines, "Type"), last(lines, "Restart"), last(lines, "RemainAfterExit")) == (
        *("oneshot", "on-failure"),
        "yes",
    )
    assert last(lines, "ExecStart") == "/opt/mtf/bin/mtf db upgrade"


def test_there_is_a_unit_for_each_process_of_the_compose_file() -> None:
    composed = {
        name
        for name, service in read("compose.yaml")["services"].items()
        if service.get("image", "").startswith("mtf-orchestrator:")
    }
    assert {path.stem.removeprefix("mtf-") for path in UNITS.glob("mtf-*.service")} == {
        "upgrade" if name == "migrate" else name for name in composed
    }


def test_who_enters_begins_after_who_supervises_and_ends_before() -> None:
    for name in ("serve", "worker"):
        assert "mtf-supervise.service" in values(unit(name), "After")[0].split()


def test_with_its_credentials_a_unit_works_on_the_sandbox_without_real_money(tmp_path: Path) -> None:
    told = {name: value for name, value in environment(unit("supervise")).items() if not name.startswith("PYTHON")}
    for name, content in {"database_url": "postgresql://mtf:x@localhost/mtf", "api_token": "t"}.items():
        (tmp_path / name).write_text(content)
    settings = read_settings(
        environ={name: value.replace("%d", str(tmp_path)) for name, value in told.items()},
        dotenv=tmp_path / "there-is-no.env",
    )
    assert (settings.exchange, settings.live, settings.api_token) == ("sandbox", False, "t")


@pytest.mark.skipif(_ANALYZE is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize(("planted", "told"), [(("", ""), ""), (("ProtectHome=yes", "ProtectHom=yes"), "'ProtectHom'")])
def test_systemd_itself_reads_every_unit(planted: tuple[str, str], told: str, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for path in folder.rglob("*.*"):
        if path.is_file():  # what is to be started need not be installed here
            path.write_text(path.read_text().replace("/opt/mtf/bin/mtf", "/bin/true").replace(*planted))
    names = [*sorted(str(path) for path in folder.glob("mtf*.service")), str(folder / "mtf.target")]
    done = subprocess.run(
        [str(_ANALYZE), "verify", "--man=no", *names],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "mtf" in line]
    assert (done.returncode, ours) == (0, []) if not told else any(told in line for line in ours), done.stderr
