"""What of BitMart's wire is not confirmed, or differs between its sources: each a switch, so that it can be drawn.

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
from mtf_core.market import DAY_MS, ArmsAt, OversizedExit, ProtectionScope, UniqueFor
from mtf_core.settings.fields import ratio, setting

CLIENT_ID_CHARACTERS = 32
SECOND_MS = 1000


class Edges(StrEnum):
    """Which ends of an asked span a candle's open time may lie on."""

    BOTH = "both"
    START = "start"
    END = "end"
    NEITHER = "neither"

    @property
    def includes_start(self) -> bool:
        return self in {Edges.BOTH, Edges.START}

    @property
    def includes_end(self) -> bool:
        return self in {Edges.BOTH, Edges.END}


class Overlong(StrEnum):
    """What is answered to a span of more candles than one call serves."""

    FIRST = "first"
    LAST = "last"
    ERROR = "error"


class WithoutId(StrEnum):
    """What a cancel without an id does."""

    ALL = "all"
    REFUSED = "refused"


class WrongUnit(StrEnum):
    """What is answered to times in another unit than the endpoint's."""

    EMPTY = "empty"
    ERROR = "error"


class GatewayKey(StrEnum):
    """Under which key the gateway's refusals carry their words."""

    MSG = "msg"
    MESSAGE = "message"


class ShownStatus(StrEnum):
    TRADING = "Trading"
    DELISTED = "Delisted"


class MostValue(StrEnum):
    """What submit-leverage's `max_value` is."""

    LEVERAGE = "leverage"
    NOTIONAL = "notional"


@frozen(kw_only=True)
class Quirks:
    """The switches. The defaults are what the sheet of facts holds for most likely, or for the least convenient."""

    presets_arm_at: ArmsAt = setting(ArmsAt.FULL_FILL, doc="when the stop and target inside an entry begin to wait")
    presets_scope: ProtectionScope = setting(ProtectionScope.ORDER, doc="what they reduce")
    presets_end_with_rest: bool = setting(
        False, doc="whether cancelling an entry's rest drops presets that are not armed yet, though a part is filled"
    )
    oversized_exit: OversizedExit = setting(
        OversizedExit.REJECTED, doc="what becomes of an exit larger than its position"
    )
    client_ids_unique_for: UniqueFor = setting(UniqueFor.ALWAYS, doc="how long a client id may not be used again")
    visible_after_ms: int = setting(0, ge=0, unit="ms", doc="how long an accepted order is invisible to queries")
    live_after_ms: int = setting(0, ge=0, unit="ms", doc="how long an accepted order waits before it can match")
    history_kept_days: int = setting(90, ge=0, unit="days", doc="how long ended orders are remembered")
    cancelled_kept_days: int = setting(90, ge=0, unit="days", doc="how long cancelled ones are")
    fills_kept_days: int = setting(90, ge=0, unit="days", doc="how long executions are")
    cancel_orders_drops_plans: bool = setting(False, doc="whether cancel-orders takes plan and TP/SL orders with it")
    cancel_orders_drops_trailing: bool = setting(False, doc="whether it takes trailing orders with it")
    timed_cancel_drops_plans: bool = setting(False, doc="whether cancel-all-after takes plan and TP/SL orders with it")
    longest_timed_cancel_sec: int | None = setting(
        None, ge=5, unit="s", doc="the longest timeout that cancel-all-after takes; none: any"
    )
    maker_only_refused_late: bool = setting(
        True, doc="whether a maker-only order that would take is accepted and cancelled at once, instead of refused"
    )
    fill_or_kill_refused_late: bool = setting(
        True, doc="whether the same goes for an order that has to fill whole and cannot"
    )
    plans_end_with_position: bool = setting(
        True, doc="whether TP/SL orders of a size of their own end with their position"
    )
    plans_see_frozen: bool = setting(
        False, doc="whether a TP/SL order that fires cannot reach what resting exits have reserved"
    )
    amend_failure_cancels: bool = setting(False, doc="whether a refused amendment has cancelled the old order already")
    price_band: Decimal | None = ratio(
        None, gt=0, doc="largest distance of a limit or trigger price from the last price; none: no band"
    )
    most_open_orders: int | None = setting(None, ge=1, doc="open orders of a symbol; none: any number")
    most_plan_orders: int | None = setting(None, ge=1, doc="plan and TP/SL orders of a symbol; none: any number")
    restart_forgets_plans: bool = setting(False, doc="whether a restart loses plan and TP/SL orders")
    restart_forgets_history: bool = setting(False, doc="whether a restart loses ended orders and executions")
    plan_cancel_without_id: WithoutId = setting(WithoutId.ALL, doc="what cancel-plan-order does without an id")
    trail_cancel_without_id: WithoutId = setting(WithoutId.ALL, doc="what cancel-trail-order does without an id")
    tp_sl_default_category: int = setting(
        2, ge=1, le=2, doc="plan_category of a TP/SL order that names none: 1 its own size, 2 the whole position"
    )
    kline_edges: Edges = setting(Edges.BOTH, doc="which ends of a kline's span are answered")
    kline_over_500: Overlong = setting(Overlong.LAST, doc="what a span of more than 500 klines gets")
    kline_forming: bool = setting(True, doc="whether the bar that is still forming is answered")
    kline_late_second: bool = setting(False, doc="whether klines bear their open time plus one second")
    kline_stream_completes: bool = setting(
        True, doc="whether the stream's last message of a bar is the bar as it closed"
    )
    history_cancelled_state: int = setting(4, ge=2, le=4, doc="state of a cancelled order in order-history: 2 or 4")
    empty_history_is_null: bool = setting(False, doc="whether an empty order-history is answered as `null`")
    empty_list_is_null: bool = setting(False, doc="whether every other empty list is, too")
    wrong_time_unit: WrongUnit = setting(WrongUnit.EMPTY, doc="what milliseconds get where seconds are wanted")
    position_risk_in_seconds: bool = setting(False, doc="whether position-risk's update_time is in seconds")
    leverage_answer_max: MostValue = setting(MostValue.LEVERAGE, doc="what submit-leverage's max_value is")
    plan_child_client_id: bool = setting(
        True, doc="whether an order that a plan order became bears the client id `PLAN_<id>`"
    )
    close_only_shown_as: ShownStatus = setting(
        ShownStatus.DELISTED, doc="status in details of a contract that is open for closing only"
    )
    long_order_ids: bool = setting(
        False, doc="whether order ids have 17 digits, more than a float holds (16, which it just holds, if not)"
    )
    client_ids_take_signs: bool = setting(
        False, doc="whether client ids may hold `_` and `-` beside letters and digits"
    )
    cancel_answers_have_data: bool = setting(True, doc="whether the answer to a cancel has empty data, or none at all")
    position_v2_has_margin: bool = setting(True, doc="whether position-v2 shows the margin of a position")
    booking_times_are_numbers: bool = setting(
        False, doc="whether transaction-history has its times as numbers instead of text"
    )
    errors_with_status_200: bool = setting(
        False, doc="whether refusals of the contract service (codes from 40000 on) come with HTTP status 200"
    )
    gateway_errors_say: GatewayKey = setting(GatewayKey.MSG, doc="under which key codes 30000–30999 carry their words")
    balance_code: int = setting(40027, doc="code of missing balance: 40027, 42000 (HTTP 200) or 40012")
    leverage_code: int = setting(40040, doc="code of another leverage than an open position's: 40040 or 40012")
    get_signatures_checked: bool = setting(False, doc="whether a signature on a GET is looked at")
    signature_window_sec: int | None = setting(
        60, ge=1, unit="s", doc="how far a time stamp may be from the exchange's clock; none: any distance"
    )
    clock_skew_ms: int = setting(0, unit="ms", doc="how far the exchange's clock is ahead of its own world's")
    rate_limits: bool = setting(True, doc="whether requests are counted and refused")
    rate_clock: RateClock = setting(RateClock.MACHINE, doc="by which time they are counted")
    ban_after: int = setting(20, ge=1, doc="refusals for the rate within a minute after which all requests are")
    ban_sec: int = setting(30, ge=1, unit="s", doc="for how long")
    private_snapshot: bool = setting(False, doc="whether subscribing to positions or assets sends them at once")
    stream_delay_ms: int = setting(0, ge=0, unit="ms", doc="how long after an event the private stream tells of it")
    stray_pace_in_groups: bool = setting(
        False, doc="whether messages of books bear `@100ms` behind their topic though nobody asked for a pace"
    )
    kline_stream_flat: bool = setting(False, doc="whether the stream's bars stand in `data` itself, without `items`")
    plain_pong: bool = setting(False, doc="whether the answer to a ping is `pong` without an id behind it")
    idle_sec: int = setting(20, ge=1, unit="s", doc="after how long without any traffic a stream is closed")
    first_topic_sec: int = setting(5, ge=1, unit="s", doc="after how long it is closed if nothing was said at all")
    most_topics: int | None = setting(None, ge=1, doc="topics that one connection may listen to; none: any number")
    largest_frame_bytes: int = setting(2048, ge=1, doc="largest message a client may send on a stream")

    def rules(self) -> VenueRules:
        """What the engine has to know of them."""
        return VenueRules(
            presets_arm_at=self.presets_arm_at,
            presets_scope=self.presets_scope,
            presets_end_with_rest=self.presets_end_with_rest,
            oversized_exit=self.oversized_exit,
            client_ids_unique_for=self.client_ids_unique_for,
            client_id_characters=CLIENT_ID_CHARACTERS,
            client_id_alphabet=self.client_id_alphabet,
            triggers_see_frozen=self.plans_see_frozen,
            triggers_end_with_position=self.plans_end_with_position,
            fill_or_kill_rejected_late=self.fill_or_kill_refused_late,
            visible_after_ms=self.visible_after_ms,
            live_after_ms=self.live_after_ms,
            orders_kept_ms=self.history_kept_days * DAY_MS,
            cancelled_orders_kept_ms=self.cancelled_kept_days * DAY_MS,
            fills_kept_ms=self.fills_kept_days * DAY_MS,
            cancel_all_drops_triggers=self.cancel_orders_drops_plans,
            timed_cancel_drops_triggers=self.timed_cancel_drops_plans,
            post_only_rejected_late=self.maker_only_refused_late,
            amend_failure_cancels=self.amend_failure_cancels,
            price_band=self.price_band,
            most_open_orders=self.most_open_orders,
            most_triggers=self.most_plan_orders,
            restart_forgets_triggers=self.restart_forgets_plans,
            restart_forgets_history=self.restart_forgets_history,
        )

    @property
    def client_id_alphabet(self) -> str:
        """The inside of a regular expression's brackets."""
        return "A-Za-z0-9_-" if self.client_ids_take_signs else "A-Za-z0-9"

    def order_number(self, engine_id: int) -> int:
        """The id that goes out for one of the engine's."""
        return self._first_order_id + engine_id

    def engine_id(self, order_number: int) -> int:
        """The engine's id; zero or less for a number that never was given."""
        return order_number - self._first_order_id

    @property
    def _first_order_id(self) -> int:
        return 30_002_488_102_740_000 if self.long_order_ids else 3_000_248_810_274_000

    def codes(self) -> Mapping[int, int]:
        """Codes that stand in for the usual ones."""
        return {40027: self.balance_code, 40040: self.leverage_code}


_BOTH = (False, True)
DRAWN: Mapping[str, tuple[Any, ...]] = {
    "presets_arm_at": tuple(ArmsAt),
    "presets_scope": tuple(ProtectionScope),
    "presets_end_with_rest": _BOTH,
    "oversized_exit": (OversizedExit.TRIMMED, OversizedExit.REJECTED, OversizedExit.REVERSES),
    "client_ids_unique_for": (UniqueFor.ALWAYS, UniqueFor.WHILE_OPEN),
    "visible_after_ms": (0, 250, 3000),
    "live_after_ms": (0, 100),
    "cancelled_kept_days": (0, 1, 90),
    "cancel_orders_drops_trailing": _BOTH,
    "timed_cancel_drops_plans": _BOTH,
    "longest_timed_cancel_sec": (None, 60),
    "maker_only_refused_late": _BOTH,
    "fill_or_kill_refused_late": _BOTH,
    "plans_end_with_position": _BOTH,
    "plans_see_frozen": _BOTH,
    "amend_failure_cancels": _BOTH,
    "price_band": (None, Decimal("0.5")),
    "most_plan_orders": (None, 50),
    "restart_forgets_history": _BOTH,
    "plan_cancel_without_id": tuple(WithoutId),
    "trail_cancel_without_id": tuple(WithoutId),
    "tp_sl_default_category": (1, 2),
    "kline_edges": tuple(Edges),
    "kline_over_500": tuple(Overlong),
    "kline_forming": _BOTH,
    "kline_late_second": _BOTH,
    "kline_stream_completes": _BOTH,
    "history_cancelled_state": (2, 4),
    "empty_history_is_null": _BOTH,
    "wrong_time_unit": tuple(WrongUnit),
    "position_risk_in_seconds": _BOTH,
    "leverage_answer_max": tuple(MostValue),
    "plan_child_client_id": _BOTH,
    "long_order_ids": _BOTH,
    "gateway_errors_say": tuple(GatewayKey),
    "balance_code": (40027, 42000, 40012),
    "leverage_code": (40040, 40012),
    "client_ids_take_signs": _BOTH,
    "cancel_answers_have_data": _BOTH,
    "position_v2_has_margin": _BOTH,
    "booking_times_are_numbers": _BOTH,
    "errors_with_status_200": _BOTH,
    "private_snapshot": _BOTH,
    "stream_delay_ms": (0, 500),
    "most_topics": (None, 100),
    "stray_pace_in_groups": _BOTH,
    "kline_stream_flat": _BOTH,
    "plain_pong": _BOTH,
}
"""What is not confirmed, and between which values a seed chooses.

`empty_list_is_null` is not among them: with it no one can tell an account without positions from a broken answer.
"""


def drawn_quirks(seed: int) -> Quirks:
    """Quirks whose unconfirmed facts a seed chose."""
    chosen = {name: values[int(uniform_of(seed, "quirk", name) * len(values))] for name, values in DRAWN.items()}
    return evolve(Quirks(), **chosen)
