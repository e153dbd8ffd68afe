"""From a tree of configuration values to settings classes, reporting everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, fields, has

from mtf_core.settings.fields import Setting, setting_of
from mtf_core.settings.nodes import ConfigNode, Place, Problems, nearest_name

T = TypeVar("T")
_INVALID = object()


def structure(cls: type[T], node: ConfigNode, problems: Problems) -> T | None:
    """An instance of the attrs class `cls` from a map node, or None when something in it was wrong.

    Every problem is added to `problems`: unknown keys with the nearest known one, missing required keys, wrong
    types, values out of bounds. Supported field types: bool, int, float, Decimal, str, enums by value, nested
    settings classes, `X | None`, `tuple[X, ...]` from lists and `dict[K, X]` from maps.
    """
    built = _object(cls, node, problems)
    return None if built is _INVALID else built


@cache
def setting_types(cls: type) -> dict[str, Any]:
    """Resolved type of each field of a settings class."""
    return get_type_hints(cls)


def file_key(attribute: Attribute[Any]) -> str:
    """The key of a field as it is written in the file."""
    return setting_of(attribute).key or attribute.name


def _object(cls: type, node: ConfigNode, problems: Problems) -> Any:
    if not isinstance(node.value, Mapping):
        problems.error(node.place, f"found {node.shown()}", "allowed is a map of settings")
        return _INVALID
    attributes = {file_key(attribute): attribute for attribute in fields(cls)}
    for key, child in node.value.items():
        if key not in attributes:
            problems.error(
                child.place,
                f"unknown key {key!r}",
                f"known keys: {', '.join(sorted(attributes))}",
                nearest_name(key, attributes),
            )
    values = {
        attribute.name: _value(setting_types(cls)[attribute.name], node.value[key], setting_of(attribute), problems)
        for key, attribute in attributes.items()
        if key in node.value
    }
    missing = [key for key, attribute in attributes.items() if key not in node.value and attribute.default is NOTHING]
    for key in missing:
        problems.error(node.place, f"the key {key!r} is missing", f"it is required: {setting_of(attributes[key]).doc}")
    if missing or _INVALID in values.values():
        return _INVALID
    return cls(**values)


def _value(wanted: Any, node: ConfigNode, described: Setting, problems: Problems) -> Any:
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        if node.value is None and NoneType in get_args(wanted):
            return None
        inner = next(option for option in get_args(wanted) if option is not NoneType)
        return _value(inner, node, described, problems)
    if origin is tuple:
        return _tuple(get_args(wanted)[0], node, described, problems)
    if origin is dict:
        return _dict(get_args(wanted), node, described, problems)
    if has(wanted):
        return _object(wanted, node, problems)
    return _scalar(wanted, node, described, problems)


def _tuple(item_type: Any, node: ConfigNode, described: Setting, problems: Problems) -> Any:
    if not isinstance(node.value, tuple):
        problems.error(node.place, f"found {node.shown()}", "allowed is a list")
        return _INVALID
    items = [_value(item_type, item, described, problems) for item in node.value]
    return _INVALID if any(item is _INVALID for item in items) else tuple(items)


def _dict(types: tuple[Any, ...], node: ConfigNode, described: Setting, problems: Problems) -> Any:
    if not isinstance(node.value, Mapping):
        problems.error(node.place, f"found {node.shown()}", "allowed is a map")
        return _INVALID
    key_type, item_type = types
    built: dict[Any, Any] = {}
    for name, item in node.value.items():
        key = _named(key_type, name, item.place, problems)
        built[key] = _value(item_type, item, described, problems)
    return _INVALID if _INVALID in built or any(item is _INVALID for item in built.values()) else built


def _named(wanted: Any, text: str, place: Place, problems: Problems) -> Any:
    if not (isinstance(wanted, type) and issubclass(wanted, Enum)):
        return text
    names = [str(member.value) for member in wanted]
    if text not in names:
        problems.error(place, f"found {text!r}", f"allowed: {', '.join(names)}", nearest_name(text, names))
        return _INVALID
    return wanted(text)


def _scalar(wanted: Any, node: ConfigNode, described: Setting, problems: Problems) -> Any:
    value = node.value
    if isinstance(wanted, type) and issubclass(wanted, Enum) and isinstance(value, str):
        return _named(wanted, value, node.place, problems)
    if (wanted is bool and isinstance(value, bool)) or (wanted is str and isinstance(value, str)):
        return value
    if wanted in (int, float, Decimal) and isinstance(value, Decimal):
        return _number(wanted, value, node, described, problems)
    problems.error(node.place, f"found {node.shown()}", f"allowed is {_type_name(wanted)}")
    return _INVALID


def _number(wanted: Any, value: Decimal, node: ConfigNode, described: Setting, problems: Problems) -> Any:
    if not value.is_finite() or not described.admits(value):
        hint = " (a ratio: 0.01 means 1 %)" if described.unit == "ratio" else ""
        problems.error(node.place, f"found {value}", f"allowed is {described.bounds() or 'a finite number'}{hint}")
        return _INVALID
    if wanted is int and value != value.to_integral_value():
        problems.error(node.place, f"found {value}", "allowed is a whole number")
        return _INVALID
    return _without_idle_zeros(value) if wanted is Decimal else wanted(value)


def _without_idle_zeros(value: Decimal) -> Decimal:
    """The same number in plain digits: `50.0` and `5E+1` become `50`, so that how a file writes it shows nowhere."""
    return Decimal(f"{value.normalize():f}")


def _type_name(wanted: Any) -> str:
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return "one of " + ", ".join(str(member.value) for member in wanted)
    return {bool: "true or false", int: "a whole number", float: "a number", Decimal: "a number", str: "text"}.get(
        wanted, str(wanted)
    )
