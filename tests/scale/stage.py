"""What a shared run rests on, as real processes of this machine that can be killed: PostgreSQL, Redis, Temporal,
an exchange with a thousand contracts, whoever keeps its candles in the store, a supervisor, and workers.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import define, field

from mtf_adapters.files.config_dir import shipped_config_dir
from mtf_entrypoints.served_sandbox import mtf_command, own_environment, served_sandbox, variables_for
from tests.integration.sql.postgres_server import NoPostgresError, PostgresServer, postgres_server
from tests.redis_server import redis_server

QUEUE, SCHEDULE, PROFILE = "scale", "mtf-run-scale", "scalper_micro"
_PATIENCE_S = 120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


WANTED = {
    **{"top_n": "2000", "mid_n": "2000", "min_age_hours": "0", "min_turnover": "0"},
    **{"time_in_force": "ioc", "max_spread_bps": "50", "spread_guard_bps": "50", "max_concurrent_positions": "40"},
    **{"zone_max_deviation_pct": "0.5", "max_deviation_pct": "0.05", "implausible_pct": "0.05"},
    **{"w_min": "0.04", "w_max": "0.05", "daily_max_loss_usdt": "10000", "daily_max_loss_percent": "50"},
}
"""Every contract is looked at; entries take at once, for where a stop arms late, as here, no other one may leave; and
they are let through far from the anchor, so that minutes end in orders."""


def config_of_all(folder: Path) -> Path:
    """The shipped configuration with what is wanted."""
    shutil.copytree(shipped_config_dir(), folder)
    for path in (folder / "app").iterdir():
        if not path.name.startswith(("mtf_contracts", "trade_entry")):
            continue
        lines = path.read_text("utf-8").splitlines()
        path.write_text("\n".join(map(_as_wanted, lines)) + "\n", "utf-8")
    return folder


def _as_wanted(line: str) -> str:
    key = line.strip().partition(":")[0]
    return f"{line[: line.index(key)]}{key}: {WANTED[key]}" if key in WANTED else line


@define(eq=False)
class TemporalServer:
    """A dev server that keeps its state in a file, so that it goes on where it was killed."""

    folder: Path
    port: int = field(factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        words = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.port)]
        words += ["--log-level", "error", "--db-filename", str(self.folder / "temporal.sqlite")]
        words += ["--metrics-port", str(free_port())]
        log = (self.folder / "temporal.log").open("ab")
        command = [str(Path(sys.executable).parent / "temporal"), *words]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        log.close()
        end_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end_s:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.1)
        raise RuntimeError(f"no Temporal server: {(self.folder / 'temporal.log').read_text()[-2000:]}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)


@define(eq=False)
class Member:
    """A process of mtf that is started again when it was killed."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    lives: int = 0

    def start(self) -> None:
        self.lives += 1
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(mtf_command(*self.words), env=self.environment, stdout=out, stderr=out)

    def is_ready(self) -> bool:
        return self.log.read_bytes().count(b"ready") >= self.lives

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=40)
            self.process.kill()


@define(eq=False)
class Stage:
    """Everything that runs."""

    folder: Path
    postgres: PostgresServer
    temporal: TemporalServer
    exchange: Mapping[str, str]
    environment: Mapping[str, str]
    members: dict[str, Member] = field(factory=dict)

    def add(self, name: str, *words: str) -> Member:
        member = Member(name, words, self.environment, self.folder / f"{name}.log")
        member.log.touch()
        self.members[name] = member
        return member

    def crash_postgres(self) -> None:
        """Every connection breaks, and what was not committed is gone."""
        self.postgres._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.postgres._data), "stop")

    def start_postgres(self) -> None:
        for _ in range(5):
            with suppress(NoPostgresError):
                self.postgres.start()
                return
            time.sleep(1)
        self.postgres.start()

    def control(self, name: str) -> Any:
        """What the exchange itself says."""
        with urllib.request.urlopen(f"{self.exchange['control']}/{name}", timeout=60) as answer:
            return json.loads(answer.read())


@contextmanager
def stage(folder: Path, symbols: int) -> Iterator[Stage]:
    """Servers and exchange; nothing of mtf runs yet."""
    with ExitStack() as closing:
        postgres = closing.enter_context(postgres_server())
        redis = closing.enter_context(redis_server(folder))
        temporal = TemporalServer(folder)
        temporal.start()
        closing.callback(temporal.kill)
        options = ("--universe-size", str(symbols), "--balance", "100000")
        exchange = closing.enter_context(served_sandbox(*options))
        environment = {
            **own_environment(),
            **variables_for(exchange),
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": f"unix://{redis}",
            "TEMPORAL_ADDRESS": temporal.address,
            "TASK_QUEUE_NAME": QUEUE,
            "MTF_CONFIG_DIR": str(config_of_all(folder / "config")),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        there = Stage(folder, postgres, temporal, exchange, environment)
        try:
            yield there
        finally:
            for member in there.members.values():
                member.stop()
            with suppress(NoPostgresError):
                postgres.start()
