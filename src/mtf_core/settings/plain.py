"""Settings as JSON and back, without loss: numbers of at most 15 digits survive the way through a float."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from attrs import fields, has

from mtf_core.settings.nodes import ConfigNode, Place
from mtf_core.settings.structure import file_key

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | None"
"""A JSON value."""


def plain(value: object) -> Plain:
    """A settings object, a configuration node or anything below them, as JSON under the keys of the files."""
    if isinstance(value, ConfigNode):
        return plain(value.value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    return _of_settings(value)


def _of_settings(settings: Any) -> Plain:
    if not has(type(settings)):
        raise TypeError(f"{type(settings).__name__} is no setting")
    return {file_key(attribute): plain(getattr(settings, attribute.name)) for attribute in fields(type(settings))}


def node_from(value: Plain, place: Place) -> ConfigNode:
    """JSON as a configuration tree; numbers become `Decimal` by their shortest text."""
    if isinstance(value, (bool, str)) or value is None:
        return ConfigNode(value, place)
    if isinstance(value, (int, float)):
        return ConfigNode(Decimal(repr(value)), place)
    if isinstance(value, Mapping):
        return ConfigNode({key: node_from(item, place.child(key, place.line)) for key, item in value.items()}, place)
    return ConfigNode(tuple(node_from(item, place.child(index, place.line)) for index, item in enumerate(value)), place)
