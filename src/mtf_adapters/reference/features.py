"""Names of features: how the reference writes them and how they are called here."""

from __future__ import annotations

import re
from decimal import Decimal

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trees import scalar
from mtf_core.features.names import feature_problem
from mtf_core.market import Timeframe
from mtf_core.rules.catalogue import METRICS
from mtf_core.settings.nodes import ConfigNode

_GLUED = re.compile(r"(ema|sma|ma|rsi|atr|adx)(\d{1,4})", re.ASCII)
_OF_TIMEFRAME = re.compile(r"(.+)_(1m|5m|15m|1h|4h|1d)", re.ASCII)
_WITH_PERIOD = frozenset({"rsi", "atr", "adx", "plus_di", "minus_di"})
_INSTEAD = {"price": "close", "last_close": "close", "macd_histogram": "macd_hist", "volume_ratio_20": "volume_ratio"}


def feature_name(text: str) -> str:
    """The name here of a field of the reference: `adx_1h` → `1h.adx`, `ma9` → `ma_9`; unknown ones stay."""
    if feature_problem(text) is None:
        return text
    if text in _INSTEAD:
        return _INSTEAD[text]
    if glued := _GLUED.fullmatch(text):
        name = f"{glued[1]}_{glued[2]}"
        return name if feature_problem(name) is None else text
    if of_timeframe := _OF_TIMEFRAME.fullmatch(text):
        inner = feature_name(of_timeframe[1])
        if feature_problem(inner) is None:
            return f"{Timeframe(of_timeframe[2])}.{inner}"
    return text


def converted_field(node: ConfigNode, findings: Findings, period: ConfigNode | None = None) -> ConfigNode:
    """A field under its name here; a number or anything else stays. `period` is one that was written beside it."""
    if not isinstance(node.value, str):
        return node
    name = feature_name(node.value)
    if period is not None:
        name = _with_period(name, period, findings)
    if name == node.value:
        return node
    if node.value in METRICS:
        done = f"written {name}, a feature: the selector's {node.value} is known to no rule and no filter"
        findings.corrected(node, f"the field {node.value!r}", done, "D33")
    else:
        findings.renamed(node, f"the field {node.value!r}", f"its name here is {name!r}")
    return scalar(node, name)


def _with_period(name: str, period: ConfigNode, findings: Findings) -> str:
    prefix, dot, inner = name.rpartition(".")
    length = period.value
    if inner in _WITH_PERIOD and isinstance(length, Decimal) and length == length.to_integral_value():
        longer = f"{inner}_{int(length)}"
        if feature_problem(longer) is None:
            findings.no_effect(period, f"period: {length}", f"written into the name: {prefix}{dot}{longer}", "D29")
            return f"{prefix}{dot}{longer}"
    findings.no_effect(period, f"period: {period.shown()}", f"left out: {name} takes none", "D29")
    return name
