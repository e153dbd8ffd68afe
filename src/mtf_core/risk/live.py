"""What only a real entry asks about, beside what a simulated one does."""

from __future__ import annotations

from attrs import field, frozen

from mtf_core.market import ContractStatus
from mtf_core.risk.books import Heartbeat, Standing
from mtf_core.settings.trade_entry import StalenessSettings
from mtf_core.settings.trading import OrderSettings


@frozen(kw_only=True)
class LiveFacts:
    """Facts of one real entry. Times are the exchange's; None is always *not known*, and what is not known refuses."""

    now_ms: int
    namespace: str
    """The world that the order would go to."""
    settings: OrderSettings
    staleness: StalenessSettings
    skew_ms: int | None
    """How far the exchange's clock may be from this machine's, the error of the measure included."""
    contract_status: ContractStatus | None
    """What the exchange says now of the contract."""
    exits_left: int | None = None
    """How many positions could be protected and closed now without waiting; None, here alone: any number."""
    standing: Standing = field(factory=Standing)
    supervisor: Heartbeat | None = None
    key_is_taken: bool = False
    """These three are read in the transaction that commits the intent; `with_books` puts them in."""
