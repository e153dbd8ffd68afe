"""`mtf config import`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from attrs import evolve, frozen

from mtf_adapters.reference import (
    ExistsError,
    Finding,
    Imported,
    import_file,
    is_profile_name,
    write_imported,
)
from mtf_core.market import Timeframe
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, REFUSED, WRONG_USAGE, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.problems import problem_to_json
from mtf_entrypoints.cli.world_settings import settings_of


@frozen
class Target:
    """What becomes of the converted file."""

    out: Path | None = None
    """The folder to write to; None: stdout."""
    force: bool = False
    profile: str | None = None
    """Instead of the one that the file's name says."""
    context_timeframes: tuple[str, ...] = ()
    """Of validations that name none."""
    accept_risk: bool = False
    """Whether a result may be written under which more can be lost than the source allows."""


def convert_file(world: World, file: Path, target: Target, as_json: bool) -> None:
    """Converts a file; exit code 1 when the result does not load, or may not replace a file; 3 when it is riskier."""
    out = target.out
    if not file.is_file():
        raise CommandError(f"{file}: there is no such file", WRONG_USAGE)
    if out is not None and out.exists() and not out.is_dir():
        raise CommandError(f"--out: {out} is no folder", WRONG_USAGE)
    if target.profile is not None and not is_profile_name(target.profile):
        raise CommandError(f"--profile: found {target.profile!r}; allowed are letters, digits, _ and -", WRONG_USAGE)
    for name in (name for name in target.context_timeframes if name not in tuple(Timeframe)):
        raise CommandError(f"--context-timeframes: found {name!r}; allowed are {', '.join(Timeframe)}", WRONG_USAGE)
    imported = import_file(
        file,
        profile=target.profile,
        context_timeframes=target.context_timeframes,
        out=out,
        config_dir=settings_of(world).config_dir,
    )
    refused = imported.ok and bool(imported.riskier) and not target.accept_risk
    written, obstacle = (None, _refusal(imported)) if refused else _write(imported, target)
    if refused:
        imported = evolve(imported, text=None)
    if as_json:
        output.write_json(_to_json(imported, written, obstacle))
    else:
        _print(imported, out, written, obstacle)
    if refused:
        raise typer.Exit(REFUSED)
    if not imported.ok or obstacle is not None:
        raise typer.Exit(FAILED)


def _refusal(imported: Imported) -> str:
    points = output.counted(len(imported.riskier), "point")
    return f"more can be lost than in the source, in {points} that stand first above; --accept-risk takes it as it is"


def _write(imported: Imported, target: Target) -> tuple[Path | None, str | None]:
    """The path that was written, and why none was although the file loads."""
    if target.out is None or not imported.ok:
        return None, None
    try:
        return write_imported(imported, target.out, force=target.force), None
    except ExistsError as error:
        return None, str(error)


def _print(imported: Imported, out: Path | None, written: Path | None, obstacle: str | None) -> None:
    """The converted file on stdout unless it was written to a folder; everything else on stderr."""
    for kind, group in groupby(imported.findings, key=lambda finding: finding.kind):
        findings = list(group)
        output.warn(f"{kind} ({len(findings)}):")
        for finding in findings:
            output.warn(f"  {finding}")
    if imported.lost_comments:
        lines = ", ".join(map(str, imported.lost_comments))
        output.warn(f"comments that belong to what was left out, in {imported.file}, lines: {lines}")
    for warning in imported.warnings:
        output.warn(f"warning: {warning}")
    for problem in imported.problems:
        output.warn(f"error: {problem}")
    if obstacle is not None:
        output.warn(f"error: {obstacle}")
    if out is None and imported.text is not None:
        output.write_line(imported.text.rstrip("\n"))
    output.warn(_verdict(imported, written))


def _verdict(imported: Imported, written: Path | None) -> str:
    if imported.text is None:
        return f"{imported.file} was not converted"
    if not imported.ok:
        return f"{imported.file} was converted, but the result does not load; nothing was written to a folder"
    where = f", written to {written}" if written is not None else f" ({imported.file_name})"
    return f"{imported.file} was converted and loads{where}"


def _to_json(imported: Imported, written: Path | None, obstacle: str | None) -> dict[str, Any]:
    source = imported.source
    return {
        "ok": imported.ok and obstacle is None,
        "file": imported.file,
        "document": str(source.document) if source is not None else None,
        "profile": source.profile if source is not None else None,
        "name": imported.file_name,
        "written": str(written) if written is not None else None,
        "text": imported.text,
        "findings": [_finding_to_json(finding) for finding in imported.findings],
        "lost_comments": list(imported.lost_comments),
        "errors": [*map(problem_to_json, imported.problems)],
        "warnings": [*map(problem_to_json, imported.warnings)],
        "not_written_because": obstacle,
    }


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": str(finding.kind),
        "file": finding.place.file,
        "line": finding.place.line,
        "path": finding.place.path,
        "found": finding.found,
        "done": finding.done,
        "reference": finding.reference,
    }
