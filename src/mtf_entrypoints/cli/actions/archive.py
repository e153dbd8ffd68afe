"""`mtf archive import`, `list` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from mtf_adapters.archive import ArchivedSeries
from mtf_adapters.archive.importing import FileImported, FileOutcome, ImportOptions
from mtf_adapters.archive.importing import import_files as imported
from mtf_adapters.archive.layout import checked_venue
from mtf_adapters.files.candle_table import read_options
from mtf_adapters.local import WallClock
from mtf_core.market import format_instant
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of


@frozen
class Wanted:
    """What an import was told of its files."""

    symbol: str | None
    venue: str
    replace: bool


def import_files(world: World, files: list[Path], wanted: Wanted, as_json: bool) -> None:
    """Puts files into the archive; exit code 1 where one was refused."""
    now_ms = WallClock().now_ms()
    options = ImportOptions(
        read_options(None, world.timezone, world.align, now_ms),
        now_ms,
        checked_venue(wanted.venue),
        wanted.symbol,
        wanted.replace,
    )
    # The options of candle files are these files'; the world has none.
    archive = archive_of(settings_of(World(archive=world.archive)))
    with output.progress() as progress:
        outcomes = imported(archive, files, options, progress)
    if as_json:
        output.write_json({"archive": str(archive.root), "files": [_outcome_to_json(one) for one in outcomes]})
    for one in outcomes:
        if isinstance(one, FileImported):
            _tell(one, as_json)
    refused = [one for one in outcomes if not isinstance(one, FileImported)]
    if refused:
        raise CommandError("\n".join(f"{one.file}: {one.why}" for one in refused), FAILED)


def _tell(one: FileImported, as_json: bool) -> None:
    for remark in one.remarks:
        output.warn(f"{one.file.name}: {remark}")
    if as_json:
        return
    done = one.done
    parts = [f"{output.counted(done.added, 'candle')} added"]
    parts += [f"{done.equal} there already"] if done.equal else []
    parts += [f"{done.changed} replaced"] if done.changed else []
    span = f"{format_instant(one.first_open_ms)} to {format_instant(one.last_open_ms)}"
    output.write_line(f"{one.file.name}: {one.symbol}, {span}: {', '.join(parts)}")


def list_series(world: World, as_json: bool) -> None:
    """Shows what there is; exit code 1 where something cannot be read."""
    archive = archive_of(settings_of(world))
    listing = archive.listing()
    if as_json:
        series = [_series_to_json(one) for one in listing.series]
        output.write_json({"archive": str(archive.root), "series": series, "problems": list(listing.problems)})
    elif listing.series:
        numbers = ("candles", "missing", "kB")
        table = output.table("venue", "symbol", "first", "last", *numbers, right=numbers)
        for one in listing.series:
            first, last = format_instant(one.first_open_ms), format_instant(one.last_open_ms)
            table.add_row(
                one.venue, one.symbol, first, last, str(one.count), str(one.missing), f"{one.size / 1000:.0f}"
            )
        output.console().print(table)
    else:
        output.write_line(f"the archive {archive.root} is empty")
    _fail_on(listing.problems)


def verify(world: World, as_json: bool) -> None:
    """Looks at every byte; exit code 1 where something is wrong."""
    verified = archive_of(settings_of(world)).verify()
    if as_json:
        output.write_json({"files": verified.files, "candles": verified.candles, "problems": list(verified.problems)})
    else:
        output.write_line(
            f"{output.counted(verified.files, 'file')} with {output.counted(verified.candles, 'candle')} as they were "
            f"written, {output.counted(len(verified.problems), 'problem')}"
        )
    _fail_on(verified.problems)


def _fail_on(problems: tuple[str, ...]) -> None:
    if problems:
        raise CommandError("\n".join(problems), FAILED)


def _outcome_to_json(one: FileOutcome) -> dict[str, Any]:
    if not isinstance(one, FileImported):
        return {"file": str(one.file), "symbol": one.symbol, "refused": one.why}
    return {
        "file": str(one.file),
        "symbol": one.symbol,
        "first_open": format_instant(one.first_open_ms),
        "last_open": format_instant(one.last_open_ms),
        "added": one.done.added,
        "equal": one.done.equal,
        "replaced": one.done.changed,
        "remarks": list(one.remarks),
    }


def _series_to_json(one: ArchivedSeries) -> dict[str, Any]:
    return {
        "venue": one.venue,
        "symbol": one.symbol,
        "first_open": format_instant(one.first_open_ms),
        "last_open": format_instant(one.last_open_ms),
        "candles": one.count,
        "missing": one.missing,
        "bytes": one.size,
        "years": {str(year): {"candles": one.counts[year], "digest": one.digests[year]} for year in one.counts},
        "sources": [
            {
                "origin": source.origin,
                "label": source.label,
                "files": list(source.files),
                "at": format_instant(source.at_ms),
                "first_open": format_instant(source.first_open_ms),
                "last_open": format_instant(source.last_open_ms),
                "added": source.added,
                "replaced": source.changed,
            }
            for source in one.sources
        ],
    }
