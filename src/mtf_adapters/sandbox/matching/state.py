"""Everything the engine knows: accounts, instruments, the rules of the venue it imitates, and the running journal."""

from __future__ import annotations

from collections.abc import Iterable

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.journal import Journal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.matching.timers import Timers
from mtf_core.market import Contract


class State:
    def __init__(self, contracts: Iterable[Contract], rules: VenueRules) -> None:
        self.rules = rules
        self.instruments = {contract.symbol: Instrument(contract) for contract in contracts}
        self.accounts: dict[str, AccountBook] = {}
        self.journal = Journal()
        self.timers = Timers()
        self.armed: list[str] = []
        """Symbols whose triggers have to be looked at before the command is over, because new ones wait."""

        self.failing_presets: set[str] = set()
        """Symbols whose next entry gets no stop and no target when they come due; an empty one stands for any."""

    @property
    def now_ms(self) -> int:
        return self.journal.now_ms
