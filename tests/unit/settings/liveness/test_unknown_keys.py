"""A key that means nothing is refused at load: every key of every shipped file, misspelt beside itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtf_adapters.files.config_dir import SCHEDULES_FILE, config_dir_in_use
from mtf_adapters.files.profiles import load_alerts, load_profile, load_replay
from mtf_adapters.files.yaml import read_yaml
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.settings.nodes import ConfigError, ConfigProblem, Place, Problems
from mtf_core.settings.plain import node_from
from mtf_core.settings.profile import Document, build_profile
from mtf_core.settings.refused import REFUSED_CONTRACT_KEYS, REFUSED_INDICATOR_KEYS, REFUSED_VALIDATION_KEYS
from mtf_core.settings.trade_entry_refused import REFUSED_KEYS
from mtf_entrypoints.temporal.plan import read_schedules
from tests.unit.settings.liveness.keys import Content, every_key
from tests.unit.settings.liveness.spelling import WrittenKey, written_keys
from tests.unit.settings.liveness.worlds import NAME, concrete, full_content_with

SHIPPED = config_dir_in_use()
FILES = sorted(str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that a test may change."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def errors_of(folder: Path, file: str) -> tuple[ConfigProblem, ...]:
    """What is wrong in a file, when a profile that reads it is loaded."""
    profile = Path(file).stem.partition(".")[2] or "scalper"
    try:
        if file == SCHEDULES_FILE:
            node = read_yaml(folder / file, str(folder / file), Problems())
            assert node is not None
            read_schedules(node, ["scalper"])
        elif file == "app/alerts.yaml":
            load_alerts(folder)
        elif file == "app/replay.yaml":
            load_replay(folder)
        load_profile(profile, folder)
    except ConfigError as error:
        return tuple(problem for problem in error.problems if problem.place.file == str(folder / file))
    return ()


def errors_in(content: Content) -> tuple[ConfigProblem, ...]:
    """What is wrong with a configuration; each document's name stands for its file."""
    problems = Problems()
    build_profile(NAME, {name: node_from(document, Place(name, 1)) for name, document in content.items()}, problems)
    return problems.errors


def keys_of(folder: Path, file: str) -> Iterator[tuple[WrittenKey, bool]]:
    """Every key of a file, and whether it names a rule or a built-in condition: a name that may be anything."""
    keys = written_keys(folder / file)
    rules = {key.name for key in keys if key.path == f"rules.{key.name}"}
    for key in keys:
        yield key, key.name.removeprefix("builtin.") in rules | set(CONDITIONS)


@pytest.mark.parametrize("file", FILES)
def test_a_misspelt_copy_of_any_setting_is_refused_with_its_place_and_the_right_name(file: str, folder: Path) -> None:
    """All copies at once; what stands in a rule that is wrong already is tried again without the copies around it."""
    keys = [key for key, names_a_rule in keys_of(folder, file) if not names_a_rule]
    untold = with_untold_copies(folder, file, keys)
    while untold and len(untold) < len(keys):
        keys, untold = untold, with_untold_copies(folder, file, untold)
    assert [key.path for key in untold] == []


def with_untold_copies(folder: Path, file: str, keys: list[WrittenKey]) -> list[WrittenKey]:
    """The keys of which a misspelt copy is not refused at its line, with the right name, when all have one."""
    shipped = text = (SHIPPED / file).read_text(encoding="utf-8")
    for key in reversed(keys):  # from the last one on, so that the places of those before it stay
        text = key.beside(text)
    (folder / file).write_text(text, encoding="utf-8")
    lines = text.splitlines()
    problems = errors_of(folder, file)
    (folder / file).write_text(shipped, encoding="utf-8")
    said = {
        (problem.place.path, problem.nearest)
        for problem in problems
        if problem.place.path.rpartition(".")[2] in lines[problem.place.line - 1]
    }
    return [key for key in keys if (f"{key.path.removesuffix(key.name)}{key.misspelt}", key.name) not in said]


@pytest.mark.parametrize("file", [file for file in FILES if "mtf_validations" in file])
def test_a_second_name_beside_that_of_a_rule_is_refused_where_both_stand(file: str, folder: Path) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    accepted = []
    used = [key for key, names_a_rule in keys_of(folder, file) if names_a_rule and key.path != f"rules.{key.name}"]
    assert used
    for key in used:
        (folder / file).write_text(key.beside(text), encoding="utf-8")
        place = key.path.removesuffix(f".{key.name}")
        if not any(problem.place.path == place for problem in errors_of(folder, file)):
            accepted.append(key.path)
    assert accepted == []


@pytest.mark.parametrize("file", [file for file in FILES if "mtf_validations" in file])
def test_a_misspelt_name_of_a_rule_is_refused_or_warned_about(file: str, folder: Path) -> None:
    """Where it is defined: those that use it look for it in vain, unless a built-in has the name or none does."""
    text = (folder / file).read_text(encoding="utf-8")
    defined = [key for key, _ in keys_of(folder, file) if key.path == f"rules.{key.name}"]
    assert defined
    for key in defined:
        (folder / file).write_text(key.renamed(text), encoding="utf-8")
        if any(problem.nearest == key.misspelt for problem in errors_of(folder, file)):
            continue
        assert key.name in CONDITIONS, key.path
        warnings = load_profile(Path(file).stem.partition(".")[2], folder).warnings
        assert f"nothing uses the rule {key.misspelt!r}" in [warning.found for warning in warnings]


NAMES_AN_EXCHANGE = "trading.no_trade.*"
"""No exchange is named in the core: the container refuses names that it does not know."""


def test_a_misspelt_copy_of_any_setting_that_there_is_is_refused_with_the_right_name() -> None:
    misspelt = {key: concrete(key) + key.path[-1] for key in every_key() if key.path != NAMES_AN_EXCHANGE}
    said = {
        (item.place.file, item.place.path): item.nearest
        for item in errors_in(full_content_with(dict.fromkeys(misspelt.values(), 1)))
    }
    accepted = []
    for key, path in misspelt.items():
        document, _, below = path.partition(".")
        if said.get((document, below.replace(".0.", "[0]."))) != concrete(key).rpartition(".")[2]:
            accepted.append(path)
    assert accepted == []


REFUSED = {
    f"{document}.{path}": why
    for document, table in (
        (Document.VALIDATIONS, REFUSED_VALIDATION_KEYS),
        (Document.TRADE_ENTRY, REFUSED_KEYS),
        (Document.CONTRACTS, REFUSED_CONTRACT_KEYS),
        (Document.INDICATOR, REFUSED_INDICATOR_KEYS),
    )
    for path, why in table.items()
}


def test_a_key_of_older_files_is_refused_with_the_reason() -> None:
    assert REFUSED.keys().isdisjoint(key.path for key in every_key())
    said = {
        f"{item.place.file}.{item.place.path}": item.allowed
        for item in errors_in(full_content_with(dict.fromkeys(REFUSED, 1)))
        if "is refused" in item.found
    }
    assert said == REFUSED


@pytest.mark.parametrize("file", ["app/trade_entry.yaml", "app/mtf_contracts.yaml"])
def test_what_every_profile_replaces_in_a_common_file_is_still_checked(file: str, folder: Path) -> None:
    own = "app/trade_entry.scalper.yaml" if "trade_entry" in file else "app/mtf_contracts.scalper.yaml"
    (folder / own).write_text("{leverage: {exchange_cap: 10}}" if "trade_entry" in file else "{}", encoding="utf-8")
    text = (folder / file).read_text(encoding="utf-8")
    old = "exchange_cap: 100" if "trade_entry" in file else "top_n: 300"
    assert old in text
    (folder / file).write_text(text.replace(old, f"{old.partition(':')[0]}: 0.5"), encoding="utf-8")
    assert [problem.found for problem in errors_of(folder, file)] == ["found 0.5"]
