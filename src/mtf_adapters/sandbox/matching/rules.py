"""How the exchange that the engine imitates behaves where exchanges differ.

Every fact of a wire that is not confirmed is a switch here, so that a simulation can draw it.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen
from attrs.validators import ge

from mtf_core.market import DAY_MS, ArmsAt, OversizedExit, ProtectionScope, UniqueFor


@frozen
class VenueRules:
    """The quirks of one venue. The defaults are those of the sandbox's native face: nothing surprises."""

    presets_arm_at: ArmsAt = ArmsAt.FIRST_FILL
    """When the stop and target inside an entry begin to wait for their prices."""
    presets_scope: ProtectionScope = ProtectionScope.ORDER
    """What they reduce: what their entry filled, or the whole position."""
    presets_end_with_rest: bool = False
    """Whether cancelling the unfilled rest of an entry drops presets that are not armed yet, though a part filled."""
    oversized_exit: OversizedExit = OversizedExit.TRIMMED
    """What becomes of a reduce-only order or trigger larger than what is left to close; UNKNOWN acts as REJECTED."""
    triggers_see_frozen: bool = False
    """Whether a trigger that fires cannot reach what resting exits have reserved, as an exit by hand cannot."""
    presets_are_pairs: bool = False
    """Whether the stop and target of one entry are one order with two prices: cancelling one cancels both."""
    one_whole_position_trigger: bool = False
    """Whether a position has at most one trigger, or pair of triggers, for all of it."""
    triggers_end_with_position: bool = True
    """Whether reduce-only triggers of a size of their own end with the position."""
    whole_triggers_end_with_position: bool = True
    """The same of those for the whole position."""
    protection_needs_position: bool = True
    """Whether a stop or target is refused while there is nothing to reduce."""
    client_ids_unique_for: UniqueFor = UniqueFor.ALWAYS
    """UNKNOWN acts as WHILE_OPEN: there an id that is used again does harm."""
    client_id_characters: int = field(default=64, validator=ge(1))
    client_id_alphabet: str = "A-Za-z0-9_-"
    """The inside of a regular expression's brackets."""
    visible_after_ms: int = field(default=0, validator=ge(0))
    """How long an accepted order, or an execution, is invisible to queries; book and balance know it at once."""
    live_after_ms: int = field(default=0, validator=ge(0))
    """How long an accepted order waits before it can match."""
    orders_kept_ms: int = field(default=3650 * DAY_MS, validator=ge(0))
    """How long ended orders are remembered."""
    cancelled_orders_kept_ms: int = field(default=3650 * DAY_MS, validator=ge(0))
    """Those that ended without an execution."""
    cancelled_triggers_kept_ms: int | None = None
    """Triggers and trailing orders among them; None: as long as orders."""
    fills_kept_ms: int = field(default=3650 * DAY_MS, validator=ge(0))
    """How long executions and bookings are remembered."""
    cancel_all_drops_triggers: bool = False
    """Whether cancelling all orders of a symbol takes stops and targets with it."""
    timed_cancel_drops_triggers: bool = False
    post_only_rejected_late: bool = False
    """Whether a post-only order that would take is accepted and cancelled at once, instead of refused."""
    fill_or_kill_rejected_late: bool = False
    """The same of an order that has to fill whole and cannot."""
    amend_failure_cancels: bool = False
    """Whether an amendment that the exchange refuses has cancelled the old order already."""
    price_band: Decimal | None = None
    """Largest relative distance of a limit or trigger price from the last price; None: no band."""
    market_reach: Decimal | None = None
    """How far from the last price a market order executes at most; what is left of it is cancelled. None: as far as the
    book goes."""
    most_open_orders: int | None = None
    """Per account and symbol, triggers apart; None: no cap."""
    most_triggers: int | None = None
    restart_forgets_triggers: bool = False
    restart_forgets_history: bool = False
    funding_interval_hours: int = field(default=8, validator=ge(1))

    @property
    def refuses_oversized_exits(self) -> bool:
        """An exit that is larger than what is left to close is not taken at all."""
        return self.oversized_exit in {OversizedExit.REJECTED, OversizedExit.UNKNOWN}
