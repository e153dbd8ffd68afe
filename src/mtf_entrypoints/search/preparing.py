"""From a space file to a search that can begin: the profile, the candles, the windows, and what all of it is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve, frozen

from mtf_adapters.archive import Archive
from mtf_adapters.files.candle_table import ReadOptions
from mtf_adapters.files.profiles import load_profile, load_replay
from mtf_adapters.files.yaml import read_yaml
from mtf_adapters.sandbox.contract_overrides import ContractOverrides, read_contract_overrides
from mtf_core._version import __version__
from mtf_core.config_nodes import ConfigError, ConfigNode, Problems, nearest_name
from mtf_core.market import MINUTE_MS, InvalidInstantError, parse_instant, to_ms
from mtf_core.replay.ledger import ReplayMarket
from mtf_core.search.data import SearchData, data_of
from mtf_core.search.parameters import varied_profile
from mtf_core.search.settings import ArchiveData, SearchSettings
from mtf_core.search.space import SearchSpace, read_settings, read_space
from mtf_core.search.windows import TooShortError, Windows, windows_of
from mtf_core.settings.digest import digest_of
from mtf_core.settings.plain import Plain, plain
from mtf_core.settings.profile import Document, Profile
from mtf_core.settings.replay import ReplaySettings
from mtf_core.symbols import symbol_problem
from mtf_core.validation.compiled_profile import compile_anew
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.recorded import ArchivedMarket, FileMarket, RecordedMarket
from mtf_entrypoints.replays import history_ms
from mtf_entrypoints.search.work import SearchWork, cut, opened

_DECIDED_BY = (Document.VALIDATIONS.value, Document.INDICATOR.value)


@frozen(kw_only=True, eq=False)
class PreparedSearch:
    """Everything that is fixed before the first trial."""

    space: SearchSpace
    profile: Profile
    work: SearchWork
    data: SearchData
    """What trials see."""
    holdout: SearchData
    digest: str
    """Of the whole search: another space, other candles, other assumptions, another program are another search."""
    symbols: tuple[str, ...]
    guessed: tuple[str, ...]
    """Symbols whose contract was guessed."""

    @property
    def windows(self) -> Windows:
        return self.work.windows

    @property
    def judged_by(self) -> str:
        """What a trial's result depends on beside its data and its profile."""
        return digest_of(
            {
                "windows": plain(self.space.settings.windows),
                "score": plain(self.space.settings.score),
                "assumptions": plain(self.work.assumptions),
                "exchange": self.work.exchange,
                "version": __version__,
            }
        )

    def document(self) -> dict[str, Plain]:
        """What the ledger keeps of it before the first trial."""
        windows = self.windows
        return {
            "profile": self.profile.name,
            "profile_digest": self.profile.digest,
            "settings": plain(self.space.settings),
            "vary": {one.path: list(one.values) for one in self.space.varied},
            "windows": [[str(one.train), str(one.test)] for one in windows.folds],
            "final": [str(windows.final.train), str(windows.final.test)],
            "data": self.data.digest,
            "holdout": self.holdout.digest,
            "symbols": list(self.symbols),
            "assumptions": plain(self.work.assumptions),
            "exchange": self.work.exchange,
            "version": __version__,
        }


def read_space_file(path: Path, config_dir: Path | None) -> tuple[SearchSpace, Profile, ConfigNode]:
    """The space, checked value by value against its profile, and the file's tree; raises `ConfigError`."""
    problems = Problems()
    node = read_yaml(path, str(path), problems)
    settings = None if node is None else read_settings(node, problems)
    if node is None or settings is None:
        raise ConfigError(problems.errors)
    profile = load_profile(settings.profile, config_dir, EXCHANGES)
    space = read_space(settings, node, profile, problems)
    if space is None:
        raise ConfigError(problems.errors)
    return space, profile, node


def prepare(path: Path, *, config_dir: Path | None, archive: Archive, exchange: str, cache: Path) -> PreparedSearch:
    """Reads and checks everything; raises `ConfigError`, and what reading candles raises."""
    space, profile, node = read_space_file(path, config_dir)
    problems = Problems()
    assumptions = load_replay(config_dir)
    first_ms, last_ms = _span(space.settings, node, problems)
    history = _history_ms(space, profile)
    sources = _sources(space.settings, node, path.parent, archive, (first_ms, last_ms, history), problems)
    if problems.errors:
        raise ConfigError(problems.errors)
    return _prepared(space, profile, node, sources, assumptions, exchange, cache, first_ms, last_ms)


def _prepared(
    space: SearchSpace,
    profile: Profile,
    node: ConfigNode,
    sources: Sequence[RecordedMarket],
    assumptions: ReplaySettings,
    exchange: str,
    cache: Path,
    first_ms: int | None,
    last_ms: int | None,
) -> PreparedSearch:
    if first_ms is None or last_ms is None:
        spans = [(int(one.candles.open_ms[0]) + MINUTE_MS, one.candles.end_ms) for one in _read(sources, first_ms)]
        first_ms = min(first for first, _ in spans) if first_ms is None else first_ms
        last_ms = max(last for _, last in spans) if last_ms is None else last_ms
    problems = Problems()
    try:
        windows = windows_of(space.settings.windows, first_ms, last_ms)
    except TooShortError as error:
        problems.error(node.place_of("windows"), str(error), "give it more days, or cut it in fewer")
        raise ConfigError(problems.errors) from None
    work = SearchWork(
        content=profile.content,
        sources=tuple(sources),
        assumptions=assumptions,
        exchange=exchange,
        windows=windows,
        score=space.settings.score,
        cache=cache,
    )
    markets = opened(work)
    data = data_of([cut(one, windows.search) for one in markets], windows.search)
    holdout = data_of(markets, windows.final.test)
    prepared = PreparedSearch(
        space=space,
        profile=profile,
        work=work,
        data=data,
        holdout=holdout,
        digest="",
        symbols=tuple(one.symbol for one in markets),
        guessed=tuple(one.symbol for one in markets if one.contract_is_guessed),
    )
    return evolve(prepared, digest=digest_of(prepared.document()))


def _read(sources: Sequence[RecordedMarket], first_ms: int | None) -> Iterator[ReplayMarket]:
    return (source.open(first_ms) for source in sources)


def _span(settings: SearchSettings, node: ConfigNode, problems: Problems) -> tuple[int | None, int | None]:
    found: list[int | None] = []
    for key, text in (("from", settings.data.from_), ("to", settings.data.to)):
        try:
            found.append(None if text is None else to_ms(parse_instant(text)))
        except InvalidInstantError as error:
            problems.error(node.place_of("data", key), str(error), "an instant in UTC is wanted")
            found.append(None)
    return found[0], found[1]


def _history_ms(space: SearchSpace, profile: Profile) -> int:
    """How far before the first decision candles reach, for the value that looks back farthest."""
    longest = history_ms(compile_anew(profile))
    for one in space.varied:
        if one.path.startswith(_DECIDED_BY):
            variants = (varied_profile(profile.content, {one.path: value}) for value in one.values)
            longest = max(longest, *(history_ms(compile_anew(variant)) for variant in variants))
    return longest


def _sources(
    settings: SearchSettings,
    node: ConfigNode,
    folder: Path,
    archive: Archive,
    span: tuple[int | None, int | None, int],
    problems: Problems,
) -> list[RecordedMarket]:
    """The markets by symbol, so that the order of the file changes nothing."""
    data = settings.data
    if data.archive is not None:
        return list(_archived(data.archive, node, archive, span, problems))
    overrides = {} if data.contracts is None else read_contract_overrides(folder / data.contracts)
    found: list[RecordedMarket] = []
    for symbol, file in sorted(data.files.items()):
        if problem := symbol_problem(symbol):
            problems.error(node.place_of("data", "files", symbol), f"found {symbol!r}", problem)
        found.append(FileMarket(symbol, folder / file, ReadOptions(), overrides.get(symbol, ContractOverrides())))
    for symbol in sorted(set(overrides) - set(data.files)):
        place = node.place_of("data", "contracts")
        problems.error(place, f"values for {symbol}", f"there are candles for {', '.join(sorted(data.files))}")
    return found


def _archived(
    wanted: ArchiveData,
    node: ConfigNode,
    archive: Archive,
    span: tuple[int | None, int | None, int],
    problems: Problems,
) -> Iterator[RecordedMarket]:
    first_ms, last_ms, history = span
    series = archive.series()
    there = {one.symbol: one for one in series if one.venue == wanted.venue}
    if not there:
        venues = sorted({one.venue for one in series})
        allowed = (
            f"the archive {archive.root} has {', '.join(venues)}" if venues else f"the archive {archive.root} is empty"
        )
        place = node.place_of("data", "archive", "venue")
        problems.error(place, f"found {wanted.venue!r}", allowed, nearest_name(wanted.venue, venues))
        return
    for symbol in sorted(set(wanted.symbols or there)):
        if symbol not in there:
            place = node.place_of("data", "archive", "symbols")
            names = ", ".join(sorted(there)[:10])
            problems.error(
                place, f"found {symbol!r}", f"of {wanted.venue} there are {names}", nearest_name(symbol, there)
            )
            continue
        one = there[symbol]
        if not one.reaches(first_ms, last_ms):
            if symbol in wanted.symbols:
                place = node.place_of("data", "archive", "symbols")
                problems.error(place, f"{symbol} has no minute in that span", "name symbols that have")
            continue
        yield ArchivedMarket(
            symbol=symbol,
            root=archive.root,
            venue=wanted.venue,
            contract=one.contract,
            from_ms=None if first_ms is None else first_ms - history,
            until_ms=None if last_ms is None else last_ms - MINUTE_MS,
        )
