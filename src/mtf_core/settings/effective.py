"""Each setting in effect with its unit, meaning and origin: what `mtf config show` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields, frozen, has

from mtf_core.settings.fields import Setting, setting_of
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.plain import Plain, plain
from mtf_core.settings.profile import Document, Profile
from mtf_core.settings.structure import file_key
from mtf_core.settings.validation import ValidationHeader

DEFAULT = "default"


@frozen
class EffectiveSetting:
    """One value in effect: its dotted path below the document's name, and where it comes from.

    `origin` is `file:line`, or `default` where no file says anything.
    """

    path: str
    value: Plain
    unit: str
    origin: str
    doc: str


def effective_settings(profile: Profile) -> tuple[EffectiveSetting, ...]:
    """Every setting of the profile, document by document, in the order of the settings classes."""
    documents: tuple[tuple[Document, Any], ...] = (
        (Document.TRADE_ENTRY, profile.trade_entry),
        (Document.CONTRACTS, profile.contracts),
        (Document.INDICATOR, profile.indicators),
        (Document.TRADING, profile.trading),
    )
    rows = list(_of_rules(profile))
    for document, settings in documents:
        rows.extend(_of_settings(settings, profile.documents[document], document.value))
    return tuple(rows)


def _of_settings(settings: Any, node: ConfigNode | None, path: str) -> Iterator[EffectiveSetting]:
    for attribute in fields(type(settings)):
        key = file_key(attribute)
        yield from _of_value(
            getattr(settings, attribute.name), _child(node, key), f"{path}.{key}", setting_of(attribute)
        )


def _of_value(value: Any, node: ConfigNode | None, path: str, described: Setting) -> Iterator[EffectiveSetting]:
    if has(type(value)):
        yield from _of_settings(value, node, path)
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _of_value(item, _child(node, str(key)), f"{path}.{key}", described)
    else:
        yield EffectiveSetting(path, plain(value), described.unit, _origin(node), described.doc)


def _of_rules(profile: Profile) -> Iterator[EffectiveSetting]:
    """The validation file as it stands: its keys, one row per rule and per list of conditions."""
    document = Document.VALIDATIONS.value
    node = profile.documents[document]
    in_effect = {
        "mode": profile.rules.mode,
        "context_timeframes": profile.rules.context_timeframes,
        "execution_timeframes": profile.rules.execution_timeframes,
        "execution_timeframe_default": profile.rules.execution_timeframe_default,
    }
    for attribute in fields(ValidationHeader):
        described = setting_of(attribute)
        child = _child(node, attribute.name)
        value = plain(in_effect[attribute.name])
        yield EffectiveSetting(f"{document}.{attribute.name}", value, described.unit, _origin(child), described.doc)
    for key, child in _entries(node).items():
        if key not in in_effect:
            yield from _of_tree(child, f"{document}.{key}", levels=1 if key == "rules" else 3)


def _of_tree(node: ConfigNode, path: str, levels: int) -> Iterator[EffectiveSetting]:
    """One row per entry of the maps down to a level; what lies deeper is one value."""
    if not isinstance(node.value, Mapping) or levels == 0:
        yield EffectiveSetting(path, plain(node), "", _origin(node), "")
        return
    for key, child in node.value.items():
        yield from _of_tree(child, f"{path}.{key}", levels - 1)


def _child(node: ConfigNode | None, key: str) -> ConfigNode | None:
    return _entries(node).get(key)


def _entries(node: ConfigNode | None) -> Mapping[str, ConfigNode]:
    return node.value if node is not None and isinstance(node.value, Mapping) else {}


def _origin(node: ConfigNode | None) -> str:
    return DEFAULT if node is None else f"{node.place.file}:{node.place.line}"
