"""Taking configuration trees apart and building new ones whose values remember where they stood in the source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import evolve

from mtf_adapters.files.yaml import MAX_DIGITS
from mtf_core.settings.nodes import ConfigNode, Scalar

Entries = dict[str, ConfigNode]
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_LONGEST = 40


def entries_of(node: ConfigNode | None) -> Entries:
    """The entries of a map; none for anything else."""
    return dict(node.value) if node is not None and isinstance(node.value, Mapping) else {}


def items_of(node: ConfigNode | None) -> tuple[ConfigNode, ...]:
    """The items of a list; none for anything else."""
    return node.value if node is not None and isinstance(node.value, tuple) else ()


def is_empty(node: ConfigNode) -> bool:
    """Nothing at all, or a list or map without entries."""
    return node.value is None or (isinstance(node.value, (tuple, Mapping)) and not node.value)


def scalar(like: ConfigNode, value: Scalar) -> ConfigNode:
    return ConfigNode(value, like.place)


def number(like: ConfigNode, value: int | str) -> ConfigNode:
    return ConfigNode(Decimal(value), like.place)


def as_list(like: ConfigNode, items: Iterable[ConfigNode]) -> ConfigNode:
    return ConfigNode(tuple(items), like.place)


def as_map(like: ConfigNode, entries: Mapping[str, ConfigNode]) -> ConfigNode:
    return ConfigNode(dict(entries), like.place)


def plain_number(node: ConfigNode) -> Decimal | None:
    """The number that a node is, also when it was written in quotes; None for anything else."""
    if isinstance(node.value, Decimal):
        return node.value
    if not isinstance(node.value, str) or len(node.value) > _LONGEST or not _NUMBER.fullmatch(node.value.strip()):
        return None
    value = Decimal(node.value.strip())
    # What a file may hold as a number: anything else would be refused when it is read back.
    fits = len(value.normalize().as_tuple().digits) <= MAX_DIGITS and (not value or abs(value.adjusted()) <= 100)
    return value if fits else None


def said(key: str, node: ConfigNode) -> str:
    """`key: value` as a message shows it."""
    return f"{key}: {node.shown()}"


def at_path(root: ConfigNode, path: Iterable[str]) -> ConfigNode | None:
    """The node below a dotted path's keys, or None."""
    node = root
    for key in path:
        inner = entries_of(node).get(key)
        if inner is None:
            return None
        node = inner
    return node


def with_path(
    root: ConfigNode, path: tuple[str, ...], value: ConfigNode, source: ConfigNode | None = None
) -> ConfigNode:
    """The tree with a value below a path; maps on the way are made where they are missing, placed as in `source`."""
    key, *rest = path
    entries = entries_of(root)
    if not rest:
        return evolve(root, value={**entries, key: value})
    below = entries_of(source).get(key)
    inner = entries.get(key)
    if inner is None or not isinstance(inner.value, Mapping):
        inner = ConfigNode({}, (below or value).place)
    return evolve(root, value={**entries, key: with_path(inner, tuple(rest), value, below)})
