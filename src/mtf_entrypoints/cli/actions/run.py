"""`mtf run`: one run, its report on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import typer

from mtf_core.runs import RunReport, parse_request
from mtf_core.runs.report import SymbolStatus
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.run_report import print_report
from mtf_entrypoints.cli.working import announced
from mtf_entrypoints.cli.world_settings import NOW, settings_of
from mtf_entrypoints.settings import Settings


def perform(world: World, options: Mapping[str, Any], as_json: bool) -> None:
    """Runs; exit code 1 when every symbol ended in an error."""
    settings = settings_of(world)
    document = {
        **options,
        "symbols": _symbols(options["symbols"], settings),
        "profile": settings.profile,
        "exchange": settings.exchange,
        "at": None if world.at == NOW else world.at,
    }
    report, where = asyncio.run(_run(settings, document))
    if as_json:
        output.write_json(report.to_json())
    else:
        print_report(report, where, output.console())
        if world.at is None and not world.candles:
            output.write_line("The market is generated, its instant the default: --at names another, --at now is now.")
    if report.results and report.count(SymbolStatus.ERROR) == len(report.results):
        raise typer.Exit(FAILED)


def _symbols(given: list[str] | None, settings: Settings) -> list[str] | str | None:
    """What was asked for, however often; else every symbol that has candles of its own, if that is the market."""
    if given is not None:
        return ",".join(given)
    return [symbol for symbol, _ in settings.sandbox.candle_files] or None


async def _run(settings: Settings, document: Mapping[str, Any]) -> tuple[RunReport, str]:
    """The report, and the market in words."""
    request = parse_request(document)
    async with announced(settings) as container:
        orchestrator = container.orchestrator()
        with output.progress() as progress:
            return await orchestrator.run(request, progress), container.venue().label
