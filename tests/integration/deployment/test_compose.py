"""The compose files, checked without an engine: by the specification's schema, and by what mtf itself knows."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mtf_entrypoints.secret_files import FILES
from mtf_entrypoints.settings import Settings, read_settings
from tests.integration.deployment.composing import of_ours, problems
from tests.integration.deployment.reading import DEPLOY, OF_THE_IMAGE, interpolated, read

COMPOSE = "compose.yaml"
ACCOUNTS = {
    "bitmart": ("bitmart_api_key", "bitmart_secret_key", "bitmart_api_memo"),
    "okx": ("okx_api_key", "okx_secret_key", "okx_passphrase"),
}
"""Exchanges with a file of their own, and the secrets of their keys."""
FILES_OF_ACCOUNTS = [f"compose.{exchange}.yaml" for exchange in ACCOUNTS]
BY_HAND = {"alert_webhook_url"}
"""Secrets that only their owner knows; the others are drawn by chance."""
CHECK = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")


@pytest.mark.parametrize("name", [COMPOSE, *FILES_OF_ACCOUNTS])
def test_it_is_as_the_compose_specification_says(name: str) -> None:
    """Its schema comes with check-jsonschema (Apache License 2.0, as the specification's own)."""
    done = subprocess.run([*CHECK, DEPLOY / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_schema_notices_a_key_that_is_none(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text((DEPLOY / COMPOSE).read_text().replace("stop_grace_period: 150s", "stop_grace: 150s"))
    assert subprocess.run([*CHECK, wrong], capture_output=True, check=False).returncode == 1


def test_whoever_waits_mounts_asks_and_runs_there_finds_what_it_names() -> None:
    assert problems(read(COMPOSE)) == []


@pytest.mark.parametrize("second", FILES_OF_ACCOUNTS)
def test_what_the_second_file_adds_is_known_to_mtf_and_to_the_first_one(second: str) -> None:
    added, base = read(second), read(COMPOSE)
    for name, service in added["services"].items():
        assert set(service) == {"environment", "secrets"}
        assert of_ours(service) == []
        assert base["services"][name]["image"].startswith("mtf-orchestrator:")
    assert {secret for one in added["services"].values() for secret in one["secrets"]} == set(added["secrets"])


Change = Callable[[dict[str, Any]], object]
PLANTED: Mapping[str, tuple[Change, str]] = {
    "an image without a version": (
        lambda services: services["redis"].update(image="redis:latest"),
        "redis: its image 'redis:latest' is not pinned by a tag with a version",
    ),
    "a command that is none": (
        lambda services: services["supervise"].update(command=["supervize"]),
        "supervise: mtf supervize: no such command",
    ),
    "an option that is none": (
        lambda services: services["serve"].update(command=["serve", "--hosts", "0.0.0.0"]),
        "serve: mtf serve --hosts 0.0.0.0: No such option: --hosts",
    ),
    "a health check of a process that is none": (
        lambda services: services["stream"]["healthcheck"].update(test=["CMD", "mtf", "alive", "streams"]),
        "stream: mtf alive streams: ",
    ),
    "no health check": (lambda services: services["worker"].pop("healthcheck"), "worker: nobody asks how it is"),
    "a setting that is none": (
        lambda services: services["serve"].update(environment={"MTF_API_TOKN_FILE": "/run/secrets/api_token"}),
        "serve: MTF_API_TOKN_FILE is no setting of mtf",
    ),
    "a variable that is no setting": (
        lambda services: services["serve"]["environment"].update(MTF_PROFILE="${MTF_PROFLE:-}"),
        "MTF_PROFLE is no setting of mtf",
    ),
    "a secret that was not given": (
        lambda services: services["stream"].update(secrets=["database_url", "redis_url"]),
        "stream: reads /run/secrets/api_token, which it is not given",
    ),
    "a secret that nobody declared": (
        lambda services: services["redis"].update(secrets=["redis_config"]),
        "redis: the secret redis_config is not declared",
    ),
    "a file that is not there": (
        lambda services: services["serve"].update(volumes=["./nothing:/etc/mtf:ro"]),
        "serve: ./nothing is not there",
    ),
    "a folder of ours that may be written": (
        lambda services: services["serve"].update(volumes=["../config:/etc/mtf"]),
        "serve: ../config may be written",
    ),
    "a volume that nobody declared": (
        lambda services: services["redis"].update(volumes=["cache:/data"]),
        "redis: the volume cache is not declared",
    ),
    "a root file system that may be written": (
        lambda services: services["serve"].update(read_only=False),
        "serve: read_only is not True",
    ),
    "rights that nobody needs": (
        lambda services: services["postgres"].pop("cap_drop"),
        "postgres: cap_drop is not ['ALL']",
    ),
    "a user who may do everything": (
        lambda services: services["postgres"].update(user="0:0"),
        "postgres: it runs as root",
    ),
    "a port that everybody reaches": (
        lambda services: services["serve"].update(ports=["8080:8080"]),
        "serve: 8080:8080 can be reached from other machines",
    ),
    "a service that is killed too early": (
        lambda services: services["serve"].update(stop_grace_period="120s"),
        "serve: it is killed 120s after it is told to stop; it may need 120 s",
    ),
    "somebody who waits for nobody": (
        lambda services: services["serve"].update(depends_on={"db": {"condition": "service_healthy"}}),
        "serve: it waits for db, which is not there",
    ),
    "somebody who waits for the health of what ends": (
        lambda services: services["serve"].update(depends_on={"migrate": {"condition": "service_healthy"}}),
        "serve: it waits for the health of migrate, which nobody asks for",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_that_is_planted_is_found(name: str) -> None:
    change, told = PLANTED[name]
    document = copy.deepcopy(read(COMPOSE))
    change(document["services"])
    assert [problem for problem in problems(document) if problem.startswith(told)], problems(document)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", folder], check=True, capture_output=True)
    return folder


def test_secrets_are_drawn_once_and_only_their_owner_gets_to_them(secrets: Path) -> None:
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    assert set(made) == set(read(COMPOSE)["secrets"]) - BY_HAND
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}
    assert len(made["postgres_password"]) == len(made["api_token"]) == 48
    assert made["database_url"] == f"postgresql://mtf:{made['postgres_password']}@postgres:5432/mtf\n"
    assert made["redis_url"] == f"redis://:{made['redis_conf'].split()[1]}@redis:6379/0\n"
    assert len({*made.values()}) == len(made)
    again = subprocess.run([DEPLOY / "make-secrets.sh", secrets], check=True, capture_output=True, text=True)
    assert again.stdout.count("kept") == len(made)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == made


def as_started(name: str, secrets: Path, *files: str) -> Settings:
    """The settings of a service where nothing is set around it."""
    environ: dict[str, str] = {}
    for file in files:
        for variable, value in read(file)["services"][name]["environment"].items():
            assert variable not in OF_THE_IMAGE
            environ[variable] = interpolated(str(value)).replace("/run/secrets", str(secrets))
    return read_settings(environ=environ, dotenv=secrets / "there-is-no.env")


@pytest.mark.parametrize("name", ["migrate", "serve", "supervise", "stream", "worker"])
def test_where_nothing_is_set_it_works_on_the_sandbox_without_real_money(name: str, secrets: Path) -> None:
    settings = as_started(name, secrets, COMPOSE)
    assert (settings.exchange, settings.live, settings.environment) == ("sandbox", False, None)
    assert settings.database_url == (secrets / "database_url").read_text().strip()
    assert settings.api_token == (secrets / "api_token").read_text()


@pytest.mark.parametrize("exchange", ACCOUNTS)
def test_another_exchange_alone_is_no_real_money_either(exchange: str, secrets: Path) -> None:
    for name in ACCOUNTS[exchange]:
        (secrets / name).write_text(f"{name}\n")
    settings = as_started("supervise", secrets, COMPOSE, f"compose.{exchange}.yaml")
    assert (settings.exchange, settings.live, settings.environment) == (exchange, False, "demo")
    assert getattr(settings, exchange).secrets == ACCOUNTS[exchange]


def test_every_file_of_a_secret_is_one_that_mtf_reads() -> None:
    named = {
        name
        for file in (COMPOSE, *FILES_OF_ACCOUNTS)
        for service in read(file)["services"].values()
        for name in service.get("environment", {})
        if name.endswith("_FILE") and not name.startswith(("POSTGRES_", "GF_"))
    }
    assert named <= set(FILES)


@pytest.mark.skipif(
    subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0
    if shutil.which("docker")
    else True,
    reason="docker compose is not on this machine",
)
@pytest.mark.parametrize("second", FILES_OF_ACCOUNTS)
def test_docker_compose_reads_both_files(second: str) -> None:
    words = ["docker", "compose", "--profile", "*", "-f", DEPLOY / COMPOSE, "-f", DEPLOY / second, "config", "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
