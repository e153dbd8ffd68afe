"""What the common file brings into effect where a profile's own file says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.legacy_types import Path, known_settings
from mtf_adapters.reference.trees import at_path
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.plain import Plain, plain


def report_inherited(settings: type, own: ConfigNode, common: ConfigNode, findings: Findings) -> None:
    """Adds a finding for each value of the common file that is in effect and differs from the key's default.

    `settings` is the class that both files become, and that can be made of nothing.
    """
    defaults = plain(settings())
    for path in known_settings(settings):
        node = at_path(common, path)
        if node is None or _is_said(own, path) or plain(node) == _at(defaults, path):
            continue
        value = json.dumps(plain(node), ensure_ascii=False)
        findings.inherited(
            ConfigNode(None, own.place),
            f"no {'.'.join(path)}",
            f"in effect is {value} of {node.place.file}:{node.place.line}",
        )


def _is_said(own: ConfigNode, path: Path) -> bool:
    """Whether the file says it: `entry.entry_zone` goes before the same key of `post_validation`."""
    section, *rest = path
    return at_path(own, path) is not None or (
        section == "post_validation" and at_path(own, ("entry", *rest)) is not None
    )


def _at(value: Plain, path: Path) -> Plain:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
