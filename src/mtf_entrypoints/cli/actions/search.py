"""`mtf search`."""

from __future__ import annotations

import os
from pathlib import Path

from mtf_adapters.sandbox.contract_overrides import InvalidContractOverridesError
from mtf_adapters.trials.ledger import TrialLedger
from mtf_core.market import InvalidContractError
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.search import print_search
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.search.leaving import CACHE, FolderTakenError, claim, evidence, leave
from mtf_entrypoints.search.performing import OptunaNotInstalledError, Searching
from mtf_entrypoints.search.pool import Carrier, Here, OnAllCores, WorkersDiedError
from mtf_entrypoints.search.preparing import PreparedSearch, prepare
from mtf_entrypoints.search.work import Workbench
from mtf_entrypoints.settings import Settings, SettingsError


def perform(world: World, space: Path, out: Path | None, jobs: int | None, as_json: bool) -> None:
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
            finished = Searching(prepared, ledger, _carrier(prepared, jobs), progress).perform()
        except (WorkersDiedError, OptunaNotInstalledError) as error:
            raise CommandError(str(error), FAILED) from None
        own = leave(finished, folder, ledger)
    if as_json:
        output.write_json(evidence(finished))
    else:
        print_search(finished, own, output.console())


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


def _carrier(prepared: PreparedSearch, jobs: int | None) -> Carrier:
    count = jobs or os.cpu_count() or 1
    return Here(Workbench(prepared.work)) if count == 1 else OnAllCores(prepared.work, count)
