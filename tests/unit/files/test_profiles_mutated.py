"""A shipped profile with one value replaced is either a profile or refused with a place; it never raises."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.profile import build_profile, profile_from_content
from tests.unit.files.shipped import shipped

Path = tuple[str | int, ...]

SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from(["", "x", "1m", "4h", "rsi", "macd_hist", "rsi_lt_70", "near_vwap", "builtin.near_vwap", "*("])
    | st.sampled_from([Decimal(text) for text in ("0", "-1", "1", "0.5", "1000", "1e99", "-1e-99")])
)


def paths(node: ConfigNode, at: Path = ()) -> Iterator[Path]:
    """Every value below a tree."""
    for key, child in _children(node):
        yield (*at, key)
        yield from paths(child, (*at, key))


def replaced(node: ConfigNode, path: Path, value: object) -> ConfigNode:
    """The tree with another value at a path; a list or a map becomes nodes at the same place."""
    if not path:
        return _node(value, node)
    if isinstance(node.value, Mapping):
        return evolve(node, value={**node.value, path[0]: replaced(node.value[str(path[0])], path[1:], value)})
    assert isinstance(node.value, tuple)
    items = list(node.value)
    items[int(path[0])] = replaced(items[int(path[0])], path[1:], value)
    return evolve(node, value=tuple(items))


def _node(value: object, like: ConfigNode) -> ConfigNode:
    if isinstance(value, list):
        return evolve(like, value=tuple(_node(item, like) for item in value))
    if isinstance(value, dict):
        return evolve(like, value={key: _node(item, like) for key, item in value.items()})
    return evolve(like, value=value)


def _children(node: ConfigNode) -> Iterator[tuple[str | int, ConfigNode]]:
    if isinstance(node.value, Mapping):
        yield from node.value.items()
    elif isinstance(node.value, tuple):
        yield from enumerate(node.value)


@pytest.mark.parametrize("name", ["scalper_micro", "crash"])
@given(data=st.data())
def test_one_replaced_value_never_raises(name: str, data: st.DataObject) -> None:
    documents = dict(shipped(name).documents)
    document = data.draw(st.sampled_from(sorted(documents)))
    path = data.draw(st.sampled_from(list(paths(documents[document]))))
    value = data.draw(
        SCALARS
        | st.lists(SCALARS, max_size=2)
        | st.dictionaries(st.sampled_from(["x", "1m", "long", "all_of", "not", "min", "enabled"]), SCALARS, max_size=2)
    )
    documents[document] = replaced(documents[document], path, value)
    problems = Problems()
    profile = build_profile(name, documents, problems)
    if profile is None:
        assert problems.errors
        assert all(problem.found and problem.allowed for problem in problems.errors)
    else:
        assert profile_from_content(profile.content).digest == profile.digest
