"""`mtf switch`, `kill`, `unkill`, `locks`, `audit` and `cleanup`: what an operator does by hand, each audited."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, EXCHANGE, SANDBOX, STORE, AsJson, World, takes

switch = typer.Typer(
    help="What may be entered: everything, a symbol, or a symbol on one timeframe.", no_args_is_help=True
)
locks = typer.Typer(help="Who works on what: runs and symbols, one at a time.", no_args_is_help=True)

_WORLD = (STORE, EXCHANGE, SANDBOX)
Key = Annotated[str, typer.Argument(help="global, a symbol like BTCUSDT, or BTCUSDT:5m.")]
Reason = Annotated[str | None, typer.Option(help="Kept with the switch and in the audit trail.", show_default=False)]


@switch.command("on")
@takes(*_WORLD)
def switch_on(world: World, key: Key, reason: Reason = None, as_json: AsJson = False) -> None:
    """Allow entries again.

    Example:

      mtf switch on BTCUSDT
    """
    actions.operators.switch_on(world, key, reason, as_json)


@switch.command("off")
@takes(*_WORLD)
def switch_off(
    world: World,
    key: Key,
    minutes: Annotated[
        int | None, typer.Option(help="How long; without it until it is switched on again.", show_default=False)
    ] = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """No entries, for some minutes or until further notice; open positions are not touched.

    Examples:

      mtf switch off BTCUSDT --minutes 30 --reason "news at 14:30"

      mtf switch off BTCUSDT:1m
    """
    actions.operators.switch_off(world, key, minutes, reason, as_json)


@switch.command("queue")
@takes(*_WORLD)
def switch_queue(
    world: World, symbol: Annotated[str, typer.Argument(help="Like BTCUSDT.")], as_json: AsJson = False
) -> None:
    """Put a symbol into the next run that chooses its symbols, whatever the universe says, once.

    Example:

      mtf switch queue BTCUSDT
    """
    actions.operators.queue(world, symbol, as_json)


@switch.command("list")
@takes(*_WORLD)
def switch_list(world: World, as_json: AsJson = False) -> None:
    """Every switch that was ever thrown, and the symbols that wait for the next run.

    Example:

      mtf switch list
    """
    actions.operators.list_switches(world, as_json)


@takes(*_WORLD)
def kill(world: World, reason: Reason = None, as_json: AsJson = False) -> None:
    """The kill switch: no new entries from any process on this exchange. Supervision of open orders goes on.

    Example:

      mtf kill --reason "exchange behaves oddly"
    """
    actions.operators.kill(world, reason, as_json)


@takes(*_WORLD)
def unkill(world: World, reason: Reason = None, as_json: AsJson = False) -> None:
    """Entries are allowed again.

    Example:

      mtf unkill
    """
    actions.operators.unkill(world, reason, as_json)


@locks.command("list")
@takes(*_WORLD)
def locks_list(world: World, as_json: AsJson = False) -> None:
    """Every lock that is held: who holds it, and until when.

    Example:

      mtf locks list
    """
    actions.operators.list_locks(world, as_json)


@locks.command("release")
@takes(*_WORLD)
def locks_release(
    world: World,
    name: Annotated[str, typer.Argument(help="As `mtf locks list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Take a lock from its owner, who can then store nothing more under it. Locks of the dead expire by themselves.

    Example:

      mtf locks release run:sandbox-seed-1-300:scalper
    """
    actions.operators.release_lock(world, name, as_json)


@takes(*_WORLD)
def audit(
    world: World,
    action: Annotated[
        str | None, typer.Option(help="Only events of this kind, like switch_off.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 30,
    cursor: Annotated[
        str | None, typer.Option(help="Where the page before ended; --json gives it.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What changed state, and what operators did: when, who, what.

    Example:

      mtf audit --action switch_off
    """
    actions.operators.audit(world, action, limit, cursor, as_json)


@takes(*_WORLD, CONFIG_DIR)
def cleanup(
    world: World,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--no-dry-run", help="Only count; --no-dry-run deletes.", show_default=True)
    ] = True,
    candles_per_series: Annotated[
        int | None, typer.Option(min=1, help="Keep so many candles of each series, whatever trading.yaml says.")
    ] = None,
    runs_days: Annotated[int | None, typer.Option(help="Keep runs, and what belongs to them, of so many days.")] = None,
    runs_most: Annotated[int | None, typer.Option(help="Keep so many runs, the newest.")] = None,
    audit_days: Annotated[int | None, typer.Option(help="Keep audit events of so many days.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete what the retention of trading.yaml does not keep: old candles, runs and audit events. Counts first.

    Never below the floors: candles stay as far back as the warm-up of the enabled profiles, and verifying the runs that
    stay, need them; the newest 100 runs and events stay whatever their age. A number below a floor is refused with the
    floor. Orders, trades, days of risk and switches are never deleted.

    Examples:

      mtf cleanup

      mtf cleanup --candles-per-series 20000 --runs-days 3

      mtf cleanup --no-dry-run
    """
    asked = (candles_per_series, runs_days, runs_most, audit_days)
    actions.operators.cleanup(world, dry_run, asked, as_json)
