"""A small complete configuration, in which nothing is left to a default, and profiles that differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.indicators import IndicatorSettings
from mtf_core.settings.nodes import Place, Problems
from mtf_core.settings.plain import node_from, plain
from mtf_core.settings.profile import Document, Profile, build_profile
from mtf_core.settings.trading import TradingSettings
from tests.unit.planning.examples import SETTINGS
from tests.unit.settings.liveness.keys import Content, Key, changed

NAME = "alive"

_TREND = {"long": [{"gt": 53, "field": "rsi"}], "short": [{"lt": 47, "field": "rsi"}]}
_MOMENT = {"long": [{"gt": 50, "field": "rsi"}], "short": [{"lt": 50, "field": "rsi"}]}

VALIDATION: Content = {
    "mode": "pragmatic",
    "context_timeframes": ["1h", "15m"],
    "execution_timeframes": ["15m", "5m", "1m"],
    "validation": {"timeframe": {"1h": _TREND, "15m": _TREND, "5m": _MOMENT, "1m": _MOMENT}},
}
"""Sides by the RSI: a timeframe is long, short or, on the context timeframes, neutral."""

BASE: Content = {
    Document.VALIDATIONS.value: VALIDATION,
    Document.TRADE_ENTRY.value: plain(SETTINGS),
    Document.CONTRACTS.value: changed(
        {"contracts": plain(ContractSettings())},
        {"contracts.selection.limits.top_n": 5, "contracts.selection.limits.mid_n": 3},
    )["contracts"],
    Document.INDICATOR.value: plain(IndicatorSettings()),
    Document.TRADING.value: plain(TradingSettings()),
}


def content_with(changes: Mapping[str, Any]) -> Content:
    """The base configuration with other values at some paths."""
    return changed(BASE, changes)


_ENTRIES: Content = {
    "trade_entry.leverage.per_symbol_caps": [{"symbol_regex": "^TEST", "cap": 5}],
    "indicator.atr.pct_thresholds": {"5m": {"min": 0.001, "max": 0.03}},
    "trading.profiles": {"5m": {"enabled": False, "priority": 1}},
    "trading.no_trade": {"5m": "missing"},
}


def full_content_with(changes: Mapping[str, Any]) -> Content:
    """As `content_with`, with an entry in each list and map of settings besides, so that what is in it has a place."""
    return content_with({**_ENTRIES, **changes})


def concrete(key: Key) -> str:
    """A path of the key that the full content has."""
    return key.path.replace("[]", ".0").replace("*", "5m")


def profile_of(content: Content, *, warned: bool = False) -> Profile:
    """The profile of a content that is sound; unless `warned`, nothing about it deserves a warning either."""
    problems = Problems()
    documents = {name: node_from(document, Place(name, 1)) for name, document in content.items()}
    profile = build_profile(NAME, documents, problems)
    assert profile is not None, "\n".join(map(str, problems.errors))
    assert warned or not problems.warnings, "\n".join(map(str, problems.warnings))
    return profile
