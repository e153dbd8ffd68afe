"""`mtf replay`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from mtf_adapters.archive import Archive, ArchivedSeries
from mtf_adapters.files.profiles import load_profile, load_replay
from mtf_adapters.reports.writing import write_report
from mtf_adapters.sandbox.contract_overrides import (
    ContractOverrides,
    InvalidContractOverridesError,
    read_contract_overrides,
)
from mtf_core.market import InvalidContractError, parse_instant, to_ms
from mtf_core.ports import StoreError
from mtf_core.replay.honesty import Trials
from mtf_core.replay.ledger import Ledger
from mtf_core.replay.report import ledger_report
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import compile_profile
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.assuming import assumed_lines
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.replay import print_replay
from mtf_entrypoints.cli.world_settings import settings_of, split_names
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.file_world import file_options
from mtf_entrypoints.recorded import ArchivedMarket, FileMarket, RecordedMarket
from mtf_entrypoints.replays import ReplayPlan, capabilities_of, history_ms, perform_replay
from mtf_entrypoints.search.tried import trials_of
from mtf_entrypoints.settings import Settings, SettingsError


@frozen
class Span:
    """From when to when decisions are made, as it was written."""

    start: str | None
    end: str | None

    def in_ms(self) -> tuple[int | None, int | None]:
        """The instants; raises `InvalidInstantError` and `SettingsError`."""
        first_ms = None if self.start is None else to_ms(parse_instant(self.start))
        last_ms = None if self.end is None else to_ms(parse_instant(self.end))
        if first_ms is not None and last_ms is not None and first_ms > last_ms:
            raise SettingsError(f"--from {self.start} is later than --to {self.end}")
        return first_ms, last_ms


@frozen
class Choice:
    """Which candles of the archive, what is assumed, and how many processes decide."""

    symbols: list[str]
    venue: str | None
    assumed: list[str]
    jobs: int | None


def perform(world: World, span: Span, choice: Choice, out: Path | None, as_json: bool) -> None:
    """Replays and shows what came of it; exit code 1 where its money does not add up."""
    first_ms, last_ms = span.in_ms()
    settings = settings_of(world)
    if settings.exchange not in EXCHANGES:
        raise SettingsError(f"--exchange: found {settings.exchange!r}; known: {', '.join(sorted(EXCHANGES))}")
    profile = load_profile(settings.profile, settings.config_dir, EXCHANGES)
    assumed = load_replay(settings.config_dir, assumed_lines(choice.assumed))
    plan = ReplayPlan(
        profile=profile,
        sources=_sources(settings, choice, profile, first_ms, last_ms),
        settings=assumed,
        capabilities=capabilities_of(settings.exchange),
        first_ms=first_ms,
        last_ms=last_ms,
        jobs=choice.jobs,
    )
    try:
        with output.progress() as progress:
            ledger = perform_replay(plan, progress)
    except ValueError as error:
        raise CommandError(str(error)) from None
    report = ledger_report(ledger, _tried(ledger, settings))
    if out is not None:
        written = write_report(report, out)
        for remark in written.remarks:
            output.warn(remark)
        output.warn(f"written to {out}: {', '.join(path.name for path in written.paths)}")
    if as_json:
        output.write_json(report.to_json())
    else:
        print_replay(report, output.console())
    broken = [check for check in report.checks if not check.holds]
    if broken:
        raise CommandError("\n".join(f"{check.what}: {check.why}" for check in broken), FAILED)


def _tried(ledger: Ledger, settings: Settings) -> Trials:
    """What was tried on this data, this replay included; where nobody can say, the replay is shown all the same."""
    try:
        return trials_of(ledger, settings.trials)
    except StoreError as error:
        output.warn(f"how many configurations were tried on this data is not known: {error}")
        return Trials(1)


def _sources(
    settings: Settings, choice: Choice, profile: Profile, first_ms: int | None, last_ms: int | None
) -> tuple[RecordedMarket, ...]:
    overrides = _overrides(settings)
    files = settings.sandbox.candle_files
    if files:
        if choice.symbols or choice.venue:
            raise SettingsError("--symbols and --venue choose from the archive; with --candles the files say it all")
        options = file_options(settings.sandbox.timezone, settings.sandbox.align)
        _all_used(overrides, {symbol for symbol, _ in files})
        return tuple(
            FileMarket(symbol, path, options, overrides.get(symbol, ContractOverrides())) for symbol, path in files
        )
    archive = archive_of(settings)
    chosen = _chosen(archive, choice)
    _all_used(overrides, {one.symbol for one in chosen})
    from_ms = None if first_ms is None else first_ms - history_ms(compile_profile(profile))
    return tuple(
        ArchivedMarket(
            symbol=one.symbol,
            root=archive.root,
            venue=one.venue,
            overrides=overrides.get(one.symbol, ContractOverrides()),
            contract=one.contract,
            from_ms=from_ms,
            until_ms=None if last_ms is None else last_ms - 1,
        )
        for one in chosen
        if one.reaches(first_ms, last_ms)
    )


def _chosen(archive: Archive, choice: Choice) -> list[ArchivedSeries]:
    """The series that were asked for, of one venue."""
    series = archive.series()
    if not series:
        raise CommandError(
            f"the archive {archive.root} is empty; `mtf archive import` and `mtf archive fetch` fill it, and --candles "
            "SYMBOL=FILE does without it"
        )
    venues = sorted({one.venue for one in series})
    if choice.venue is None and len(venues) > 1:
        raise SettingsError(f"--venue: the archive has candles of {', '.join(venues)}; name one of them")
    venue = venues[0] if choice.venue is None else choice.venue
    if venue not in venues:
        raise SettingsError(f"--venue: found {venue!r}; the archive has {', '.join(venues)}")
    of_venue = {one.symbol: one for one in series if one.venue == venue}
    names = split_names(choice.symbols) or sorted(of_venue)
    unknown = [name for name in names if name not in of_venue]
    if unknown:
        known = ", ".join(sorted(of_venue)[:10])
        raise SettingsError(f"--symbols: the archive has no {', '.join(unknown)} of {venue}; it has {known}")
    return [of_venue[name] for name in dict.fromkeys(names)]


def _overrides(settings: Settings) -> Mapping[str, ContractOverrides]:
    file = settings.sandbox.contracts_file
    try:
        return {} if file is None else read_contract_overrides(file)
    except (InvalidContractOverridesError, InvalidContractError) as error:
        raise SettingsError(f"--contracts-file: {error}") from None


def _all_used(overrides: Mapping[str, ContractOverrides], symbols: set[str]) -> None:
    if unused := sorted(set(overrides) - symbols):
        raise SettingsError(
            f"--contracts-file: values for {', '.join(unused)}, but candles only for {', '.join(sorted(symbols))}"
        )
