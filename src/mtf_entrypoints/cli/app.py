"""The command line's tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli.commands import (
    account,
    alerts,
    archive,
    by_hand,
    conditions,
    config,
    contracts,
    inquire,
    inspect,
    klines,
    operate,
    operators,
    risk,
    stats,
    temporal,
    venues,
)
from mtf_entrypoints.cli.commands.compare import compare
from mtf_entrypoints.cli.commands.execute import execute
from mtf_entrypoints.cli.commands.replay import replay
from mtf_entrypoints.cli.commands.run import run
from mtf_entrypoints.cli.commands.search import search
from mtf_entrypoints.cli.commands.stream import stream
from mtf_entrypoints.cli.commands.supervise import recover, supervise
from mtf_entrypoints.cli.exits import DONE
from mtf_entrypoints.cli.request_options import FlagsWithValues

app = typer.Typer(
    name="mtf",
    help="Multi-timeframe trading orchestrator: decide by rules, with reasons, and plan complete orders.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a guard, 141 output no longer read (| head).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich truncates long option names, and takes 60 ms to import
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)

app.command(cls=FlagsWithValues)(run)
app.command()(replay)
app.command()(search)
app.add_typer(contracts.app, name="contracts")
app.add_typer(klines.app, name="klines")
app.add_typer(archive.app, name="archive")
app.command()(stream)
app.command()(supervise)
app.command()(recover)
app.command()(inspect.features)
app.command()(inspect.indicators)
app.add_typer(conditions.app, name="conditions")
app.command()(inspect.plan)
app.command()(inquire.why)
app.command()(inquire.funnel)
app.command()(inquire.verify)
app.command()(compare)
app.command()(inquire.export)
app.add_typer(stats.app, name="stats")
app.command()(account.positions)
app.command()(account.orders)
app.command()(account.trades)
app.command()(account.story)
app.command()(account.alarms)
app.add_typer(alerts.app, name="alerts")
app.add_typer(by_hand.position, name="position")
app.command()(by_hand.protect)
app.command()(execute)
app.add_typer(by_hand.targets, name="targets")
app.add_typer(config.app, name="config")
app.add_typer(venues.app, name="venues")
app.add_typer(operate.sandbox, name="sandbox")
app.add_typer(operate.db, name="db")
app.add_typer(operators.switch, name="switch")
app.command()(operators.kill)
app.command()(operators.unkill)
app.add_typer(risk.app, name="risk")
app.add_typer(operators.locks, name="locks")
app.command()(operators.audit)
app.command(cls=FlagsWithValues)(operators.cleanup)
app.command()(operate.health)
app.command()(operate.alive)
app.command()(operate.serve)
app.command()(temporal.worker)
app.add_typer(temporal.schedules, name="schedules")
app.command()(operate.version)


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere on the line.")
    ] = False,
) -> None:
    """`main` takes --debug off the line before the commands see it; here it is declared for the help."""


root.__doc__ = None  # the text above is for readers of the code


def perform(line: list[str]) -> int:
    """Runs a command line; returns its exit code. Raises whatever its command raises, `KeyboardInterrupt` on Ctrl-C."""
    try:
        result = app(line, prog_name="mtf", standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    return result if isinstance(result, int) else DONE
