"""`mtf run`: one run or one each period, its report on the screen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import typer

from mtf_core.records import SymbolStatus
from mtf_core.runs import RunReport, parse_request
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.actions.run_every import run_every, stay_of
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.run_report import print_report
from mtf_entrypoints.cli.working import announced, metrics_place
from mtf_entrypoints.cli.world_settings import NOW, settings_of
from mtf_entrypoints.settings import DEFAULT_EXCHANGE, Settings


def perform(world: World, options: Mapping[str, Any], as_json: bool) -> None:
    """Runs; exit code 1 when every symbol ended in an error."""
    settings = settings_of(world)
    _refuse_alone_on_paper(settings, _document(world, options, settings))
    report, where = asyncio.run(_run(settings, _document(world, options, settings)))
    if as_json:
        output.write_json(report.to_json())
    else:
        print_report(report, where, output.console())
        if settings.exchange == DEFAULT_EXCHANGE and world.at is None and not world.candles:
            output.write_line("The market is generated, its instant the default: --at names another, --at now is now.")
    if report.results and report.count(SymbolStatus.ERROR) == len(report.results):
        raise typer.Exit(FAILED)


def perform_every(
    world: World,
    options: Mapping[str, Any],
    every: str,
    offset: str,
    times: int | None,
    as_json: bool,
    *,
    supervise: bool = False,
) -> None:
    """Runs at each close until told to stop; with `as_json` one document a line."""
    if world.at not in (None, NOW):
        raise CommandError("--every goes with the clock; leave out --at")
    stay = stay_of(every, offset, times, supervise=supervise)
    settings = settings_of(world, stays=True)
    if not supervise:
        _refuse_alone_on_paper(settings, _document(world, options, settings))

    def shown(report: RunReport, where: str) -> None:
        if as_json:
            output.write_line(json.dumps(report.to_json(), allow_nan=False))
        else:
            print_report(report, where, output.console())
        output.flush()

    place = metrics_place(world)
    asyncio.run(run_every(settings, _document(world, options, settings), stay, shown, place))


def _refuse_alone_on_paper(settings: Settings, document: Mapping[str, Any]) -> None:
    """Whoever enters on paper has to supervise as well: nothing that it entered could be looked after by another."""
    if settings.paper and not parse_request(document).dry_run:
        from mtf_adapters.paper import HOW_TO_TRADE, ONE_PROCESS  # noqa: PLC0415  (the engine, only where it is used)

        raise CommandError(f"{ONE_PROCESS}. Start {HOW_TO_TRADE}", REFUSED)


def _document(world: World, options: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        **options,
        "symbols": _symbols(options["symbols"], settings),
        "profile": settings.profile,
        "exchange": settings.exchange,
        "at": None if world.at == NOW else world.at,
    }


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
