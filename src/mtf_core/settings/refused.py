"""Keys of older files: refused with their new name, or with the reason why they would have no effect."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.renamed import RENAMED_CONTRACT_KEYS, refusals

REFUSED_VALIDATION_KEYS: Mapping[str, str] = {
    "version": "a label without effect; write a comment instead",
    "meta": "labels without effect; write a comment instead",
    "profile": "the profile's name is the file's",
    "allow_skip_lower_tf": "without effect; the execution selector says when a timeframe is left",
    "defaults": "every run validates every timeframe; `decision.allowed_execution_timeframes` applies to all of them",
    "validation.start_from_timeframe": "without effect; `context_timeframes` says what is evaluated first",
}
REFUSED_CONTRACT_KEYS: Mapping[str, str] = {
    **refusals(RENAMED_CONTRACT_KEYS),
    "version": "a label without effect; write a comment instead",
    "meta": "labels without effect; write a comment instead",
    "selection.enabled": "the selection applies whenever a run is given no symbols",
    "selection.filters.expire_unit": "contracts are stored with their times in milliseconds",
    "selection.filters.open_unit": "contracts are stored with their times in milliseconds",
}
REFUSED_INDICATOR_KEYS: Mapping[str, str] = {
    "version": "a label without effect; write a comment instead",
    "meta": "labels without effect; write a comment instead",
    "indicators.ema": "periods are part of the features' names: `ema_20`",
    "indicators.macd": "the MACD is that of 12, 26 and 9 candles",
    "indicators.rsi": "periods are part of the features' names: `rsi_14`",
    "indicators.vwap.daily": "the VWAP always starts anew every day",
    "atr.period": "periods are part of the features' names: `atr_14`",
    "atr.method": "the ATR is Wilder's",
    "atr.timeframe": "write `defaults.atr_timeframe` in trade_entry",
    "atr.sl_multiplier": "write `defaults.atr_k` in trade_entry",
    "atr.r_multiple": "write `defaults.r_multiple` in trade_entry",
    "calculation": "there is one way of calculating",
}
"""Dotted path below the root of the file → why it is refused. A path stands for everything below it."""


def without_refused(node: ConfigNode, table: Mapping[str, str], problems: Problems) -> ConfigNode:
    """The tree without the refused keys; each one is added to `problems` with its explanation."""
    return _pruned(node, "", table, problems)


def _pruned(node: ConfigNode, path: str, table: Mapping[str, str], problems: Problems) -> ConfigNode:
    if not isinstance(node.value, Mapping):
        return node
    kept: dict[str, ConfigNode] = {}
    for key, child in node.value.items():
        child_path = f"{path}.{key}" if path else key
        if child_path in table:
            problems.error(child.place, f"the key {key!r} is refused", table[child_path])
        else:
            kept[key] = _pruned(child, child_path, table, problems)
    return evolve(node, value=kept)
