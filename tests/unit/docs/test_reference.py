"""The reference pages are what the code says, and say all of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from attrs import fields
from docs.generating.commands import command_tree, examples_of
from docs.generating.conditions import ANY_TRUE, NEVER, STRICT, UNLESS_TRUE, missing_rule
from docs.generating.pages import COMMAND, PAGES, ROOT, generated_pages, stale_pages
from typer.main import get_command

from mtf_core.features.families import FAMILIES
from mtf_core.features.family import Unit
from mtf_core.features.names import feature_spec, known_feature_names
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules import CONDITIONS
from mtf_core.runs.request import RunRequest
from mtf_core.settings import filters, selector, validation
from mtf_entrypoints.cli.app import app
from mtf_entrypoints.cli.errors import UsageError
from mtf_entrypoints.http.routes import ROUTES
from mtf_entrypoints.settings import VARIABLES
from tests.unit.rules.facts import FACTS


def page(name: str) -> str:
    return generated_pages()[f"docs/reference/{name}.md"]


def test_no_generated_page_is_stale() -> None:
    assert stale_pages() == [], f"refresh them with `{COMMAND}`"


def test_a_page_that_was_edited_or_removed_is_stale(tmp_path: Path) -> None:
    for path, text in generated_pages().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert stale_pages(tmp_path) == []
    edited, removed, *_ = PAGES
    (tmp_path / edited).write_text(generated_pages()[edited].replace("≥", ">", 1))
    (tmp_path / removed).unlink()
    assert stale_pages(tmp_path) == [edited, removed]


def test_every_file_of_the_reference_is_generated() -> None:
    assert {str(file.relative_to(ROOT)) for file in (ROOT / "docs/reference").iterdir()} == set(PAGES)


# --- conditions -----------------------------------------------------------------------------------------------
def test_every_condition_has_its_section_with_its_parameters() -> None:
    sections = re.split(r"^### ", page("conditions"), flags=re.MULTILINE)[1:]
    found = {section.splitlines()[0]: section for section in sections}
    assert set(found) == set(CONDITIONS)
    for name, condition in CONDITIONS.items():
        assert condition.summary in found[name]
        for parameter in condition.parameters:
            assert f"`{parameter.name}`" in found[name]


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_rule_on_missing_data_is_the_one_that_the_tests_of_conditions_hold(name: str) -> None:
    """`facts.py` says independently which conditions may be true with something missing."""
    rule = missing_rule(CONDITIONS[name])
    if name not in FACTS:
        assert rule == NEVER
    elif FACTS[name].decided_by_true:
        assert rule in (UNLESS_TRUE, ANY_TRUE)
    else:
        assert rule == STRICT


# --- features -------------------------------------------------------------------------------------------------
def test_every_name_of_every_family_is_on_the_page() -> None:
    text = page("features")
    assert [output.name for family in FAMILIES for output in family.outputs if f"| `{output.name}` |" not in text] == []
    assert {feature_spec(name).family for name in known_feature_names()} == set(FAMILIES)


def _walk(price: float = 1.0, volume: float = 1.0) -> FeatureTable:
    """Three days of a random walk in 15m candles, prices and volumes scaled."""
    random = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, 300)))
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) * 1.002, np.minimum(open_, close) * 0.998
    opens = 1_767_225_600_000 + np.arange(300) * Timeframe.M15.ms
    columns = [each * price for each in (open_, high, low, close)]
    candles = Candles.checked(Timeframe.M15, opens, *columns, random.uniform(1, 9, 300) * volume)
    stack = CandleStack.of_series(candles, "X")
    return FeatureTable(stack, stack.count)


@pytest.mark.parametrize("name", known_feature_names())
def test_a_feature_follows_prices_and_volumes_as_its_unit_says(name: str) -> None:
    """Ten times the price is ten times a price and the same ratio; likewise for volumes. Ten and four are no powers
    of each other, so one cannot be taken for the other."""
    unit = feature_spec(name).output.unit
    before = _walk().feature(name)[0, -1]
    assert before != 0
    assert _walk(price=10).feature(name)[0, -1] == pytest.approx(before * (10 if unit is Unit.PRICE else 1), rel=1e-6)
    assert _walk(volume=4).feature(name)[0, -1] == pytest.approx(before * (4 if unit is Unit.VOLUME else 1), rel=1e-6)


# --- reasons, settings, commands, routes ----------------------------------------------------------------------
def test_every_reason_code_stands_on_its_page_once() -> None:
    codes = re.findall(r"^\| `(\w+)` \|", page("reasons"), flags=re.MULTILINE)
    assert sorted(codes) == sorted(Reason)


def _keys(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of a configuration file's values; an index of a list is `[]`."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _keys(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from (key for item in value for key in _keys(item, f"{path}[]"))
    else:
        yield path


@pytest.mark.parametrize(
    "file", [*(ROOT / "config/app").glob("[!m]*.yaml"), *(ROOT / "config").glob("*.yaml")], ids=lambda file: file.name
)
def test_every_key_of_the_shipped_files_is_on_the_page(file: Any) -> None:
    documented = set(re.findall(r"^\| `([^`]+)`", page("settings"), flags=re.MULTILINE))
    for key in _keys(yaml.safe_load(file.read_text())):
        general = re.sub(r"\.(1m|5m|15m|1h|4h|1d)(?=\.|$)", ".<timeframe>", key)
        general = re.sub(r"^profiles\.\w+", "profiles.<name>", general)
        assert general in documented


def test_every_key_of_a_validation_file_is_on_the_page() -> None:
    known = {
        *validation._HEADER_KEYS,
        *validation._SECTION_KEYS,
        *selector._KEYS,
        *selector._LISTS,
        *filters._LIMITS,
    }
    rows = page("settings").split("## app/trade_entry.yaml")[0]
    assert {key for key in known if re.search(rf"`[^`]*\b{key}\b", rows) is None} == set()


def test_every_variable_of_the_environment_is_on_the_page() -> None:
    environment = page("settings").split("## Environment")[1]
    assert [name for name in VARIABLES if f"`{name}`" not in environment] == []


def test_every_command_and_every_option_is_on_the_page() -> None:
    text = page("commands")
    for path, command, _ in command_tree():
        section = text.split(f"## {path}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts:
                assert option in section


def _parse(line: str) -> None:
    """Reads a command line as `mtf` would, without doing anything; raises what `mtf` would complain about."""
    words = shlex.split(line)
    words = words[words.index("mtf") + 1 :]  # variables may stand before it
    command: Any = get_command(app)
    context = command.make_context("mtf", words, resilient_parsing=False)
    while hasattr(command, "commands") and (context._protected_args or context.args):
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, words, parent=context)


@pytest.mark.parametrize(
    "example", [example for _, command, _ in command_tree() for example in examples_of(command)], ids=str
)
def test_every_example_of_the_help_can_be_read_as_a_command(example: str) -> None:
    _parse(example)


def test_an_example_with_an_unknown_option_would_be_noticed() -> None:
    with pytest.raises(UsageError):
        _parse("mtf config check --no-such-option")


def test_every_field_of_a_request_is_an_option_of_mtf_run() -> None:
    """The page on requests says so."""
    (run,) = [command for path, command, _ in command_tree() if path == "mtf run"]
    options = {option.removeprefix("--").replace("-", "_") for each in run.params for option in each.opts}
    assert {item.metadata.get("name", item.name) for item in fields(RunRequest)} <= options


def test_every_route_is_on_the_page() -> None:
    text = page("http")
    for handler in ROUTES:
        for path in handler.paths:
            if handler.include_in_schema is False:
                continue
            plain = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
            assert any(f"## {method} {plain}\n" in text for method in handler.http_methods), plain
