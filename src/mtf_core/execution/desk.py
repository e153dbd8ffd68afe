"""Where one account is acted on: the exchange, the store that is bound to it, and what is kept outside of the store."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import Capabilities, ClientIds
from mtf_core.orders import longest_life_ms
from mtf_core.ports import ActionJournal, Environment, HighWater, Mark, OrderStore, StoreIdentity, Trading
from mtf_core.settings.trading import OrderSettings


@frozen(eq=False)
class Desk:
    """One account of one exchange, with everything that acts on it; made by `open_desk`."""

    environment: Environment
    trading: Trading
    identity: StoreIdentity
    """As the store was bound at the start; its counter is the one of that moment."""
    orders: OrderStore
    settings: OrderSettings
    journal: ActionJournal
    high_water: HighWater

    @property
    def now_ms(self) -> int:
        """The exchange's time."""
        return self.environment.venue.clock.now_ms()

    @property
    def capabilities(self) -> Capabilities:
        return self.environment.venue.capabilities

    @property
    def longest_life_ms(self) -> int:
        """How long after its commit an entry may still have an effect."""
        return longest_life_ms(self.settings, self.capabilities)

    @property
    def ids(self) -> ClientIds:
        """How the exchange's orders bear ids of ours."""
        return self.capabilities.client_ids

    @property
    def account(self) -> str:
        """The account as the exchange names it."""
        return self.identity.account

    @property
    def account_key(self) -> str:
        """The account, told from those of every other exchange and world."""
        return f"{self.environment.venue.orders_namespace} {self.account}"

    @property
    def mark(self) -> Mark:
        """This store's, as the desk was opened."""
        return Mark(self.identity.store_id, self.identity.counter)
