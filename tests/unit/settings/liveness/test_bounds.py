"""Every bound that a setting declares holds: the first value beyond it is refused with it, the last within is taken."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

import pytest

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


def documents_with(key: Key, value: Any) -> dict[str, ConfigNode]:
    content = full_content_with({concrete(key): value})
    return {name: node_from(document, Place(name, 1)) for name, document in content.items()}


def messages(key: Key, value: Any) -> list[str]:
    """What loading a profile says about the key's place when it has this value."""
    problems = Problems()
    profile = build_profile(NAME, documents_with(key, value), problems)
    assert (profile is None) == bool(problems.errors)
    return [
        f"{problem.found}; {problem.allowed}"
        for problem in problems.errors
        if problem.place.path == shown(key) and problem.place.file == key.path.partition(".")[0]
    ]


def refused_by_itself(key: Key, value: Any) -> list[str]:
    """The same, leaving aside how the key fits others."""
    document = Document(key.path.partition(".")[0])
    node, problems = documents_with(key, value)[document.value], Problems()
    if document is Document.VALIDATIONS:
        node = ConfigNode({name: item for name, item in node.value.items() if name != "validation"}, node.place)  # type: ignore[union-attr]
    structure(DOCUMENTS[document], node, problems)
    return [str(problem) for problem in problems.errors]


NUMBERS = [key for key in every_key() if kind(key) in (int, Decimal)]


def beyond_and_within(key: Key) -> Iterator[tuple[Decimal, Decimal]]:
    """For each bound the first value beyond it and the last one within."""
    bounds, step = key.setting, Decimal(1) if kind(key) is int else Decimal("0.0001")
    if bounds.ge is not None:
        yield bounds.ge - step, bounds.ge
    if bounds.gt is not None:
        yield bounds.gt, bounds.gt + step
    if bounds.le is not None:
        yield bounds.le + step, bounds.le
    if bounds.lt is not None:
        yield bounds.lt, bounds.lt - step


def plain_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: key.path)
def test_a_value_just_beyond_a_bound_is_refused_with_the_bound(key: Key) -> None:
    for beyond, _ in beyond_and_within(key):
        expected = f"found {Decimal(repr(plain_number(beyond)))}; allowed is {key.setting.bounds()}"
        assert [message for message in messages(key, plain_number(beyond)) if message.startswith(expected)]


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: key.path)
def test_a_value_at_the_edge_within_is_taken(key: Key) -> None:
    for _, within in beyond_and_within(key):
        assert refused_by_itself(key, plain_number(within)) == []


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: key.path)
def test_every_number_has_a_least_value(key: Key) -> None:
    assert key.setting.ge is not None or key.setting.gt is not None


@pytest.mark.parametrize("key", [key for key in NUMBERS if kind(key) is int], ids=lambda key: key.path)
def test_a_fraction_is_refused_where_a_whole_number_is_due(key: Key) -> None:
    least = key.setting.ge if key.setting.ge is not None else key.setting.gt
    assert least is not None
    assert messages(key, float(least) + 0.5) == [f"found {float(least) + 0.5}; allowed is a whole number"]


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


@pytest.mark.parametrize("key", every_key(), ids=lambda key: key.path)
def test_a_value_of_another_kind_is_refused_with_what_was_found(key: Key) -> None:
    for name, value in VALUES.items():
        if name not in kinds_taken(key):
            (message, *_) = messages(key, value)
            assert message.startswith("found ")
            assert "; allowed" in message
