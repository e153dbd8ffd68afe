"""`mtf sandbox`, `mtf db`, `mtf serve`, `mtf health`, `mtf alive` and `mtf version`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import (
    AT,
    BALANCE,
    CONFIG_DIR,
    GENERATED,
    MARKET,
    PROFILE,
    SANDBOX,
    STORE,
    AsJson,
    World,
    takes,
)


class Stays(StrEnum):
    """Processes that stay; as the core's `ProcessKind`, which no help text may wait for."""

    SERVE = "serve"
    SUPERVISE = "supervise"
    STREAM = "stream"
    WORKER = "worker"
    ALERTS = "alerts"


sandbox = typer.Typer(help="The local exchange.", no_args_is_help=True)
db = typer.Typer(help="The database.", no_args_is_help=True)


@sandbox.command()
@takes(SANDBOX, AT)
def market(
    world: World,
    limit: Annotated[int, typer.Option(min=1, help="Symbols of the largest turnover.")] = 30,
    as_json: AsJson = False,
) -> None:
    """The sandbox's market at an instant: price, change, turnover, spread, regime.

    Example:

      mtf sandbox market --seed 7 --at 2026-01-31T14:00Z
    """
    actions.sandbox.market(world, limit, as_json)


@sandbox.command(name="serve")
@takes(SANDBOX, AT, BALANCE)
def serve_face(
    world: World,
    face: Annotated[str, typer.Option(help="Whose words it speaks: bitmart or okx.")] = "bitmart",
    speed: Annotated[
        str, typer.Option(help="How fast time flows: 1 as it does, 60 a minute a second; step: only when told to.")
    ] = "1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    faults: Annotated[
        Path | None,
        typer.Option(help="File of quirks and faults, YAML or JSON.", show_default=False),
    ] = None,
) -> None:
    """An exchange to trade on, in the words of a real one, on this machine only. One line of JSON says where it is.

    Without --at its clock is this machine's, as foreign clients sign by theirs.

    Examples:

      mtf sandbox serve

      mtf sandbox serve --at 2026-01-31T14:00Z --speed 60 --faults faults.yaml
    """
    actions.sandbox_serve.perform(world, actions.sandbox_serve.Serving(face, speed, port, faults))


@sandbox.command()
@takes(PROFILE, STORE, GENERATED, AT, BALANCE, CONFIG_DIR)
def session(
    world: World,
    minutes: Annotated[int, typer.Option(min=1, max=10_000, help="Runs, one a minute of the sandbox's time.")] = 120,
    until_flat: Annotated[
        int,
        typer.Option(min=0, max=10_000, help="Minutes in which, after the last run, positions may still end."),
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Trade some hours of the sandbox in some seconds: run, enter, supervise, exit, and show what came of it.

    Every minute has its run, which really places, and the supervisor looks as often as it is due. The same seed gives
    the same session. Without --database everything is kept in memory.

    Examples:

      mtf sandbox session

      mtf sandbox session --minutes 30 --universe-size 40 --seed 7

      mtf sandbox session --profile scalper --at 2026-01-31T14:00Z --json
    """
    actions.sandbox_session.perform(world, minutes, until_flat, as_json)


@db.command()
@takes(STORE)
def upgrade(
    world: World,
    beside_others: Annotated[
        bool, typer.Option("--beside-others", help="Also where another program keeps its tables.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the tables to what this version needs; does nothing when they are there.

    A database that holds another program's tables is refused.

    Example:

      mtf db upgrade --database postgresql://mtf@localhost/mtf
    """
    actions.database.upgrade(world, beside_others, as_json)


@db.command()
@takes(STORE)
def backup(
    world: World,
    file: Annotated[Path, typer.Argument(help="The new file.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Copy an SQLite database into a new file, as it is at one moment, while others go on writing.

    PostgreSQL has pg_dump for this. What to do with a back-up that is older than orders at the exchange is in
    docs/operate.md.

    Example:

      mtf db backup mtf-before-upgrade.db
    """
    actions.database.backup(world, file, as_json)


@takes(PROFILE, MARKET, CONFIG_DIR)
def health(world: World, as_json: AsJson = False) -> None:
    """Check each dependency, one by one. Exit code 1 if one fails.

    Example:

      mtf health
    """
    actions.health.perform(world, as_json)


@takes(STORE)
def alive(
    world: World,
    process: Annotated[Stays, typer.Argument(help="The command that started it.")],
) -> None:
    """Whether a process of this machine that stays was heard of lately. Exit code 1 if not.

    It reads the database alone, asks no exchange and is quick: for health checks of containers and service managers.

    Example:

      mtf alive supervise
    """
    actions.alive.perform(world, process.value)


@takes(PROFILE, MARKET, BALANCE, CONFIG_DIR)
def serve(
    world: World,
    host: Annotated[str, typer.Option(help="Address to listen on; beyond loopback MTF_API_TOKEN is needed.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8080,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", help="A further name under which clients may ask; may be repeated.", show_default=False
        ),
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0.001, help="Seconds after which a request ends with 504.")] = 120.0,
    supervise: Annotated[
        bool, typer.Option("--supervise", help="Supervise the account as well; no entry leaves without a supervisor.")
    ] = False,
) -> None:
    """The HTTP service; its interactive docs are at /docs.

    Examples:

      mtf serve

      MTF_API_TOKEN=… mtf serve --host 0.0.0.0 --port 8080
    """
    listening = actions.serve.Listening(host, port, tuple(allow_host or ()), time_limit)
    actions.serve.perform(world, listening, supervise=supervise)


def version(as_json: AsJson = False) -> None:
    """The version of mtf.

    Example:

      mtf version
    """
    actions.version.perform(as_json)
