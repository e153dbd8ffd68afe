"""Every bound that a setting declares holds: the first value beyond it is refused with it, the last within is taken.

All keys are wrong at once, so that each of these tests also proves that every problem of a file is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

from mtf_core.settings.nodes import ConfigNode, Place, Problems
from mtf_core.settings.plain import node_from
from mtf_core.settings.profile import Document, build_profile
from mtf_core.settings.structure import structure
from tests.unit.settings.liveness.keys import DOCUMENTS, Key, every_key
from tests.unit.settings.liveness.worlds import NAME, concrete, full_content_with


def shown(key: Key) -> str:
    """The path of a key as a message shows it, below the document."""
    return concrete(key).partition(".")[2].replace(".0.", "[0].")


def kind(key: Key) -> Any:
    """The type of a key's value, without the None that stands for its absence."""
    return next((option for option in get_args(key.type) if option is not NoneType), key.type)


def documents_with(values: Mapping[Key, Any]) -> dict[str, ConfigNode]:
    content = full_content_with({concrete(key): value for key, value in values.items()})
    return {name: node_from(document, Place(name, 1)) for name, document in content.items()}


def messages(values: Mapping[Key, Any]) -> dict[Key, list[str]]:
    """What loading a profile in which these keys have these values says about the place of each."""
    problems = Problems()
    profile = build_profile(NAME, documents_with(values), problems)
    assert (profile is None) == bool(problems.errors)
    said: dict[tuple[str, str], list[str]] = {}
    for problem in problems.errors:
        text = f"{problem.found}; {problem.allowed}"
        said.setdefault((problem.place.file, problem.place.path), []).append(text)
    return {key: said.get((key.path.partition(".")[0], shown(key)), []) for key in values}


def refused_by_itself(values: Mapping[Key, Any]) -> list[str]:
    """The same, leaving aside how the keys fit each other."""
    problems = Problems()
    for name, node in documents_with(values).items():
        document = Document(name)
        if document is Document.VALIDATIONS:
            assert isinstance(node.value, Mapping)
            node = ConfigNode({key: item for key, item in node.value.items() if key != "validation"}, node.place)  # noqa: PLW2901
        structure(DOCUMENTS[document], node, problems)
    return [str(problem) for problem in problems.errors]


NUMBERS = [key for key in every_key() if kind(key) in (int, Decimal)]


def beyond_and_within(key: Key) -> tuple[tuple[Decimal, Decimal], ...]:
    """For each bound the first value beyond it and the last one within."""
    bounds, step = key.setting, Decimal(1) if kind(key) is int else Decimal("0.0001")
    pairs = (
        (bounds.ge, -step, 0),
        (bounds.gt, 0, step),
        (bounds.le, step, 0),
        (bounds.lt, 0, -step),
    )
    return tuple((bound + beyond, bound + within) for bound, beyond, within in pairs if bound is not None)


def rounds() -> Iterator[dict[Key, tuple[Decimal, Decimal]]]:
    """Every bound of every number: all first ones together, then all second ones."""
    edges = {key: beyond_and_within(key) for key in NUMBERS}
    for place in range(max(map(len, edges.values()))):
        yield {key: pairs[place] for key, pairs in edges.items() if place < len(pairs)}


def plain_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def test_a_value_just_beyond_a_bound_is_refused_with_the_bound() -> None:
    for edges in rounds():
        wrong = {key: plain_number(beyond) for key, (beyond, _) in edges.items()}
        accepted = [
            (key.path, value, said)
            for (key, value), said in zip(wrong.items(), messages(wrong).values(), strict=True)
            if not any(
                text.startswith(f"found {Decimal(repr(value))}; allowed is {key.setting.bounds()}") for text in said
            )
        ]
        assert accepted == []


def test_a_value_at_the_edge_within_is_taken() -> None:
    for edges in rounds():
        assert refused_by_itself({key: plain_number(within) for key, (_, within) in edges.items()}) == []


def test_every_number_has_a_least_value() -> None:
    assert [key.path for key in NUMBERS if key.setting.ge is None and key.setting.gt is None] == []


def test_a_fraction_is_refused_where_a_whole_number_is_due() -> None:
    whole = [key for key in NUMBERS if kind(key) is int]
    fractions = {
        key: float(key.setting.ge if key.setting.ge is not None else key.setting.gt or 0) + 0.5 for key in whole
    }
    expected = {key: [f"found {value}; allowed is a whole number"] for key, value in fractions.items()}
    assert messages(fractions) == expected


VALUES = {"number": 1, "text": "?", "true/false": True, "list": [], "map": {}, "nothing": None}


def kinds_taken(key: Key) -> set[str]:
    wanted = kind(key)
    taken = {"nothing"} if NoneType in get_args(key.type) else set()
    if get_origin(wanted) is tuple or get_origin(key.type) is tuple:
        return taken | {"list"}
    if wanted is bool:
        return taken | {"true/false"}
    if wanted is str:
        return taken | {"text"}
    return taken | (set() if issubclass(wanted, Enum) else {"number"})


def test_a_value_of_another_kind_is_refused_with_what_was_found() -> None:
    for name, value in VALUES.items():
        said = messages({key: value for key in every_key() if name not in kinds_taken(key)})
        accepted = [
            (key.path, name, texts)
            for key, texts in said.items()
            if not texts or not texts[0].startswith("found ") or "; allowed" not in texts[0]
        ]
        assert accepted == []
