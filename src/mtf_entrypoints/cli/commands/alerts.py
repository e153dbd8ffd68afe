"""`mtf alerts watch|list|test`."""

from __future__ import annotations

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, EXCHANGE, MARKET, METRICS, PROFILE, AsJson, World, takes

app = typer.Typer(help="Who is called when something needs a person.", no_args_is_help=True)


@app.command()
@takes(PROFILE, MARKET, METRICS, CONFIG_DIR)
def watch(world: World, as_json: AsJson = False) -> None:
    """Watch the store from outside and tell the receivers of the environment (MTF_ALERT_…), until told to stop.

    Each alert is told when it begins and when it ends, and again after a while (`app/alerts.yaml`). While somebody
    supervises the account, MTF_ALERT_PING_URL is called. Run it apart from what it watches, best on another machine.

    Examples:

      mtf alerts watch

      MTF_ALERT_WEBHOOK_URL=https://… mtf alerts watch --json
    """
    actions.alerts.watch(world, as_json)


@app.command(name="list")
@takes(PROFILE, MARKET, CONFIG_DIR)
def list_(world: World, as_json: AsJson = False) -> None:
    """What stands now, by the last look of `mtf alerts watch`, and who was told of it.

    Example:

      mtf alerts list --json
    """
    actions.alerts.list_alerts(world, as_json)


@app.command(name="test")
@takes(EXCHANGE)
def send_test(world: World, as_json: AsJson = False) -> None:
    """Send one message to each receiver, and show what came of each. Exit code 1 if one was not told.

    Example:

      mtf alerts test
    """
    actions.alerts.send_test(world, as_json)
