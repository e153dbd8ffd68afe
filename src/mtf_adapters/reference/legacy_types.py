"""Values that the reference converted silently: quoted numbers, 0 and 1 for false and true, names in other cases."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from attrs import fields, has

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trees import plain_number, said, scalar
from mtf_core.settings.fields import Setting, setting_of
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.structure import file_key, setting_types

Path = tuple[str, ...]
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@cache
def known_settings(settings: type) -> dict[Path, tuple[Any, Setting]]:
    """Every value that a settings class takes, by the path of its key, with its type."""
    return dict(_settings(settings, ()))


def _settings(settings: type, path: Path) -> Iterator[tuple[Path, tuple[Any, Setting]]]:
    for attribute in fields(settings):
        wanted = _without_none(setting_types(settings)[attribute.name])
        at = (*path, file_key(attribute))
        if isinstance(wanted, type) and has(wanted):
            yield from _settings(wanted, at)
        else:
            yield at, (wanted, setting_of(attribute))


def _without_none(wanted: Any) -> Any:
    if get_origin(wanted) in (Union, UnionType):
        return next(option for option in get_args(wanted) if option is not NoneType)
    return wanted


def retyped(key: str, node: ConfigNode, wanted: Any, findings: Findings) -> ConfigNode:
    """The value in the type that the setting takes, if the reference would have read it so; else as it is."""
    origin = get_origin(wanted)
    if origin is tuple and isinstance(node.value, tuple):
        inner = get_args(wanted)[0]
        return ConfigNode(tuple(retyped(key, item, inner, findings) for item in node.value), node.place)
    if origin is dict and not isinstance(node.value, (tuple, str, bool, Decimal, NoneType)):
        inner = get_args(wanted)[1]
        items = {name: retyped(f"{key}.{name}", item, inner, findings) for name, item in node.value.items()}
        return ConfigNode(items, node.place)
    value = _read_as(wanted, node)
    if value is None or (value == node.value and type(value) is type(node.value)):
        return node
    written = scalar(node, value)
    findings.renamed(node, said(key, node), f"written {written.shown()}")
    return written


def _read_as(wanted: Any, node: ConfigNode) -> str | bool | Decimal | None:
    value = node.value
    if wanted in (int, float, Decimal):
        return plain_number(node)
    if wanted is bool:
        if isinstance(value, Decimal) and value in (0, 1):
            return value == 1
        return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if isinstance(wanted, type) and issubclass(wanted, Enum) and isinstance(value, str):
        names = {str(member.value).lower(): str(member.value) for member in wanted}
        return names.get(value.strip().lower())
    return None
