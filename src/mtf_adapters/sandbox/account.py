"""The sandbox's account: what it holds is set, not traded (yet)."""

from __future__ import annotations

from decimal import Decimal

from attrs import define

from mtf_core.market import AccountState, OpenOrder, Position


@define
class SandboxAccount:
    """Balance in quote currency, positions and open orders, all of which may be set at any time."""

    balance: Decimal = Decimal(10_000)
    """Available for new margin; equity is this plus the unrealised profits."""
    positions: tuple[Position, ...] = ()
    open_orders: tuple[OpenOrder, ...] = ()

    def state(self, now_ms: int) -> AccountState:
        return AccountState(
            time_ms=now_ms,
            available_balance=self.balance,
            equity=self.balance + sum((position.unrealised_profit for position in self.positions), Decimal(0)),
            positions=self.positions,
            open_orders=self.open_orders,
        )
