"""What kinds of contract OKX sells, told by their ids: `BTC-USDT-SWAP`, and `BTC-USD_UM_XPERP-310404`."""

from __future__ import annotations

import re

from attrs import frozen

from mtf_core.market import Contract

_XPERP = re.compile(r"(?P<family>[A-Z0-9]+-USD_UM_XPERP)-\d{6}")
_SWAP = "-SWAP"


@frozen
class Product:
    """What a contract's id says of it."""

    inst_type: str
    family: str
    settle_currency: str
    rule_type: str


def inst_id_of(contract: Contract) -> str:
    """What OKX calls a contract; one that bears such a name already keeps it."""
    if contract.symbol.endswith(_SWAP) or _XPERP.fullmatch(contract.symbol):
        return contract.symbol
    return f"{contract.base_currency}-{contract.quote_currency}{_SWAP}"


def product_of(contract: Contract) -> Product:
    dated = _XPERP.fullmatch(contract.symbol)
    if dated is not None:
        return Product("FUTURES", dated["family"], "USD", "xperp")
    family = contract.symbol.removesuffix(_SWAP)
    return Product("SWAP", family, contract.quote_currency, "normal")
