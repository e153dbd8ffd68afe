"""`mtf search`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from mtf_adapters.sandbox.contract_overrides import InvalidContractOverridesError
from mtf_adapters.trials.ledger import INTERRUPTED_TRIAL, TrialLedger
from mtf_core.market import InvalidContractError
from mtf_core.words import counted
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.search import print_search
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.search.handing import NotHandedError
from mtf_entrypoints.search.leaving import CACHE, FolderTakenError, claim, evidence, leave
from mtf_entrypoints.search.performing import OptunaNotInstalledError, Searching
from mtf_entrypoints.search.pool import Carrier, CarryingError, Here, OnAllCores
from mtf_entrypoints.search.preparing import PreparedSearch, prepare
from mtf_entrypoints.search.work import Workbench
from mtf_entrypoints.settings import Settings, SettingsError
from mtf_entrypoints.temporal import sdk


@frozen
class Carried:
    """By whom trials are carried out, as it was written."""

    jobs: int | None
    temporal: bool
    per_task: int | None


def perform(world: World, space: Path, out: Path | None, carried: Carried, as_json: bool) -> None:
    """Searches, leaves what came of it, and shows it. A rejected result is a result: the exit code is 0."""
    settings = settings_of(world)
    folder = out or space.with_suffix(".search")
    prepared = _prepared(settings, space, folder)
    try:
        claim(folder, prepared)
    except FolderTakenError as error:
        raise CommandError(str(error), REFUSED) from None
    with TrialLedger.opened(settings.trials) as ledger, output.progress() as progress:
        try:
            finished = Searching(prepared, ledger, _carrier(prepared, settings, folder, carried), progress).perform()
        except (CarryingError, OptunaNotInstalledError) as error:
            raise CommandError(str(error), FAILED) from None
        except KeyboardInterrupt:
            output.warn(_kept(ledger.counts(prepared.digest)))
            raise
        own = leave(finished, folder, ledger)
    if as_json:
        output.write_json(evidence(finished))
    else:
        print_search(finished, own, output.console())


def _kept(counts: Mapping[str, int]) -> str:
    """What an interrupted search has, by the rows of its trials, and how to go on with it."""
    begun = sum(counts.values())
    ended = begun - counts.get(INTERRUPTED_TRIAL, 0)
    return (
        f"stopped; of {counted(begun, 'trial')} begun {ended} had ended, which the trial ledger keeps: the same "
        "command goes on with the others"
    )


def _prepared(settings: Settings, space: Path, folder: Path) -> PreparedSearch:
    if settings.exchange not in EXCHANGES:
        raise SettingsError(f"--exchange: found {settings.exchange!r}; known: {', '.join(sorted(EXCHANGES))}")
    try:
        return prepare(
            space,
            config_dir=settings.config_dir,
            archive=archive_of(settings),
            exchange=settings.exchange,
            cache=folder / CACHE,
        )
    except (InvalidContractOverridesError, InvalidContractError) as error:
        raise SettingsError(f"{space}: data.contracts: {error}") from None


def _carrier(prepared: PreparedSearch, settings: Settings, folder: Path, carried: Carried) -> Carrier:
    if carried.temporal:
        return _on_many_machines(prepared, settings, folder, carried)
    if carried.per_task is not None:
        raise CommandError("--per-task has no effect without --temporal")
    count = carried.jobs or os.cpu_count() or 1
    return Here(Workbench(prepared.work)) if count == 1 else OnAllCores(prepared.work, count)


def _on_many_machines(prepared: PreparedSearch, settings: Settings, folder: Path, carried: Carried) -> Carrier:
    try:
        from mtf_entrypoints.temporal.searching_there import OnManyMachines  # noqa: PLC0415  (the SDK takes a while)
    except ModuleNotFoundError as error:
        if not sdk.is_missing(error):
            raise
        raise CommandError(sdk.MISSING, FAILED) from None
    try:
        return OnManyMachines(prepared, settings.temporal, folder, carried.jobs, carried.per_task)
    except NotHandedError as error:
        raise CommandError(str(error)) from None
