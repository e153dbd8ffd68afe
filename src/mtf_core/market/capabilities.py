"""What an exchange can do, as far as the core has to know: asked for instead of the exchange's name."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, gt, optional

from mtf_core.market.order import MarginMode, PositionMode, TriggerPrice
from mtf_core.market.timeframe import DAY_MS, Timeframe


class SizeUnit(StrEnum):
    CONTRACTS = "contracts"
    """Sizes are contracts of `contract_size` base coin each."""
    BASE = "base"
    """Sizes are base coin; the contract size is 1."""


class ArmsAt(StrEnum):
    """When a stop that travels inside an entry begins to protect."""

    FIRST_FILL = "first_fill"
    FULL_FILL = "full_fill"
    """A part that fills is not protected by it: a stop of its own is needed at once."""


class ProtectionScope(StrEnum):
    """What a stop reduces: what its own entry filled, or the whole position."""

    ORDER = "order"
    POSITION = "position"


class OversizedExit(StrEnum):
    """What happens to an exit that is larger than its position."""

    TRIMMED = "trimmed"
    REJECTED = "rejected"
    REVERSES = "reverses"
    UNKNOWN = "unknown"


class UniqueFor(StrEnum):
    """How long a client order id may not be used again."""

    ALWAYS = "always"
    WHILE_OPEN = "while_open"
    UNKNOWN = "unknown"


class Proven(StrEnum):
    """Whether something that cannot be read from an interface is known to hold."""

    YES = "proven"
    NO = "no"
    UNKNOWN = "unknown"


class Closing(StrEnum):
    """How an order says that it may only reduce."""

    REDUCE_ONLY = "reduce_only"
    SIDE_CODE = "side_code"


class SettingScope(StrEnum):
    """What a mode is set for."""

    ACCOUNT = "account"
    SYMBOL = "symbol"
    ORDER = "order"


class DeadlineKind(StrEnum):
    """How the exchange refuses a request that comes late."""

    EXPIRES_AT = "expires_at"
    """The request names its own last instant."""
    SIGNATURE_WINDOW = "signature_window"
    """The signature is refused some time after its time stamp."""


class AmendField(StrEnum):
    PRICE = "price"
    SIZE = "size"
    TRIGGER = "trigger"


@frozen
class EntryProtection:
    """A stop and a target that travel inside an entry order."""

    arms_at: ArmsAt
    scope: ProtectionScope
    trigger_prices: frozenset[TriggerPrice]


@frozen
class PositionProtection:
    """Stops and targets that are orders of their own."""

    whole_position: bool
    """Whether one may be for the whole position, whatever it comes to be."""
    trigger_prices: frozenset[TriggerPrice]
    client_ids: bool
    """Whether they carry an id of ours."""
    one_whole_at_a_time: bool = False
    """Whether a second order for the whole position is refused while one stands; sized ones may stand beside it."""


@frozen
class ClientIds:
    """Which ids of ours an order may bear, and how far back one can be looked up by them."""

    alphabet: str
    """The inside of a regular expression's brackets, like `A-Za-z0-9`."""
    most_characters: int = field(validator=gt(0))
    unique_for: UniqueFor
    lookup_open: bool
    """Whether open orders show them."""
    lookup_history_ms: int = field(validator=ge(0))
    """How far back ended orders can be looked up; 0: not at all."""
    lookup_fills_ms: int = field(validator=ge(0))


@frozen
class RequestDeadline:
    """How a request that was held up is kept from having an effect later."""

    kind: DeadlineKind
    longest_ms: int = field(validator=gt(0))
    """The longest life of a signed request."""


@frozen
class TimedCancelAll:
    """Cancels resting orders unless it is asked again in time."""

    scope: SettingScope
    least_seconds: int
    most_seconds: int | None
    """None: not known."""
    keeps_protection: Proven


@frozen
class CandleService:
    """What the exchange serves of candles."""

    most_per_call: int = field(validator=gt(0))
    edges_included: bool | None
    """Whether both ends of the asked span are answered; None: not known, ask wider and drop what was not asked."""
    stream_timeframes: frozenset[Timeframe]
    stream_says_closed: bool
    """Whether the stream marks a candle's last word; else the next candle, or the clock, closes it."""
    timeframes: frozenset[Timeframe]
    most_topics_per_connection: int = field(default=100, validator=gt(0))
    final: bool = False
    """Whether candles that it lacks will never come, however often one asks: so it is with candle files."""


@frozen
class Capabilities:
    """The abilities of one exchange and market type; each is declared, none is assumed."""

    quotes_per_call: int | None = field(validator=optional(ge(1)))
    """How many symbols one call for quotes answers; None: any number, 1: the exchange has no bulk tickers."""
    candles: CandleService
    size_unit: SizeUnit
    entry_protection: EntryProtection | None
    """None: no stop can travel inside an entry."""
    position_protection: PositionProtection | None
    client_ids: ClientIds
    request_deadline: RequestDeadline | None
    """None: a late request cannot be refused, so there are no live entries."""
    oversized_exit: OversizedExit
    fills_kept_ms: int = field(validator=ge(0))
    """How far back executions can be read."""
    cancelled_orders_kept_ms: int = field(validator=ge(0))
    closing: Closing
    position_modes: frozenset[PositionMode]
    """Those in which every execution says whether it opened or closed; in others nothing is traded."""
    position_mode_scope: SettingScope
    margin_modes: frozenset[MarginMode]
    margin_mode_scope: SettingScope
    cancel_by_client_id: bool
    cancel_all_keeps_protection: Proven
    timed_cancel_all: TimedCancelAll | None
    amends: frozenset[AmendField]
    amends_protection: frozenset[AmendField]
    visibility_lag_ms: int = field(default=0, validator=ge(0))
    """How long an accepted order may stay invisible to reads."""


EVERYTHING_KEPT_MS = 3650 * DAY_MS
"""A retention for those that forget nothing."""
