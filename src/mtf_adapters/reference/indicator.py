"""`indicator.yaml`: how features are computed. Nearly everything in it was fixed in the reference's code."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trees import as_map, at_path, entries_of, is_empty, said, with_path
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.refused import REFUSED_INDICATOR_KEYS

_FIXED = {
    "indicators.ema": {"fast": 20, "mid": 50, "trend": 200, "pullback_fast": 9, "pullback_mid": 21},
    "indicators.macd": {"fast": 12, "slow": 26, "signal": 9},
    "indicators.rsi": {"period": 14},
    "atr": {"period": 14},
}
"""The numbers that the code used whatever the file said."""
_KEPT = ("warmup_tolerance", "indicators.vwap.timezone", "indicators.pivot.timeframe", "atr.pct_thresholds")


def converted_indicator(settings: ConfigNode, findings: Findings) -> ConfigNode:
    """The document `indicator` of this project: the zone of the VWAP's day and the bounds of `atr_volatility_ok`."""
    converted = as_map(settings, {})
    for name, node in _values(settings, ""):
        if name in _KEPT and not is_empty(node):
            converted = with_path(converted, tuple(name.split(".")), node, settings)
        else:
            _report(name, node, findings)
    _note_fixed(settings, findings)
    vwap = at_path(settings, ("indicators", "vwap"))
    if vwap is not None and entries_of(vwap):
        found = "the VWAP was that of all fetched candles, whatever daily and timezone said"
        findings.corrected(vwap, found, "here it starts anew every day at midnight of the timezone", "D35")
    return converted


def _values(node: ConfigNode, name: str) -> list[tuple[str, ConfigNode]]:
    values: list[tuple[str, ConfigNode]] = []
    for key, child in entries_of(node).items():
        shown = f"'{key}'" if "." in key else key  # a key with a dot is not the path that it looks like
        at = f"{name}.{shown}" if name else shown
        leads_on = at in ("indicators", "indicators.vwap", "indicators.pivot", "atr") and entries_of(child)
        values += _values(child, at) if leads_on and at not in REFUSED_INDICATOR_KEYS else [(at, child)]
    return values


def _report(name: str, node: ConfigNode, findings: Findings) -> None:
    if name == "atr.timeframe":
        findings.dropped(node, said(name, node), f"left out: {REFUSED_INDICATOR_KEYS[name]}")
    elif name in REFUSED_INDICATOR_KEYS:
        findings.no_effect(node, said(name, node), f"left out: {REFUSED_INDICATOR_KEYS[name]}")
    elif is_empty(node):
        findings.no_effect(node, f"{name} without a value", "left out")
    else:
        findings.decision(node, said(name, node), "left out: no meaning of it is known")


def _note_fixed(settings: ConfigNode, findings: Findings) -> None:
    """A period that differs from the fixed one was meant, but never acted."""
    for path, fixed in _FIXED.items():
        section = entries_of(at_path(settings, tuple(path.split("."))))
        for key, number in fixed.items():
            if key in section and section[key].value != Decimal(number):
                findings.decision(
                    section[key],
                    f"{path}.{said(key, section[key])}, but the code used {number}",
                    f"{number} as it acted; a rule may name any period, such as ema_{number} or rsi_{number}",
                )
