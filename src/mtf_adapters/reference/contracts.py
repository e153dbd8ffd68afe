"""`mtf_contracts*.yaml`: which contracts a run looks at."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.legacy_types import known_settings, retyped
from mtf_adapters.reference.trees import as_map, at_path, entries_of, is_empty, said, with_path
from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.nodes import ConfigNode, Scalar

_DEAD = {
    "selection.enabled": "the selection applies whenever a run is given no symbols",
}
_GONE = {
    "selection.filters.expire_unit": "times of contracts are stored in milliseconds",
    "selection.filters.open_unit": "times of contracts are stored in milliseconds",
}
_DEFAULTS_THERE: dict[str, Scalar] = {
    "selection.filters.quote_currency": "USDT",
    "selection.filters.status": "trading",
    "selection.filters.min_turnover": Decimal(500_000),
    "selection.filters.mid_max_turnover": Decimal(2_000_000),
    "selection.filters.require_not_expired": True,
    "selection.filters.min_age_hours": Decimal(880),
    "selection.limits.top_n": Decimal(0),
    "selection.limits.mid_n": Decimal(0),
    "selection.order.top": "desc",
    "selection.order.mid": "asc",
}


def converted_contracts(settings: ConfigNode, findings: Findings, *, common: bool) -> ConfigNode:
    """The document `mtf_contracts` of this project; `common`: the one over which those of profiles are laid."""
    converted = as_map(settings, {})
    for name, node in _flattened(settings, ""):
        target = _target(name, node, findings)
        if target is None:
            continue
        path = tuple(target.split("."))
        known = known_settings(ContractSettings).get(path)
        value = retyped(target, node, known[0], findings) if known is not None else node
        if target == "selection.refresh_interval_minutes":
            findings.no_effect(node, said(name, node), "kept: it is in effect here", "decision 17")
        converted = with_path(converted, path, value, settings)
    return converted if common else _with_defaults(converted, findings)


def _flattened(node: ConfigNode, name: str) -> list[tuple[str, ConfigNode]]:
    """Every value with its dotted path; what a map of this document should be, but is not, counts as a value."""
    values: list[tuple[str, ConfigNode]] = []
    sections = {".".join(path[:depth]) for path in known_settings(ContractSettings) for depth in range(1, len(path))}
    for key, child in entries_of(node).items():
        shown = f"'{key}'" if "." in key else key  # a key with a dot is not the path that it looks like
        at = f"{name}.{shown}" if name else shown
        values += _flattened(child, at) if at in sections and entries_of(child) else [(at, child)]
    return values


def _target(name: str, node: ConfigNode, findings: Findings) -> str | None:
    """The dotted path of a setting here, or None when it is left out."""
    if name in ("version", "meta"):
        findings.no_effect(node, said(name, node), "a label, left out")
    elif name in _DEAD:
        findings.no_effect(node, said(name, node), f"left out: {_DEAD[name]}")
    elif name in _GONE:
        findings.dropped(node, said(name, node), f"left out: {_GONE[name]}")
    elif name == "selection.filters.max_age_hours":
        done = "written min_age_hours: it is a least age"
        findings.renamed(node, said(name, node), done, "decision 17")
        return "selection.filters.min_age_hours" if node.value is not None else None
    elif is_empty(node) and not isinstance(node.value, tuple):
        findings.no_effect(node, f"{name} without a value", "left out")
    elif tuple(name.split(".")) not in known_settings(ContractSettings) and not _is_section(name):
        findings.decision(node, said(name, node), "left out: no meaning of it is known")
    else:
        return name
    return None


def _is_section(name: str) -> bool:
    path = tuple(name.split("."))
    return any(known[: len(path)] == path for known in known_settings(ContractSettings))


def _with_defaults(root: ConfigNode, findings: Findings) -> ConfigNode:
    for name, value in _DEFAULTS_THERE.items():
        path = tuple(name.split("."))
        parents: list[ConfigNode | None] = [at_path(root, path[:depth]) for depth in range(1, len(path))]
        blocked = any(node is not None and not isinstance(node.value, dict) for node in parents)
        if blocked or at_path(root, path) is not None:
            continue
        node = ConfigNode(value, root.place)
        findings.added(as_map(root, {}), f"no {name}: it was {node.shown()} then", f"written {node.shown()}")
        root = with_path(root, path, node)
    return root
