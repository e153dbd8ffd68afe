"""Whether the converted trade entry lets a trade, or a day, lose more than the source does: limit by limit.

What the source says is read anew from its own tree, so that a limit that a conversion loses on its way is seen here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

from attrs import frozen

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trade_entry_keys import DEFAULTS_THERE, PERCENT_ABOVE_ONE
from mtf_adapters.reference.trees import at_path, entries_of, items_of, plain_number
from mtf_core.market import Timeframe
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.renamed import RENAMED_TRADE_ENTRY_KEYS
from mtf_core.settings.trade_entry import TradeEntrySettings

LOOSER = "here more can be lost: write the limit, or accept it with --accept-risk"

_UPPER_LIMITS = (
    "defaults.initial_margin_usdt",
    "defaults.fallback_account_balance",
    "defaults.k_dynamic",
    "defaults.market_max_spread_pct",
    "defaults.max_deviation_pct",
    "defaults.implausible_pct",
    "defaults.zone_max_deviation_pct",
    "leverage.floor",
    "leverage.exchange_cap",
    "leverage.max_loss_pct",
    "leverage.accept.max",
    "risk.daily_max_loss_usdt",
    "risk.daily_max_loss_percent",
    "risk.max_concurrent_positions",
    "entry.spread_guard_bps",
    "entry.slippage_guard_bps",
    "market_entry.max_slippage_bps",
    "fallback_end_of_zone.max_spread_bps",
    "fallback_end_of_zone.max_slippage_bps",
)
"""Settings of which a larger value lets more be lost, or be paid for an entry."""
_ZERO_IS_NONE = frozenset(
    {
        "defaults.fallback_account_balance",
        "leverage.max_loss_pct",
        "risk.daily_max_loss_usdt",
        "risk.daily_max_loss_percent",
        "risk.max_concurrent_positions",
    }
)
"""Limits that are off at 0."""
_BUDGETS = frozenset({"defaults.initial_margin_usdt", "defaults.fallback_account_balance"})
"""Amounts that are no limits: 0 or nothing is less than any other."""
_LIMITING_WORDS = frozenset(
    {"risk", "leverage", "loss", "losses", "cap", "caps", "max", "limit", "limits", "guard", "drawdown", "exposure"}
)
"""Sections and words of names that speak of a limit."""


def limits_something(name: str, node: ConfigNode) -> bool:
    """Whether a key of unknown meaning, or one below it, looks like a limit: a word of its name, and a number."""
    words = set(name.lower().replace(".", "_").split("_"))
    if words & _LIMITING_WORDS and _holds_number(node):
        return True
    return any(limits_something(key, child) for key, child in entries_of(node).items())


def _holds_number(node: ConfigNode) -> bool:
    below = (*entries_of(node).values(), *items_of(node))
    return plain_number(node) is not None or any(_holds_number(item) for item in below)


@frozen
class _Looser:
    """A limit that lets more be lost here: where the source says it, what it limits, its value there and here."""

    node: ConfigNode
    what: str
    there: str
    here: str


def report_looser_limits(
    source: ConfigNode, here: TradeEntrySettings, execution: Collection[str] | None, findings: Findings
) -> None:
    """Adds a finding for each limit of the source that is wider, or gone, in the settings that come into effect.

    `execution` are the execution timeframes of the profile, None when they are not known: then all count.
    """
    timeframes = [timeframe for timeframe in Timeframe if execution is None or timeframe in execution]
    for looser in (
        *_upper_limits(source, here),
        *_risks(source, here, timeframes),
        *_leverage_factors(source, here, timeframes),
        *_symbol_caps(source, here),
        *_conditions(source, here),
    ):
        found = f"{looser.what}: {looser.there} in the source, {looser.here} here"
        findings.riskier(looser.node, found, LOOSER)


def _upper_limits(source: ConfigNode, here: TradeEntrySettings) -> Iterator[_Looser]:
    for path in _UPPER_LIMITS:
        node, there = _stated(source, path)
        now = _in_effect(here, path)
        if path in _ZERO_IS_NONE:
            there, now = there or None, now or None
        gone = now is None and path not in _BUDGETS
        if there is not None and (gone or (now is not None and now > there)):
            yield _Looser(node, path, _text(there), _text(now))


def _risks(source: ConfigNode, here: TradeEntrySettings, timeframes: Iterable[Timeframe]) -> Iterator[_Looser]:
    base_node, base = _stated(source, "defaults.risk_pct_percent")
    if base is None:
        base_node, base = _stated(source, "risk.fixed_risk_pct")
    if base is None:
        base = Decimal(str(DEFAULTS_THERE["defaults.risk_pct_percent"]))
    _, cap = _stated(source, "leverage.max_loss_pct")
    for timeframe in timeframes:
        node, factor = _stated(source, "risk.risk_by_timeframe", timeframe)
        there = _capped(base / 100 * (1 if factor is None else factor), cap)
        now = _capped(here.risk_ratio(timeframe), here.leverage.max_loss_pct)
        if now > there:
            place = base_node if factor is None else node
            yield _Looser(place, f"risk of a trade on {timeframe}", f"{_text(there * 100)} %", f"{_text(now * 100)} %")


def _leverage_factors(
    source: ConfigNode, here: TradeEntrySettings, timeframes: Iterable[Timeframe]
) -> Iterator[_Looser]:
    for timeframe in timeframes:
        node, there = _stated(source, "leverage.leverage_by_timeframe", timeframe)
        now = here.leverage.leverage_by_timeframe.get(timeframe, Decimal(1))
        if there is not None and now > there:
            yield _Looser(node, f"factor of the leverage on {timeframe}", _text(there), _text(now))


def _symbol_caps(source: ConfigNode, here: TradeEntrySettings) -> Iterator[_Looser]:
    for item in items_of(at_path(source, ("leverage", "per_symbol_caps"))):
        entries = entries_of(item)
        pattern, there = entries.get("symbol_regex"), plain_number(entries.get("cap", item))
        if pattern is None or there is None:
            continue
        same = [cap.cap for cap in here.leverage.per_symbol_caps if cap.symbol_regex == pattern.value]
        now = min([*same, here.leverage.exchange_cap])
        if now > there:
            yield _Looser(item, f"leverage of symbols like {pattern.value}", _text(there), _text(now))


def _conditions(source: ConfigNode, here: TradeEntrySettings) -> Iterator[_Looser]:
    """What must hold before more is risked, or is counted as lost."""
    node, least = _stated(source, "market_entry.adx_min_1h")
    adx = here.market_entry.adx_min_1h
    if least is not None and here.market_entry.enabled and (adx is None or adx < least):
        yield _Looser(node, "market_entry.adx_min_1h", _text(least), _text(adx))
    counted = at_path(source, ("risk", "daily_loss_count_unrealized"))
    if counted is not None and counted.value is True and not here.risk.daily_loss_count_unrealized:
        yield _Looser(counted, "risk.daily_loss_count_unrealized", "true", "false")


def _stated(source: ConfigNode, path: str, *below: str) -> tuple[ConfigNode, Decimal | None]:
    """What the source says of a setting, under its name here or an older one; at the root when it says nothing."""
    older = (old for old, new in RENAMED_TRADE_ENTRY_KEYS.items() if new.path == path)
    for name in (path, *older):
        node = at_path(source, (*name.split("."), *below))
        number = plain_number(node) if node is not None else None
        if node is not None and number is not None:
            return node, number / 100 if path in PERCENT_ABOVE_ONE and number > 1 else number
    return ConfigNode(None, source.place), None


def _in_effect(here: TradeEntrySettings, path: str) -> Decimal | None:
    value: Any = here
    for name in path.split("."):
        value = getattr(value, name)
    return None if value is None else Decimal(value)


def _capped(ratio: Decimal, cap: Decimal | None) -> Decimal:
    return min(ratio, cap) if cap else ratio


def _text(value: Decimal | None) -> str:
    return "none" if value is None else f"{value.normalize():f}"
