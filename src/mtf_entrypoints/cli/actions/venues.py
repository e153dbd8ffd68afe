"""`mtf venues` and `mtf venues check`."""

from __future__ import annotations

import asyncio
from typing import Any

import typer
from attrs import frozen

from mtf_core.ports import VenueFinding
from mtf_entrypoints.capability_words import in_words
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.settings import Overrides, Settings, read_settings
from mtf_entrypoints.venue_catalogue import DescribedVenue, described_venues, venues_to_json
from mtf_entrypoints.venue_checks import findings_of
from mtf_entrypoints.venue_proofs import NEVER_REACHED
from mtf_entrypoints.wires import WIRES

_PROVEN = "proven: "


@frozen
class Asked:
    """What is to be checked, as written on the command line."""

    exchange: str | None
    environment: str | None
    symbol: str | None
    orders: bool


def show(as_json: bool) -> None:
    venues = described_venues()
    if as_json:
        output.write_json(venues_to_json(venues))
        return
    names = tuple(one.exchange for one in venues)
    table = output.table("", *names, prose=names)
    facts = [_facts(one) for one in venues]
    for name in sorted(dict.fromkeys(name for one in facts for name in one), key=_place):
        table.add_row(name if name.isupper() else name.replace("_", " "), *(one.get(name, "") for one in facts))
    output.console().print(table)
    for one in venues:
        if one.remark:
            output.write_line(one.remark)
    output.write_line(NEVER_REACHED)


def _place(name: str) -> int:
    """Proofs behind what an exchange can do, the page last; else in the order in which they were told."""
    return 2 if name == "page" else 1 if name.startswith(_PROVEN) else 0


def _facts(one: DescribedVenue) -> dict[str, str]:
    """What is told of an exchange, line by line."""
    worlds = [f"{name} (default)" if name == one.default_environment else name for name in one.environments]
    return {
        "environments": ", ".join(worlds) or "this process, or a sandbox served by it",
        "sandbox face": f"mtf sandbox serve --face {one.face}" if one.face else "",
        **{name: ", ".join(allowed) for name, allowed in one.choices.items()},
        "paper": "yes: quotes without a key" if one.face else "play money of its own",
        **in_words(one.capabilities),
        **{f"{_PROVEN}{proof.kind}": proof.how for proof in one.proofs},
        "page": one.page,
    }


def check(world: World, asked: Asked, as_json: bool) -> None:
    """Prints each finding when it is there; exit code 1 if one is not ok."""
    overrides = Overrides(
        exchange=asked.exchange, environment=asked.environment, profile=world.profile, config_dir=world.config_dir
    )
    settings = read_settings(overrides)
    findings = asyncio.run(_check(settings, asked, silent=as_json))
    if as_json:
        output.write_json(_to_json(settings, findings))
    elif all(one.ok for one in findings):
        output.write_line("Everything that was looked at is ok.")
    if not all(one.ok for one in findings):
        raise typer.Exit(FAILED)


async def _check(settings: Settings, asked: Asked, *, silent: bool) -> list[VenueFinding]:
    findings = []
    async for finding in findings_of(settings, asked.symbol, output.warn, with_order=asked.orders):
        findings.append(finding)
        if not silent:
            _print(finding)
    return findings


def _print(finding: VenueFinding) -> None:
    verdict = "ok" if finding.ok else "not ok"
    output.write_line(f"{verdict:<7} {finding.name.replace('_', ' ')}: {finding.found}")
    if finding.do:
        output.write_line(f"        {finding.do}")
    output.flush()


def _to_json(settings: Settings, findings: list[VenueFinding]) -> dict[str, Any]:
    """The document of `mtf venues check --json`; its names are a contract (docs/how-to/check-an-exchange.md)."""
    return {
        "exchange": settings.exchange,
        "environment": settings.environment or WIRES[settings.exchange]().default_environment,
        "ok": all(one.ok for one in findings),
        "checks": [{"name": one.name, "ok": one.ok, "found": one.found, "do": one.do or None} for one in findings],
    }
