"""`mtf compare`."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from attrs import frozen

from mtf_adapters.files.profiles import load_profile, load_replay
from mtf_core.market import DAY_MS, InvalidInstantError, parse_instant, parse_moment, to_ms
from mtf_core.ports import Stores
from mtf_core.records import Selection
from mtf_core.replay.comparing.compare import CompareRequest, compare, runs_to_compare
from mtf_core.replay.comparing.comparison import Comparison
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.candles_of_now import StoreAndArchive
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.assuming import assumed_lines
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.compare import print_comparison
from mtf_entrypoints.cli.stored import stored_run
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.replays import capabilities_of
from mtf_entrypoints.settings import Settings, SettingsError


@frozen
class Stretch:
    """Which runs are compared, as it was written."""

    day: str | None
    run: str | None
    start: str | None
    end: str | None
    profile: str | None


@frozen
class Way:
    """What the replay takes for granted."""

    assumed: list[str]
    one_account: bool


def perform(world: World, stretch: Stretch, way: Way, limit: int, as_json: bool) -> None:
    """Compares; exit code 1 where a difference has no cause."""
    _span_of(stretch, 0)  # what cannot be read is said before anything is opened
    found = asyncio.run(_compare(world, settings_of(world), stretch, way))
    if as_json:
        output.write_json(found.to_json())
    else:
        print_comparison(found, limit, output.console())
    if found.unexplained:
        differences = output.counted(found.unexplained, "difference")
        raise CommandError(f"nothing explains {differences}: please report it, with --json", FAILED)


async def _compare(world: World, settings: Settings, stretch: Stretch, way: Way) -> Comparison:
    with output.progress() as progress:
        async with stored_run(world, stretch.run) as stored:
            if stored is None:
                raise CommandError(_nothing(stretch), FAILED)
            stores = stored.stores
            ids, name = await _runs(stores, stretch, stored.run_id)
            newest = await stores.runs.run(ids[-1], results=False)
            exchange = "" if newest is None or newest.report is None else newest.report.exchange
            request = CompareRequest(
                profile=load_profile(name, settings.config_dir, EXCHANGES),
                run_ids=ids,
                settings=load_replay(settings.config_dir, assumed_lines(way.assumed)),
                candles=StoreAndArchive(stores.candles, archive_of(settings), stores.namespace),
                capabilities=capabilities_of(exchange),
                one_account=way.one_account,
            )
            found = await compare(stores, request, progress)
            if found is None:
                raise CommandError(f"none of these runs can be read: {', '.join(ids[:3])}", FAILED)
            return found


async def _runs(stores: Stores, stretch: Stretch, run_id: str | None) -> tuple[tuple[str, ...], str]:
    """The ids of the runs, and the profile of all of them."""
    if stretch.run is not None and run_id is not None:
        record = await stores.runs.run(run_id, results=False)
        if record is None:
            raise CommandError(_nothing(stretch), FAILED)
        return (run_id,), record.profile
    newest_ms = await stores.tallies.newest_ms(stretch.profile)
    since_ms, until_ms = _span_of(stretch, newest_ms or 0)
    selection = Selection(since_ms=since_ms, until_ms=until_ms, profile=stretch.profile)
    profile = stretch.profile
    if profile is None:
        async for newest in stores.tallies.runs(selection):
            profile = newest.profile
            break
    if profile is None:
        raise CommandError(_nothing(stretch), FAILED)
    ids = await runs_to_compare(stores, Selection(since_ms=since_ms, until_ms=until_ms, profile=profile))
    if not ids:
        raise CommandError(_nothing(stretch), FAILED)
    return ids, profile


def _span_of(stretch: Stretch, newest_ms: int) -> tuple[int | None, int | None]:
    """[since, until) of a day or of --from and --to, which may count back from the newest run."""
    if stretch.day is not None:
        midnight_ms = _midnight_of(stretch.day)
        return midnight_ms, midnight_ms + DAY_MS
    since_ms = None if stretch.start is None else parse_moment(stretch.start, newest_ms)
    until_ms = None if stretch.end is None else parse_moment(stretch.end, newest_ms)
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        raise SettingsError(f"--from {stretch.start} is not before --to {stretch.end}")
    return since_ms, until_ms


def _midnight_of(day: str) -> int:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day, re.ASCII):
        with suppress(InvalidInstantError):
            return to_ms(parse_instant(f"{day}T00:00Z"))
    raise InvalidInstantError(f"--day: found {day!r}; write it like 2026-01-31")


def _nothing(stretch: Stretch) -> str:
    if stretch.run is not None:
        return f"no run {stretch.run!r} is stored"
    return "no finished run is stored that fits; `mtf run` stores one"
