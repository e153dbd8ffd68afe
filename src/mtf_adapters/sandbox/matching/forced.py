"""What the exchange does to accounts by itself: positions closed at the mark, for whatever reason."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.executions import execute
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.placing import register
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import FillCause


def close_at_mark(
    state: State, instrument: Instrument, account: AccountBook, holding: Holding, size: Decimal, cause: FillCause
) -> None:
    """Executes an order of the exchange's own, without a fee, at the mark price."""
    order = Order.closing(holding, size, account.position_mode, state.now_ms, cause)
    register(state, account, order)
    execute(state, instrument, order, size, instrument.mark, is_maker=False)
