"""Positions and balances as they are told: the books seen at the mark."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.brackets import liquidation_price, maintenance_margin
from mtf_adapters.sandbox.matching.events import BalanceView, PositionView
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.margins import cross_equity, cross_maintenance, free_of, standing
from mtf_adapters.sandbox.matching.money import ZERO, quotient
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import MarginMode, Side


def position_view(state: State, account: AccountBook, holding: Holding) -> PositionView:
    instrument = state.instruments[holding.symbol]
    mark = instrument.mark
    closed = holding.closed_size
    return PositionView(
        account=holding.account,
        symbol=holding.symbol,
        side=holding.side,
        size=holding.size,
        frozen_size=min(holding.size, frozen_size(account, holding.symbol, holding.side)),
        entry_price=holding.entry_price,
        leverage=holding.leverage,
        margin_mode=holding.margin_mode,
        margin=holding.margin,
        maintenance_margin=maintenance_margin(instrument.contract, holding.size, holding.notional(mark)),
        mark_price=mark,
        unrealised_profit=holding.profit(mark),
        liquidation_price=_liquidation_price(state, account, holding),
        realised_profit=holding.realised,
        fees=holding.fees,
        closed_size=closed,
        closed_average_price=quotient(holding.closed_value, closed * holding.contract_size) if closed else None,
        opened_ms=holding.opened_ms,
        updated_ms=holding.updated_ms,
        funding=holding.funding,
    )


def frozen_size(account: AccountBook, symbol: str, side: Side, but_for: int = 0) -> Decimal:
    """What resting exits of a position have reserved of it; more than there is where several overlap.

    `but_for` is the id of an order that does not count.
    """
    exits = account.live.exits(symbol, side)
    return sum((order.remaining for order in exits if order.order_id != but_for), ZERO)


def balance_view(state: State, account: AccountBook) -> BalanceView:
    now = standing(state, account)
    return BalanceView(
        account=account.name,
        wallet=account.wallet,
        available=max(ZERO, free_of(account, now)),
        order_margin=account.order_margin,
        position_margin=now.margin,
        unrealised_profit=now.profit,
        equity=account.wallet + now.profit,
    )


def _liquidation_price(state: State, account: AccountBook, holding: Holding) -> Decimal | None:
    """Cross: the price at which this position alone would bring the account down, others standing still."""
    instrument = state.instruments[holding.symbol]
    if holding.margin_mode is MarginMode.ISOLATED:
        return holding.liquidation_price(instrument.contract)
    own = maintenance_margin(instrument.contract, holding.size, holding.notional(instrument.mark))
    others = cross_maintenance(state, account) - own if holding.size else ZERO
    margin = cross_equity(state, account) - holding.profit(instrument.mark) - others
    return liquidation_price(instrument.contract, holding.side, holding.size, holding.cost, margin)
