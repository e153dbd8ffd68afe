"""`SPACE.yaml`: what of a profile may vary, over which values, and how the search for the best of them is done."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import prod

from attrs import evolve, field, frozen

from mtf_core.config_nodes import ConfigNode, ConfigProblem, Place, Problems
from mtf_core.search.parameters import KeyPath, Parameters, documents_of, put
from mtf_core.search.settings import Method, SearchSettings
from mtf_core.settings.digest import digest_of
from mtf_core.settings.plain import Plain, plain
from mtf_core.settings.profile import Profile, build_profile
from mtf_core.settings.structure import structure

MOST_VALUES = 200
"""Of one key: more would be a finer grid than any backtest can tell apart."""
_VARY = "vary"
_RANGE = ("from", "to", "step")


@frozen
class Varied:
    """One key of the profile, and the values that it is tried with."""

    path: str
    values: tuple[Plain, ...]


@frozen
class SearchSpace:
    """A space file, checked against the profile that it varies."""

    settings: SearchSettings
    varied: tuple[Varied, ...]
    """In the order of the file."""

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return prod(len(one.values) for one in self.varied)

    @property
    def digest(self) -> str:
        """The same for files that say the same."""
        return digest_of({"settings": plain(self.settings), _VARY: [[one.path, one.values] for one in self.varied]})

    def parameters(self, places: tuple[int, ...]) -> Parameters:
        """The combination of the values at these places, one for each key."""
        return {one.path: one.values[place] for one, place in zip(self.varied, places, strict=True)}


def read_settings(node: ConfigNode, problems: Problems) -> SearchSettings | None:
    """Everything of a space file but `vary`, which needs the profile; None after reporting what is wrong."""
    before = len(problems.errors)
    entries = _entries(node)
    if _VARY not in entries:
        problems.error(node.place, f"the key {_VARY!r} is missing", "it is required: which keys vary over which values")
    rest = {key: child for key, child in entries.items() if key != _VARY}
    settings = structure(SearchSettings, evolve(node, value=rest), problems)
    if settings is None:
        return None
    _check(settings, node, problems)
    return settings if len(problems.errors) == before else None


def read_space(settings: SearchSettings, node: ConfigNode, profile: Profile, problems: Problems) -> SearchSpace | None:
    """The whole space: every value of every key is tried in the profile, beside the profile's own other values."""
    before = len(problems.errors)
    varied = node.value[_VARY] if isinstance(node.value, Mapping) else node
    entries = _entries(varied)
    if not entries:
        problems.error(varied.place, f"found {varied.shown()}", "allowed is a map of paths, each with its values")
        return None
    read = [_varied(path, child, profile, problems) for path, child in entries.items()]
    if len(problems.errors) > before:
        return None
    space = SearchSpace(settings, tuple(one for one in read if one is not None))
    _check_size(space, node, problems)
    return space if len(problems.errors) == before else None


def _varied(path: str, node: ConfigNode, profile: Profile, problems: Problems) -> Varied | None:
    before = len(problems.errors)
    key = KeyPath.parse(path, node.place, problems)
    values = _values(node, problems)
    if key is None or values is None:
        return None
    seen: dict[str, ConfigNode] = {}
    for value in values:
        digest = _try(key, value, profile, problems)
        if digest is None:
            break  # the next value would be refused for the same reason, mostly
        if digest in seen:
            first = seen[digest]
            problems.error(value.place, f"found {value.shown()}", f"it says the same as {first.shown()} before it")
        seen.setdefault(digest, value)
    return Varied(path, tuple(plain(value) for value in values)) if len(problems.errors) == before else None


def _try(key: KeyPath, value: ConfigNode, profile: Profile, problems: Problems) -> str | None:
    """The digest of the profile with this value; None after reporting why there is none."""
    own = Problems()
    documents = documents_of(profile.content)
    put(documents, key, value, own)
    if not own.errors:
        made = build_profile(profile.name, documents, own)
        if made is not None:
            return made.digest
    for one in own.errors:
        problems.items.append(_at(one, value.place))
    return None


def _at(problem: ConfigProblem, place: Place) -> ConfigProblem:
    """The problem where the value stands, also where it shows in another place of the profile."""
    if problem.place.file == place.file:
        return problem
    return evolve(problem, place=place, found=f"with this value, {problem.place.path}: {problem.found}")


def _values(node: ConfigNode, problems: Problems) -> tuple[ConfigNode, ...] | None:
    """The values of a list, or of a range."""
    if isinstance(node.value, Mapping):
        return _range(node, problems)
    if not isinstance(node.value, tuple) or len(node.value) < 2:
        problems.error(
            node.place, f"found {node.shown()}", "allowed is a list of two values or more, or {from: …, to: …, step: …}"
        )
        return None
    if len(node.value) > MOST_VALUES:
        problems.error(node.place, f"found {node.shown()}", f"allowed are at most {MOST_VALUES} values")
        return None
    return node.value


@frozen
class _Range:
    from_: Decimal
    to: Decimal
    step: Decimal
    place: Place = field(eq=False)

    def values(self) -> tuple[ConfigNode, ...]:
        count = int((self.to - self.from_) / self.step) + 1
        return tuple(ConfigNode(self.from_ + number * self.step, self.place) for number in range(count))


def _range(node: ConfigNode, problems: Problems) -> tuple[ConfigNode, ...] | None:
    entries = _entries(node)
    numbers = {key: child.value for key, child in entries.items() if isinstance(child.value, Decimal)}
    if set(entries) != set(_RANGE) or len(numbers) < len(_RANGE):
        problems.error(node.place, f"found {node.shown()}", "a range has three numbers: {from: …, to: …, step: …}")
        return None
    found = _Range(numbers["from"], numbers["to"], numbers["step"], node.place)
    if not found.step > 0 or not found.from_ < found.to or (found.to - found.from_) % found.step:
        problems.error(
            node.place,
            f"from {found.from_} to {found.to} in steps of {found.step}",
            "a range goes upwards, in whole steps, and ends with its last value",
        )
        return None
    if (found.to - found.from_) / found.step + 1 > MOST_VALUES:
        problems.error(node.place, f"found {found.step} as step", f"allowed are at most {MOST_VALUES} values")
        return None
    return found.values()


def _check(settings: SearchSettings, node: ConfigNode, problems: Problems) -> None:
    """What fields alone do not tell: settings that would have no effect, or lack each other."""
    data, method = settings.data, settings.method
    if (data.archive is None) == (not data.files):
        problems.error(node.place_of("data"), "candles are named in two places, or in none", "write archive, or files")
    if data.archive is not None and data.contracts is not None:
        problems.error(
            node.place_of("data", "contracts"), "it has no effect beside the archive", "it belongs to files of candles"
        )
    if method.kind is not Method.GRID and method.trials is None:
        problems.error(node.place_of("method"), "the key 'trials' is missing", f"{method.kind} needs to know how many")
    idle = {"seed": method.kind is Method.GRID and method.seed is not None}
    idle["at_once"] = method.kind is not Method.OPTUNA and method.at_once is not None
    for key in (key for key, is_idle in idle.items() if is_idle):
        problems.error(node.place_of("method", key), f"it has no effect with {method.kind}", "leave it out")
    if settings.verdict.pbo_blocks % 2:
        problems.error(
            node.place_of("verdict", "pbo_blocks"), f"found {settings.verdict.pbo_blocks}", "allowed is an even number"
        )


def _check_size(space: SearchSpace, node: ConfigNode, problems: Problems) -> None:
    method = space.settings.method
    if method.trials is None or method.kind is Method.OPTUNA:
        return
    place = node.place_of("method", "trials")
    if method.kind is Method.GRID and space.size > method.trials:
        problems.error(
            place, f"the grid has {space.size} combinations", f"{method.trials} trials are allowed: raise it"
        )
    if method.kind is Method.RANDOM and space.size < method.trials:
        problems.error(place, f"found {method.trials}", f"there are {space.size} combinations: write that, or use grid")


def _entries(node: ConfigNode) -> Mapping[str, ConfigNode]:
    return node.value if isinstance(node.value, Mapping) else {}
