"""`trading.yaml`: what all profiles share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import LARGEST_QUIET_MINUTES, MINUTE_MS, PositionMode
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.nodes import ConfigNode, Problems, nearest_name
from mtf_core.settings.structure import structure

PROFILE_ALIASES = {"scalping": "scalper"}
"""Other names under which a profile may be asked for."""


@frozen
class ProfileEntry:
    """Whether a profile may be chosen without being named, and how early."""

    enabled: bool = setting(doc="whether a run may choose this profile by itself")
    priority: int = setting(ge=1, doc="of the enabled profiles, the one with the lowest number is chosen")


@frozen
class SwitchSettings:
    """For how long a symbol that was found busy is left alone."""

    busy_minutes: int = setting(5, ge=1, unit="minutes", doc="how long a symbol with a position or order goes off")
    busy_again_minutes: int = setting(1, ge=1, unit="minutes", doc="the same, if its switch was off already")
    after_order_minutes: int = setting(15, ge=0, unit="minutes", doc="how long a symbol goes off once an order left")
    after_cancel_minutes: int = setting(
        1, ge=0, unit="minutes", doc="how long it goes off after an unfilled entry was cancelled"
    )


@frozen
class LockSettings:
    """How long a lock outlives an owner that died."""

    run_ttl_sec: int = setting(600, ge=1, unit="seconds", doc="life of the lock that keeps runs of a profile apart")
    symbol_ttl_sec: int = setting(120, ge=1, unit="seconds", doc="life of the lock on one symbol")


@frozen
class OrderSettings:
    """How orders are sent and supervised, whatever the profile."""

    request_life_sec: int = setting(
        10, ge=1, le=60, unit="s", doc="how long after its commit an entry may still have an effect at the exchange"
    )
    clock_skew_ms: int = setting(
        1000, ge=1, unit="ms", doc="an exchange's clock that is farther away stops entries (`clock_skew`)"
    )
    look_sec: int = setting(5, ge=1, le=10, unit="s", doc="how often the supervisor looks at every live intent")
    look_soon_sec: int = setting(
        1, ge=1, le=5, unit="s", doc="the same while an entry rests without protection, or a stop has fired"
    )
    view_sec: int = setting(2, ge=1, le=10, unit="s", doc="the supervisor acts on nothing that it read longer ago")
    heartbeat_sec: int = setting(
        10, ge=2, le=60, unit="s", doc="no entries when the supervisor was not heard of for longer"
    )
    protect_within_sec: int = setting(
        5, ge=1, le=60, unit="s", doc="a position without a confirmed stop for longer is an alarm"
    )
    protect_tries: int = setting(
        3, ge=1, le=10, doc="orders for a stop that may fail before the position is closed at market"
    )
    cancel_looks: int = setting(10, ge=1, le=100, doc="looks at a cancelled entry before it counts as stale")
    operator_request_life_sec: int = setting(
        300,
        ge=15,
        le=86_400,
        unit="s",
        doc="what an operator asked of a position lapses when nobody could begin with it for so long",
    )
    exit_wait_ms: int = setting(
        250, ge=10, le=2000, unit="ms", doc="what protects waits no longer for store, locks and rate limits"
    )
    account_shared_ok: tuple[str, ...] = setting(
        (), doc="symbols that a person trades by hand on the same account; anything foreign elsewhere stops entries"
    )
    position_mode: PositionMode = setting(
        PositionMode.HEDGE,
        doc="the account's mode, `hedge` or `one_way`: another one found stops entries; mtf never sets it",
    )
    rest_where_stop_is_late: bool = setting(
        False,
        doc="lets entries rest at an exchange whose stop arms only when the whole entry has filled: a part that "
        "fills has none until the supervisor has placed it",
    )
    forgotten_stop_pct: Decimal = ratio(
        Decimal("0.02"),
        doc="a position that our orders opened, and whose plan a restored database has lost, gets a stop so far from "
        "its mark price; 0: none, only an alarm",
    )
    dead_man_switch_sec: int = setting(
        0, ge=0, unit="s", doc="has the exchange cancel resting orders when nothing renews it for so long; 0: off"
    )


class NoTrade(StrEnum):
    """What becomes of candles that an exchange does not have because nothing traded."""

    MISSING = "missing"
    CARRY = "carry"


@frozen
class RetentionSettings:
    """What a cleanup keeps; 0 keeps everything of that kind."""

    candles_per_series: int = setting(
        50_000, ge=0, unit="candles", doc="how far back the candles of a series are kept, counted from its last; 0: all"
    )
    runs_days: int = setting(7, ge=0, unit="days", doc="age from which runs and their decisions are deleted; 0: never")
    runs_most: int = setting(10_080, ge=0, doc="how many runs are kept, the newest; 0: all")
    audit_days: int = setting(365, ge=0, unit="days", doc="age from which audit events are deleted; 0: never")


@frozen
class TradingSettings:
    """What all profiles share."""

    profiles: dict[str, ProfileEntry] = setting(factory=dict, doc="the profiles that a run may choose by itself")
    switches: SwitchSettings = setting(factory=SwitchSettings, doc="how long busy symbols are left alone")
    locks: LockSettings = setting(factory=LockSettings, doc="how long locks live")
    orders: OrderSettings = setting(factory=OrderSettings, doc="how orders are sent and supervised")
    retention: RetentionSettings = setting(factory=RetentionSettings, doc="what `mtf cleanup` and `mtf serve` keep")
    no_trade: dict[str, NoTrade] = setting(
        factory=dict,
        keys="exchange",
        doc="by exchange: candles that it does not have between two that it has stay `missing` (default), or `carry` "
        "the close before them with volume 0",
    )
    no_trade_largest_hole_minutes: int = setting(
        LARGEST_QUIET_MINUTES,
        ge=1,
        le=1440,
        unit="minutes",
        doc="the longest hole that `carry` fills, in whatever timeframe; a longer one is taken for an outage",
    )

    def carry_ms(self, exchange: str) -> int:
        """The longest hole in that exchange's candles that is filled with the close before it, in ms; 0: none is."""
        return self.largest_hole_ms if self.no_trade.get(exchange) is NoTrade.CARRY else 0

    @property
    def largest_hole_ms(self) -> int:
        """The longest hole that is filled where holes are."""
        return self.no_trade_largest_hole_minutes * MINUTE_MS

    @property
    def first_enabled(self) -> str | None:
        """The enabled profile with the lowest priority number; None when none is enabled."""
        enabled = [(entry.priority, name) for name, entry in self.profiles.items() if entry.enabled]
        return min(enabled)[1] if enabled else None


def read_trading(node: ConfigNode, problems: Problems) -> TradingSettings | None:
    """The settings in `trading.yaml`, or None when something in it was wrong."""
    settings = structure(TradingSettings, node, problems)
    if settings is None:
        return None
    before = len(problems.errors)
    taken: dict[int, str] = {}
    for name, entry in settings.profiles.items():
        place = node.place_of("profiles", name)
        if name in PROFILE_ALIASES:
            problems.error(place, f"{name!r} is another name of a profile", "use its own name", PROFILE_ALIASES[name])
        if entry.enabled and entry.priority in taken:
            problems.error(
                node.place_of("profiles", name, "priority"),
                f"found priority {entry.priority}, which {taken[entry.priority]!r} has too",
                "enabled profiles differ in priority",
            )
        if entry.enabled:
            taken[entry.priority] = name
    return settings if len(problems.errors) == before else None


def check_exchanges_exist(node: ConfigNode, known: Iterable[str], problems: Problems) -> None:
    """Adds a problem for every exchange that `no_trade` names and that there is not: its setting would be silent."""
    names = sorted(known)
    listed = node.value.get("no_trade") if isinstance(node.value, Mapping) else None
    if listed is None or not isinstance(listed.value, Mapping):
        return
    for name, policy in listed.value.items():
        if name not in names:
            known_names = f"known: {', '.join(names)}"
            problems.error(policy.place, f"unknown exchange {name!r}", known_names, nearest_name(name, names))


def check_profiles_exist(node: ConfigNode, known: Iterable[str], problems: Problems) -> None:
    """Adds a problem for every profile that `trading.yaml` lists and that has no files, whatever else is wrong."""
    names = sorted(known)
    listed = node.value.get("profiles") if isinstance(node.value, Mapping) else None
    if listed is None or not isinstance(listed.value, Mapping):
        return
    for name, entry in listed.value.items():
        if name not in names and name not in PROFILE_ALIASES:
            known_names = f"known: {', '.join(names)}"
            problems.error(entry.place, f"unknown profile {name!r}", known_names, nearest_name(name, names))
