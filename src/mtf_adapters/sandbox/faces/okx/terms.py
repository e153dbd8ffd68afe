"""What OKX's contracts have otherwise than the sandbox's: tiers in contracts, and no least worth of an order."""

from __future__ import annotations

from decimal import Decimal

from attrs import define, evolve, field

from mtf_adapters.sandbox.market import Market
from mtf_core.market import BracketUnit, Contract, LeverageBracket
from mtf_core.ports import ExchangeError

Tiers = tuple[LeverageBracket, ...]


@define(eq=False)
class Terms:
    """Tiers stay as they were first reckoned, by the price at that time: on OKX they do not move with the price."""

    market: Market
    expires_at_ms: int = 0
    """When contracts end that do not end before; 0: never."""
    _tiers: dict[str, tuple[Tiers, Tiers]] = field(factory=dict)
    """By symbol, those in money that they were made of, and those in contracts."""

    def __call__(self, contract: Contract, now_ms: int) -> Contract:
        known = self._tiers.get(contract.symbol)
        if known is None or known[0] != contract.brackets:
            known = (contract.brackets, self._reckoned(contract, now_ms))
            if known[1] or not contract.brackets:
                self._tiers[contract.symbol] = known
        return evolve(
            contract,
            min_notional=Decimal(0),
            brackets=known[1],
            brackets_in=BracketUnit.CONTRACTS,
            expires_at_ms=contract.expires_at_ms or self.expires_at_ms,
        )

    def _reckoned(self, contract: Contract, now_ms: int) -> Tiers:
        """None, where the contract shows no price yet."""
        try:
            price = self.market.prices(contract.symbol, now_ms).last
        except ExchangeError:
            return ()
        floor = Decimal(0)
        tiers = []
        for bracket in contract.brackets:
            cap = bracket.notional_cap / (contract.contract_size * price) // contract.size_step * contract.size_step
            if cap > floor:
                tiers.append(LeverageBracket(floor, cap, bracket.max_leverage, bracket.maintenance_margin_ratio, _NONE))
                floor = cap
        return tuple(tiers)


_NONE = Decimal(0)
"""Subtracted from the maintenance margin: OKX has no such amount."""
