"""What of OKX's wire is not confirmed, or differs between its sources: each a switch, so that it can be drawn.

What a client is built on must hold under every value; else face and client share one assumption and prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import evolve, frozen

from mtf_adapters.sandbox.faces.counting import RateClock
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.noise import uniform_of
from mtf_core.market import DAY_MS, HOUR_MS, ArmsAt, OversizedExit, ProtectionScope, UniqueFor
from mtf_core.settings.fields import ratio, setting

CLIENT_ID_CHARACTERS = 32
CLIENT_ID_ALPHABET = "A-Za-z0-9"
CANCELLED_KEPT_MS = 2 * HOUR_MS
HISTORY_MS, KEPT_MS = 7 * DAY_MS, 90 * DAY_MS
_FIRST_ORDER, _FIRST_ALGO, _FIRST_ATTACHED = (
    2_481_730_000_000_000_000,
    2_213_060_000_000_000_000,
    2_099_410_000_000_000_000,
)


class Environment(StrEnum):
    """Whose keys and header count here."""

    DEMO = "demo"
    LIVE = "live"


class Sold(StrEnum):
    """Which of OKX's perpetuals an exchange lists."""

    SWAP = "swap"
    XPERP = "xperp"


class Sides(StrEnum):
    """For which positions leverage-info has rows on a hedged account."""

    EACH = "each"
    NET = "net"


@frozen(kw_only=True)
class Quirks:
    """The switches. The defaults are what the sheet of facts holds for most likely, or for the least convenient."""

    environment: Environment = setting(Environment.DEMO, doc="whose keys these are; the header of a call has to fit")
    sells: Sold = setting(Sold.SWAP, doc="which contracts it lists: swaps, or the EEA's X-Perps, settled in USD")
    attached_after_partial: bool = setting(
        True,
        doc="whether an entry's stop is placed for the part that filled when the rest is cancelled, as announced for "
        "1 July 2026; before it was not placed at all",
    )
    oversized_exit: OversizedExit = setting(
        OversizedExit.REJECTED, doc="what becomes of an exit larger than its position"
    )
    algos_end_with_position: bool = setting(
        False, doc="whether TP/SL orders of a size of their own end with their position"
    )
    whole_algo_ends_with_position: bool = setting(True, doc="whether a TP/SL order for the whole position ends with it")
    algo_needs_position: bool = setting(True, doc="whether a TP/SL order is refused while there is no position")
    bad_stop_refuses_entry: bool = setting(
        True, doc="whether an entry whose stop lies on the wrong side is refused; else it is taken and its stop fails"
    )
    live_after_ms: int = setting(0, ge=0, unit="ms", doc="how long an accepted order waits before it can match")
    visible_after_ms: int = setting(0, ge=0, unit="ms", doc="how long an accepted order is invisible to queries")
    order_query_days: int = setting(90, ge=1, unit="days", doc="how long one ended order can be asked for by its id")
    candle_ends_included: bool = setting(False, doc="whether `after` and `before` of candles include their own time")
    history_candles_most: int = setting(300, ge=1, le=300, doc="rows that one call of history-candles answers at most")
    timer_takes_algos: bool = setting(False, doc="whether cancel-all-after takes stops, targets and triggers with it")
    timer_times_in_seconds: bool = setting(True, doc="whether its times are seconds, not milliseconds")
    isolated_taken: bool = setting(False, doc="whether swaps still take isolated margin")
    closed_position_shown: bool = setting(True, doc="whether a closed position that is asked for comes with `pos` 0")
    leverage_sides: Sides = setting(Sides.EACH, doc="rows of leverage-info in hedge mode: each side's, or one")
    leverage_info_served: bool = setting(True, doc="whether leverage-info is there at all; else HTTP 404")
    same_leverage_passes: bool = setting(
        True, doc="whether a leverage that is set already can be set again while orders wait"
    )
    cancel_algos_takes_trailing: bool = setting(True, doc="whether cancel-algos cancels trailing orders")
    batch_rows_reversed: bool = setting(False, doc="whether the rows of a batch's answer come in another order")
    rate_limit_with_status_200: bool = setting(False, doc="whether one call too many gets HTTP 200, not 429")
    key_errors_with_status_200: bool = setting(False, doc="whether refusals of keys come with HTTP 200, not 401")
    errors_have_data: bool = setting(True, doc="whether refusals of a whole call have an empty `data`")
    contract_codes_missing: bool = setting(False, doc="whether `instIdCode` is null")
    account_level: int = setting(2, ge=1, le=4, doc="account mode: 1 spot, 2 futures, 3 multi-currency, 4 portfolio")
    price_band: Decimal = ratio(
        Decimal("0.05"), doc="how far above the last price one may buy, and below it sell", gt=0
    )
    most_open_orders: int | None = setting(500, ge=1, doc="orders of a contract that may stand at once; none: any")
    most_algos: int | None = setting(100, ge=1, doc="waiting orders likewise")
    funding_interval_hours: int = setting(8, ge=1, unit="hours", doc="time between settlements of funding")
    signature_window_sec: int = setting(30, ge=1, unit="s", doc="how far a time stamp may be from the clock")
    clock_skew_ms: int = setting(0, unit="ms", doc="how far the exchange's clock is ahead of its own world's")
    rate_limits: bool = setting(True, doc="whether requests are counted and refused")
    rate_clock: RateClock = setting(RateClock.MACHINE, doc="by which time they are counted")
    idle_sec: int = setting(30, ge=1, unit="s", doc="after how long without a message a stream is closed")
    pushes_keep_open: bool = setting(
        True, doc="whether what the exchange sends counts as a message, too, or only what the client sends"
    )
    protocol_pings_count: bool = setting(False, doc="whether WebSocket's own pings and pongs do")
    stream_delay_ms: int = setting(0, ge=0, unit="ms", doc="how long after an event the private streams tell of it")
    orders_told_twice: bool = setting(False, doc="whether each message of the orders channel comes twice")
    books_begin_whole: bool = setting(
        True, doc="whether the books channel begins with a snapshot; it was announced that it will not"
    )
    instruments_told_first: bool = setting(True, doc="whether the instruments channel begins with the whole list")
    moved_channels_say_so: bool = setting(
        True, doc="whether candles on the public stream get 64001, which names the right one, or 60018"
    )
    logins_refused_vaguely: bool = setting(False, doc="whether every refused login gets 60009, whatever is wrong")
    refused_login_closes: bool = setting(False, doc="whether a refused login ends the connection")
    upgrade_after_sec: int | None = setting(
        None, ge=0, unit="s", doc="after how long each connection is told (64008) that it will be closed; none: never"
    )
    upgrade_notice_sec: int = setting(60, ge=1, unit="s", doc="how long after that it is closed")

    def rules(self) -> VenueRules:
        """What the engine has to know of them."""
        return VenueRules(
            presets_arm_at=ArmsAt.FULL_FILL,
            presets_scope=ProtectionScope.ORDER,
            presets_end_with_rest=not self.attached_after_partial,
            presets_are_pairs=True,
            one_whole_position_trigger=True,
            oversized_exit=self.oversized_exit,
            triggers_end_with_position=self.algos_end_with_position,
            whole_triggers_end_with_position=self.whole_algo_ends_with_position,
            protection_needs_position=self.algo_needs_position,
            client_ids_unique_for=UniqueFor.WHILE_OPEN,
            client_id_characters=CLIENT_ID_CHARACTERS,
            client_id_alphabet=CLIENT_ID_ALPHABET,
            live_after_ms=self.live_after_ms,
            visible_after_ms=self.visible_after_ms,
            orders_kept_ms=KEPT_MS,
            cancelled_orders_kept_ms=CANCELLED_KEPT_MS,
            cancelled_triggers_kept_ms=KEPT_MS,
            fills_kept_ms=KEPT_MS,
            timed_cancel_drops_triggers=self.timer_takes_algos,
            post_only_rejected_late=True,
            fill_or_kill_rejected_late=True,
            market_reach=self.price_band,
            most_open_orders=self.most_open_orders,
            most_triggers=self.most_algos,
            funding_interval_hours=self.funding_interval_hours,
        )


def order_number(engine_id: int) -> str:
    """The `ordId` that goes out for one of the engine's orders."""
    return str(_FIRST_ORDER + engine_id)


def algo_number(engine_id: int) -> str:
    """The `algoId` of what waits."""
    return str(_FIRST_ALGO + engine_id)


def attached_number(engine_id: int) -> str:
    """The `attachAlgoId` of what travels inside an order; the order that it becomes has another number."""
    return str(_FIRST_ATTACHED + engine_id)


def order_of_number(number: str) -> int:
    """The engine's id; zero or less for a number that never was given."""
    return _engine_id(number, _FIRST_ORDER)


def algo_of_number(number: str) -> int:
    return _engine_id(number, _FIRST_ALGO)


def _engine_id(number: str, first: int) -> int:
    known = number.isascii() and number.isdigit() and len(number) <= 19
    return max(0, int(number) - first) if known else 0


_BOTH = (False, True)
DRAWN: Mapping[str, tuple[Any, ...]] = {
    "attached_after_partial": _BOTH,
    "oversized_exit": (OversizedExit.TRIMMED, OversizedExit.REJECTED),
    "algos_end_with_position": _BOTH,
    "whole_algo_ends_with_position": _BOTH,
    "algo_needs_position": _BOTH,
    "bad_stop_refuses_entry": _BOTH,
    "live_after_ms": (0, 100),
    "order_query_days": (1, 90),
    "candle_ends_included": _BOTH,
    "history_candles_most": (100, 300),
    "timer_takes_algos": _BOTH,
    "timer_times_in_seconds": _BOTH,
    "isolated_taken": _BOTH,
    "closed_position_shown": _BOTH,
    "leverage_sides": tuple(Sides),
    "leverage_info_served": _BOTH,
    "same_leverage_passes": _BOTH,
    "cancel_algos_takes_trailing": _BOTH,
    "batch_rows_reversed": _BOTH,
    "rate_limit_with_status_200": _BOTH,
    "key_errors_with_status_200": _BOTH,
    "errors_have_data": _BOTH,
    "contract_codes_missing": _BOTH,
    "funding_interval_hours": (1, 4, 8),
    "pushes_keep_open": _BOTH,
    "protocol_pings_count": _BOTH,
    "stream_delay_ms": (0, 500),
    "orders_told_twice": _BOTH,
    "books_begin_whole": _BOTH,
    "instruments_told_first": _BOTH,
    "moved_channels_say_so": _BOTH,
    "logins_refused_vaguely": _BOTH,
    "refused_login_closes": _BOTH,
}
"""What is not confirmed, and between which values a seed chooses."""


def drawn_quirks(seed: int) -> Quirks:
    """Quirks whose unconfirmed facts a seed chose."""
    chosen = {name: values[int(uniform_of(seed, "quirk", name) * len(values))] for name, values in DRAWN.items()}
    return evolve(Quirks(), **chosen)
