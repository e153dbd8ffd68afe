"""The shapes of a profile's trees, as they are stored once per configuration: what stored traces are read with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.rules.trace import Slot, TemplateNode
from mtf_core.settings.digest import digest_of

if TYPE_CHECKING:
    from mtf_core.validation.compiled_profile import CompiledProfile


@frozen
class TimeframeShapes:
    """The trees of one timeframe without results; `filter_sides`: for each filter its side, or `both`."""

    filters: tuple[TemplateNode, ...]
    filter_sides: tuple[str, ...]
    long: TemplateNode | None
    short: TemplateNode | None


Templates: TypeAlias = Mapping[Timeframe, TimeframeShapes]


class UnreadableTemplatesError(ValueError):
    """A document that is stored as shapes of trees, and is none."""


def shapes_of(compiled: CompiledProfile) -> Templates:
    """The shape of every tree of a profile."""
    return {
        timeframe: TimeframeShapes(
            tuple(template.root for template in part.filters),
            tuple(item.spoken_for for item in compiled.profile.rules.filters_on(timeframe)),
            part.long.root if part.long else None,
            part.short.root if part.short else None,
        )
        for timeframe, part in compiled.parts.items()
    }


def templates_of(compiled: CompiledProfile) -> dict[str, Any]:
    """The shapes as the JSON document that is stored."""
    return {
        str(timeframe): {
            "filters": [_node_to_json(root) for root in shapes.filters],
            "filter_sides": list(shapes.filter_sides),
            "long": _node_to_json(shapes.long) if shapes.long else None,
            "short": _node_to_json(shapes.short) if shapes.short else None,
        }
        for timeframe, shapes in shapes_of(compiled).items()
    }


@lru_cache(maxsize=32)
def templates_digest(compiled: CompiledProfile) -> str:
    """The digest under which the shapes are stored; worked out once per compiled profile."""
    return digest_of(templates_of(compiled))


def read_templates(document: Mapping[str, Any]) -> Templates:
    """The shapes of a stored document; raises `UnreadableTemplatesError`."""
    try:
        return {
            Timeframe(name): TimeframeShapes(
                tuple(_node_from_json(root) for root in shapes["filters"]),
                tuple(shapes["filter_sides"]),
                _node_from_json(shapes["long"]) if shapes["long"] else None,
                _node_from_json(shapes["short"]) if shapes["short"] else None,
            )
            for name, shapes in document.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableTemplatesError(f"the stored shapes of trees cannot be read: {error!r}") from error


def _node_to_json(node: TemplateNode) -> dict[str, Any]:
    document: dict[str, Any] = {"label": node.label, "kind": node.kind}
    if node.parameters:
        document["parameters"] = dict(node.parameters)
    if node.comparison:
        document["comparison"] = node.comparison
        document["slots"] = [[slot.text, slot.supplied, slot.constant] for slot in node.slots]
    if node.children:
        document["children"] = [_node_to_json(child) for child in node.children]
    return document


def _node_from_json(document: Mapping[str, Any]) -> TemplateNode:
    return TemplateNode(
        document["label"],
        document["kind"],
        tuple(document.get("parameters", {}).items()),
        document.get("comparison", ""),
        tuple(Slot(*slot) for slot in document.get("slots", ())),
        tuple(_node_from_json(child) for child in document.get("children", ())),
    )
