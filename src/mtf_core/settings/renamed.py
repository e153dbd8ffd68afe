"""Older names of keys: the loader refuses each with its new name, the import of older files translates it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class NewName:
    """What took the place of a key: dotted paths below the root of the file."""

    path: str
    remark: str = ""
    beside: str | None = None
    """The second key, where one became two."""

    @property
    def advice(self) -> str:
        """What to write instead, as a message says it."""
        written = f"`{self.path}`{f' and `{self.beside}`' if self.beside else ''}"
        return f"it has another name now: write {written}{f' ({self.remark})' if self.remark else ''}"


def refusals(renamed: Mapping[str, NewName]) -> dict[str, str]:
    """Why each older name is refused, as the tables of refused keys say it."""
    return {path: name.advice for path, name in renamed.items()}


RENAMED_TRADE_ENTRY_KEYS: Mapping[str, NewName] = {
    "defaults.timeframe_multipliers": NewName("leverage.leverage_by_timeframe"),
    "leverage.timeframe_multipliers": NewName("risk.risk_by_timeframe"),
    "defaults.trailing_after_tp1": NewName("defaults.break_even_after_tp1"),
    "defaults.open_type": NewName("defaults.margin_mode"),
    "defaults.order_mode": NewName(
        "defaults.time_in_force", "gtc, ioc or fok; maker_only is gtc with post_only: true", "defaults.post_only"
    ),
    "risk.daily_max_loss_pct": NewName("risk.daily_max_loss_percent", "it is a percent"),
    "risk.crash_mode.hard_time_stop_min": NewName("risk.crash_mode.hard_time_stop_minutes"),
    "entry.entry_zone.pivot_tf": NewName("entry.entry_zone.anchor_timeframe"),
    "post_validation.entry_zone.pivot_tf": NewName("post_validation.entry_zone.anchor_timeframe"),
}
RENAMED_CONTRACT_KEYS: Mapping[str, NewName] = {
    "selection.filters.max_age_hours": NewName("selection.filters.min_age_hours", "it is a least age"),
}
RENAMED_CONTRACT_VALUES: Mapping[str, NewName] = {
    "min_volume": NewName("min_size"),
    "max_volume": NewName("max_size"),
    "market_max_volume": NewName("max_market_size"),
}
"""Of the files that give a contract its values, below its symbol."""
