"""What of OKX is traded: its swaps in USDT, or the perpetuals that it sells in the EEA (sheet §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen


@frozen
class Product:
    """One kind of linear contracts, settled in one currency."""

    name: str
    inst_type: str
    """The word by which lists, tickers and orders are asked for."""
    settle_currency: str
    rule_type: str = ""
    """The kind of rules that its rows name; empty: any."""
    account_names_currency: bool = False
    """Whether the account says in which currency it settles (USD, USDC or USDG); else it is that of the contracts."""

    def is_ours(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the instruments is a contract of this product."""
        return (
            row.get("instType") == self.inst_type
            and row.get("ctType") == "linear"
            and row.get("settleCcy") == self.settle_currency
            and self.rule_type in {"", row.get("ruleType")}
        )


SWAP = Product("swap", "SWAP", "USDT")
XPERP = Product("xperp", "FUTURES", "USD", rule_type="xperp", account_names_currency=True)
"""Futures of five years, with funding: each row has its day of expiry."""

PRODUCTS = {product.name: product for product in (SWAP, XPERP)}
DEFAULT_PRODUCT = SWAP.name
