"""The durable record that an order is about to be, or was, sent: what was wanted, and what evidence says of it.

One intent stands for one decision key of one account, from the moment before anything is sent until everything that
came of it is over. It has attempts: orders that try to enter, one after the other, never two that may be alive.

Times are milliseconds of the exchange's clock, sizes contracts, prices quote currency on the contract's grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, gt

from mtf_core.market import (
    ClientIds,
    MarginMode,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
)
from mtf_core.orders.client_ids import Purpose, mint
from mtf_core.orders.states import EntryState, PositionState
from mtf_core.planning.zone_event import EntryZone
from mtf_core.settings.trade_entry import EndOfZoneSettings


@frozen
class WantedTarget:
    """Where a part of the position is to be closed with a gain."""

    price: Decimal
    share: Decimal
    """Of what is held, 0..1; the shares of an intent's targets add up to 1."""


@frozen(kw_only=True)
class Wanted:
    """What the plan asks for; none of it ever changes."""

    symbol: str
    side: Side
    size: Decimal = field(validator=gt(Decimal(0)))
    """The most that all attempts together may fill."""
    leverage: Decimal
    margin_mode: MarginMode
    stop: TriggerLevel
    targets: tuple[WantedTarget, ...]
    """One or two, the nearer first."""
    target_trigger: TriggerPrice = TriggerPrice.MARK
    """Which price fires a target that waits for one."""


@frozen(kw_only=True)
class Terms:
    """How the entry and its position are to be supervised: fixed with the plan. Spans are milliseconds."""

    profile: str
    run_id: str
    execution_timeframe: Timeframe
    contract_size: Decimal
    """Base currency per contract."""
    size_step: Decimal
    min_size: Decimal
    tick_size: Decimal
    planned_entry: Decimal
    """The planned price of the first attempt; what slippage and R are measured from."""
    risk_usdt: Decimal
    """The loss of the whole position at its stop never exceeds it."""
    fees_in_risk: bool
    """Whether the fees of entry and stop are part of that loss."""
    one_r_fees_usdt: Decimal
    """The planned fees of entry and stop for the whole planned size: what 1 R net adds to 1 R gross."""
    notional_usdt: Decimal
    margin_usdt: Decimal
    loss_at_stop_usdt: Decimal
    """What the whole planned size takes of the account's limits: the reservation."""
    min_net_r: Decimal
    zone: EntryZone | None
    zone_was_touched: bool
    """Whether the mark stood inside the zone when the plan was made."""
    max_deviation: Decimal
    """How far the mark may go from a resting entry, as a ratio of the entry's price."""
    order_timeout_ms: int | None
    """How long a resting entry may wait; None for entries that take at once."""
    out_of_zone_after_ms: int
    end_of_zone: EndOfZoneSettings | None
    """What may be taken when the zone is about to end; None: nothing."""
    break_even_after_tp1: bool
    hard_time_stop_ms: int | None
    """From the first fill; None: never."""
    protection_timeout_ms: int
    """How long a stop that has fired may take to fill before the position is closed at market."""
    target_order: OrderType
    """MARKET: a target waits for its trigger and then takes. LIMIT: it rests at its price."""
    target_proximity: Decimal
    """A target that the price is nearer to than this ratio is left alone."""
    after_cancel_minutes: int
    """How long the symbol's switch goes off after an unfilled entry was cancelled."""


@frozen(kw_only=True)
class Attempt:
    """One order that tries to enter. Its id is committed before anything is sent; its bytes leave at most once."""

    number: int = field(validator=ge(1))
    size: Decimal = field(validator=gt(Decimal(0)))
    order_type: OrderType
    price: Decimal | None
    """None: at market."""
    time_in_force: TimeInForce
    post_only: bool
    carries_stop: bool
    """Whether the stop travels inside the order."""
    client_order_id: str
    created_ms: int
    """When it was committed: nothing of it is older."""
    not_after_ms: int
    """After this instant the request cannot have an effect any more."""
    sent_ms: int | None = None
    accepted_ms: int | None = None
    """When the exchange said that it has it, or was first seen to."""
    order_id: str = ""
    """Of the exchange, once it said one."""
    filled: Decimal = Decimal(0)
    """What executions say that it filled so far."""


class ExitReason(StrEnum):
    """Why a position was left. The first reason that stands counts."""

    STOP = "stop"
    BREAK_EVEN = "break_even"
    """The stop, after it had been moved to break-even or beyond."""
    TARGET = "target"
    TIME_STOP = "time_stop"
    NOT_PROTECTED = "not_protected"
    """It could not be protected and was closed."""
    STOP_NOT_FILLED = "stop_not_filled"
    """The stop fired, did not fill in time, and the position was closed at market."""
    HAND = "hand"
    """Closed by the operator, here or at the exchange."""
    FLIPPED_BY_HAND = "flipped_by_hand"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    SETTLEMENT = "settlement"


@frozen(kw_only=True)
class Sent:
    """When a write of each kind was last decided, None: none is on its way.

    A view that began before cannot show it: whoever decides from such a view decides the same again, under the same id.
    """

    stop_ms: int | None = None
    targets_ms: int | None = None
    close_ms: int | None = None
    cancel_ms: int | None = None
    """Of the entry."""
    tidy_ms: int | None = None
    """The cancellation of a stop or target that is one too many, or left over."""


@frozen(kw_only=True)
class Progress:
    """What supervision remembers from one look to the next; everything else it reads anew.

    Generations count the orders of one purpose that were ever sent, so that each has an id of its own, and the same id
    whoever sends it.
    """

    held: Decimal = Decimal(0)
    """What of the position is ours, as last proven."""
    opened: Decimal = Decimal(0)
    """What executions of our attempts have opened."""
    closed: Decimal = Decimal(0)
    """What executions have closed of it."""
    gained: Decimal = Decimal(0)
    """What of that was closed nearer to the first target than to the entry."""
    average_entry: Decimal | None = None
    """The average price of what was opened."""
    others_ms: int | None = None
    """When somebody else last traded on our side since the intent was committed, or was seen to hold a part there."""
    entry_fees: Decimal = Decimal(0)
    """What executions of our attempts cost, in quote currency."""
    first_fill_ms: int | None = None
    unprotected_since_ms: int | None = None
    """Since when the exchange holds a part of ours without a stop that was read back; None: it does not."""
    zone_touched: bool = False
    stop: TriggerLevel | None = None
    """Where the stop is to stand now; None: where it was planned."""
    stop_generation: int = 0
    stop_tries: int = 0
    """Orders for a stop that were sent since stops were last read to cover more than before."""
    stop_covered: Decimal = Decimal(0)
    """How much of what is held armed stops covered in the last read."""
    stop_restored: bool = False
    """A stop that was loosened by hand was restored once."""
    stop_order_id: str = ""
    """The exchange's id of the stop that was read back last, or that an answer named since; empty: none stands."""
    stop_is_foreign: bool = False
    """That stop is another's, as far as can be told: it protects as well as ours, and stays theirs."""
    replaced_stop_id: str = ""
    """The stop of which the one that was sent last takes the place."""
    stop_accepted: bool = False
    """The exchange said that it has the stop that was sent last."""
    stop_seen: TriggerLevel | None = None
    """Where it stood when it was read back."""
    next_stop_ms: int = 0
    """When the next order for a stop may be sent."""
    fired_order_id: str = ""
    """The stop whose firing was dealt with last."""
    targets: tuple[WantedTarget, ...] | None = None
    """Where the targets are to stand now; None: where they were planned."""
    first_target_done: bool = False
    """What the first of two targets was for is closed."""
    target_generations: tuple[int, int] = (0, 0)
    target_tries: int = 0
    """Orders for targets that were sent since all that are wanted were last read back."""
    next_target_ms: int = 0
    target_missing_ms: int | None = None
    """Since when a target that stood is not shown any more."""
    close_generation: int = 0
    next_close_ms: int = 0
    """When the next attempt to close may be sent."""
    close_cancels: int = 0
    """Targets whose cancellation was asked for since the last attempt to close."""
    cancel_looks: int = 0
    """Looks at an entry since it was asked to end."""
    next_cancel_ms: int = 0
    cancel_reason: str = ""
    """Why the entry was asked to end: a reason code."""
    fired_since_ms: int | None = None
    """Since when a stop has fired and not filled."""
    flat_seen_ms: int | None = None
    """When a read first showed nothing of ours that executions explain; a second one, apart, makes it so."""
    less_since_ms: int | None = None
    """Since when the exchange shows less of the position than executions explain."""
    tidy_tries: int = 0
    """Cancellations of what is left over that were sent since the position is gone."""
    fallback_asked: bool = False
    """The end of the zone was acted on, once."""
    exit_reason: ExitReason | None = None
    best_mark: Decimal | None = None
    """The mark price that was best for the position since the first fill."""
    worst_mark: Decimal | None = None
    alarmed: frozenset[str] = frozenset()
    """Kinds of alarms that stood at the last look."""
    sent: Sent = Sent()


@frozen(kw_only=True)
class Intent:
    """What was wanted, what was sent, what is known. States change by evidence alone (`states.py`)."""

    account: str
    """The account as the exchange names it."""
    decision_key: str
    tag: int
    """Of the store; it is part of every id."""
    counter: int
    """The store's count of intents; it is part of every id."""
    wanted: Wanted
    terms: Terms
    attempt: Attempt
    """The one that counts; it alone may be alive."""
    earlier: tuple[Attempt, ...] = ()
    """Those before it, all final."""
    entry: EntryState = EntryState.PLANNED
    """Of the current attempt."""
    position: PositionState = PositionState.NONE
    """Of what came of all attempts together."""
    progress: Progress = Progress()
    version: int = 0
    """Of the stored row: who changes it names the version that was read."""

    @property
    def symbol(self) -> str:
        return self.wanted.symbol

    @property
    def side(self) -> Side:
        return self.wanted.side

    @property
    def is_live(self) -> bool:
        """Whether something of it may be on the exchange: unknown and stale ones are."""
        return not self.entry.is_final or not self.position.is_over

    @property
    def filled(self) -> Decimal:
        """What all attempts filled, by executions."""
        return sum((attempt.filled for attempt in self.attempts()), Decimal(0))

    @property
    def possibly_alive(self) -> Decimal:
        """What the current attempt may still fill."""
        is_done = self.entry.is_final or self.entry is EntryState.PLANNED
        return Decimal(0) if is_done else self.attempt.size - self.attempt.filled

    @property
    def stop(self) -> TriggerLevel:
        """Where the stop is to stand now."""
        return self.progress.stop or self.wanted.stop

    @property
    def loss_at_stop_usdt(self) -> Decimal:
        """What the whole planned size may lose at its stop: more than was planned where the operator moved it away."""
        looser = (self.wanted.stop.price - self.stop.price) * self.side.sign
        return self.terms.loss_at_stop_usdt + max(Decimal(0), looser) * self.wanted.size * self.terms.contract_size

    @property
    def targets(self) -> tuple[WantedTarget, ...]:
        """Where the targets are to stand now."""
        return self.progress.targets or self.wanted.targets

    def attempts(self) -> Iterator[Attempt]:
        """Every attempt, the first one first."""
        yield from self.earlier
        yield self.attempt

    def order_ids(self) -> frozenset[str]:
        """The exchange's ids of the entries, as far as they are known."""
        return frozenset(attempt.order_id for attempt in self.attempts() if attempt.order_id)

    def client_order_ids(self) -> frozenset[str]:
        """Our ids of the entries."""
        return frozenset(attempt.client_order_id for attempt in self.attempts())

    def id_of(self, purpose: Purpose, generation: int, ids: ClientIds) -> str:
        """The id of one of its protective or closing orders; raises `ClientIdError`."""
        made = mint(self.tag, self.counter, self.account, self.decision_key, self.attempt.number, purpose, generation)
        return made.text(ids)
