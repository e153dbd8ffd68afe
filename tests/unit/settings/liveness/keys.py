"""Every key of every settings class, found by looking at the classes, and configurations that differ in one of them.

A key is written `document.section.name`; `*` stands for any name in a map (`trading.profiles.*.enabled`), `[]` for any
place in a list (`trade_entry.leverage.per_symbol_caps[].cap`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, get_args, get_origin

from attrs import fields, frozen, has

from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.fields import Setting, setting_of
from mtf_core.settings.indicators import IndicatorSettings
from mtf_core.settings.profile import Document
from mtf_core.settings.structure import file_key, setting_types
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trading import TradingSettings
from mtf_core.settings.validation import ValidationHeader

DOCUMENTS: Mapping[Document, type] = {
    Document.VALIDATIONS: ValidationHeader,
    Document.TRADE_ENTRY: TradeEntrySettings,
    Document.CONTRACTS: ContractSettings,
    Document.INDICATOR: IndicatorSettings,
    Document.TRADING: TradingSettings,
}
"""The settings class that each file becomes; of a validation file it is the part beside the rules."""

Content: TypeAlias = dict[str, Any]
"""Documents as JSON values, by name, under the keys of the files."""


@frozen
class Key:
    """One setting: where it stands, the type of its value and what is declared about it."""

    path: str
    type: Any
    setting: Setting


def every_key() -> tuple[Key, ...]:
    """The leaves of all settings classes."""
    return tuple(key for document, cls in DOCUMENTS.items() for key in keys_of(cls, document.value))


def keys_of(cls: type, path: str) -> Iterator[Key]:
    """The leaves of one settings class, below a path."""
    for attribute in fields(cls):
        wanted = setting_types(cls)[attribute.name]
        yield from _below(wanted, f"{path}.{file_key(attribute)}", setting_of(attribute))


def _below(wanted: Any, path: str, described: Setting) -> Iterator[Key]:
    origin = get_origin(wanted)
    if origin is dict:
        yield from _below(get_args(wanted)[1], f"{path}.*", described)
    elif origin is tuple and has(get_args(wanted)[0]):
        yield from keys_of(get_args(wanted)[0], f"{path}[]")
    elif has(wanted):
        yield from keys_of(wanted, path)
    else:
        yield Key(path, wanted, described)


def matches(path: str, key: str) -> bool:
    """Whether a concrete path (`trading.profiles.crash.enabled`, `….per_symbol_caps.0.cap`) is one of a key."""
    pattern = re.escape(key).replace(r"\*", r"[^.]+").replace(r"\[\]", r"\.\d+")
    return re.fullmatch(pattern, path) is not None


def changed(content: Content, changes: Mapping[str, Any]) -> Content:
    """The content with other values at some paths; maps on the way are made where there are none."""
    for path, value in changes.items():
        content = _with(content, path.split("."), value)
    return content


def _with(container: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    name, *rest = path
    if isinstance(container, list):
        items = list(container)
        items[int(name)] = _with(items[int(name)], rest, value)
        return items
    held = container if isinstance(container, Mapping) else {}
    return {**held, name: _with(held.get(name), rest, value)}


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The paths at which two contents differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys([*one, *other]):
            yield from differences(one.get(name), other.get(name), f"{path}.{name}" if path else name)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, items in enumerate(zip(one, other, strict=True)):
            yield from differences(*items, f"{path}.{index}")
    elif one != other:
        yield path
