"""What kinds of contract OKX sells, told by their ids: `BTC-USDT-SWAP`, and `BTC-USD_UM_XPERP-310404`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from attrs import frozen

from mtf_core.market import Contract

_XPERP = re.compile(r"(?P<family>[A-Z0-9]+-USD_UM_XPERP)-\d{6}")
_SWAP = "-SWAP"
_ENDS = datetime(2031, 4, 4, 8, tzinfo=UTC)
XPERPS_END_MS = int(_ENDS.timestamp() * 1000)


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


def xperp_id_of(contract: Contract) -> str:
    """The same of an X-Perp, which ends on the day in its name."""
    if _XPERP.fullmatch(contract.symbol):
        return contract.symbol
    return f"{contract.base_currency}-USD_UM_XPERP-{_ENDS:%y%m%d}"


def product_of(contract: Contract) -> Product:
    dated = _XPERP.fullmatch(contract.symbol)
    if dated is not None:
        return Product("FUTURES", dated["family"], "USD", "xperp")
    family = contract.symbol.removesuffix(_SWAP)
    return Product("SWAP", family, contract.quote_currency, "normal")
