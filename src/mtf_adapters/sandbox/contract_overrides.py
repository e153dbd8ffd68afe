"""Contracts for candle files: a file has no grid, fees or limits, so they are guessed from the prices or given here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import floor, log10
from os import PathLike
from pathlib import Path

from attrs import evolve, fields, frozen

from mtf_adapters.files.yaml import read_yaml
from mtf_adapters.sandbox.brackets import bracket_table
from mtf_adapters.sandbox.listing import LEAST_NOTIONAL, power_of_ten
from mtf_core.config_nodes import ConfigNode, Problems
from mtf_core.market import DAY_MS, Contract, ContractStatus
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.renamed import RENAMED_CONTRACT_VALUES
from mtf_core.settings.structure import structure

DEFAULT_TURNOVER = Decimal(100_000_000)
"""A file does not say in which unit its volume is, so a day's turnover is not computed but assumed: large enough for
the shipped contract selection."""

_DEFAULT_AGE_DAYS = 1000
_DEFAULT_LEVERAGE = 50
_QUOTE_CURRENCIES = ("USDT", "USDC", "USD")
_HIGHEST_FEE = Decimal("0.01")
"""No exchange takes (or pays) 1 % of the notional: a larger number is a percent that should be a ratio."""
_EARLIEST_MS = 10**11
"""1973: a smaller instant is written in seconds."""


class InvalidContractOverridesError(ValueError):
    """The file of contract values cannot be used; the message lists every problem with its place."""


@frozen(kw_only=True)
class ContractOverrides:
    """Contract values that replace the defaults; None keeps the default. Units as in `Contract`."""

    base_currency: str | None = setting(None, doc="what is traded")
    quote_currency: str | None = setting(None, doc="what it is priced in")
    status: ContractStatus | None = setting(None, doc="what may be done with it")
    tick_size: Decimal | None = setting(None, gt=0, doc="grid of prices")
    size_step: Decimal | None = setting(None, gt=0, doc="grid of sizes")
    contract_size: Decimal | None = setting(None, gt=0, doc="base currency per contract")
    min_size: Decimal | None = setting(None, gt=0, doc="smallest size of an order")
    max_size: Decimal | None = setting(None, gt=0, doc="largest size of an order")
    max_market_size: Decimal | None = setting(None, gt=0, doc="largest size of a market order")
    min_notional: Decimal | None = setting(None, ge=0, doc="least value of an order, in quote currency")
    min_leverage: Decimal | None = setting(None, ge=1, doc="lowest leverage")
    max_leverage: Decimal | None = setting(None, ge=1, doc="highest leverage")
    maker_fee: Decimal | None = ratio(None, ge=None, le=None, doc="fee of a resting order")
    taker_fee: Decimal | None = ratio(None, ge=None, le=None, doc="fee of a taking order")
    turnover_24h: Decimal | None = setting(None, ge=0, doc="what a day trades, in quote currency")
    opened_at_ms: int | None = setting(None, ge=0, doc="when it was listed, milliseconds since 1970")

    def applied_to(self, contract: Contract) -> Contract:
        """The contract with these values in place of its own; raises `InvalidContractError`."""
        given = {item.name: getattr(self, item.name) for item in fields(ContractOverrides)}
        known = {name: value for name, value in given.items() if value is not None}
        return evolve(contract, **known)


def default_contract(symbol: str, price: float, first_open_ms: int, tick_size: Decimal | None = None) -> Contract:
    """A plausible contract for a symbol that trades at about `price`, on a grid of prices that is known or guessed.

    Tick: the one given, else the power of ten at or below price · 1e-5 (0.1 at 46,000). Contract size: the power of ten
    that makes one contract worth 1–10 quote currency. Sizes step by 1, from 1 to 1,000,000 (market orders 500,000); an
    order is worth at least 5. Leverage 1–50 with eight brackets from 50,000. Fees 0.02 % and 0.06 %. Opened 1000 days
    before the first candle.
    """
    decade = floor(log10(price))
    quote = next((currency for currency in _QUOTE_CURRENCIES if symbol.endswith(currency)), "USDT")
    return Contract(
        symbol=symbol,
        base_currency=symbol.removesuffix(quote) or symbol,
        quote_currency=quote,
        status=ContractStatus.TRADING,
        tick_size=power_of_ten(decade - 5) if tick_size is None else tick_size,
        size_step=Decimal(1),
        contract_size=power_of_ten(-decade),
        min_size=Decimal(1),
        max_size=Decimal(1_000_000),
        max_market_size=Decimal(500_000),
        min_leverage=Decimal(1),
        max_leverage=Decimal(_DEFAULT_LEVERAGE),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0006"),
        turnover_24h=DEFAULT_TURNOVER,
        opened_at_ms=first_open_ms - _DEFAULT_AGE_DAYS * DAY_MS,
        brackets=bracket_table(_DEFAULT_LEVERAGE, Decimal(50_000), 8),
        min_notional=LEAST_NOTIONAL,
    )


def read_contract_overrides(path: str | PathLike[str]) -> dict[str, ContractOverrides]:
    """Overrides by symbol from a YAML or JSON file: `{BTCUSDT: {tick_size: 0.1, contract_size: 0.001}}`.

    Read as strictly as the configuration. Raises `InvalidContractOverridesError` with every problem and its place.
    """
    problems = Problems()
    document = read_yaml(Path(path), str(path), problems)
    overrides: dict[str, ContractOverrides] = {}
    for symbol, node in _entries(document).items():
        _check_units(node, problems)
        values = structure(ContractOverrides, _without_renamed(node, problems), problems)
        if values is not None:
            overrides[symbol] = values
    if problems.errors:
        raise InvalidContractOverridesError("\n".join(map(str, problems.errors)))
    return overrides


def _entries(node: ConfigNode | None) -> Mapping[str, ConfigNode]:
    return node.value if node is not None and isinstance(node.value, Mapping) else {}


def _without_renamed(node: ConfigNode, problems: Problems) -> ConfigNode:
    """The values under their present names; each older name is refused with the new one."""
    entries = _entries(node)
    for name in entries.keys() & RENAMED_CONTRACT_VALUES.keys():
        problems.error(entries[name].place, f"unknown key {name!r}", RENAMED_CONTRACT_VALUES[name].advice)
    kept = {name: value for name, value in entries.items() if name not in RENAMED_CONTRACT_VALUES}
    return evolve(node, value=kept) if kept != entries else node


def _check_units(node: ConfigNode, problems: Problems) -> None:
    """Numbers that are in another unit than the one asked for: percents, seconds."""
    for name, value in _entries(node).items():
        number = value.value
        if isinstance(number, bool) or not isinstance(number, Decimal):
            continue
        if name in ("maker_fee", "taker_fee") and abs(number) > _HIGHEST_FEE:
            problems.error(
                value.place,
                f"found {number}, a fee of {_plain(number * 100)} %, which no exchange takes",
                f"fees are ratios from -{_HIGHEST_FEE} to {_HIGHEST_FEE}: for {number} % write {_plain(number / 100)}",
            )
        if name == "opened_at_ms" and 0 < number < _EARLIEST_MS:
            allowed = f"allowed are milliseconds since 1970, like {_plain(number * 1000)}"
            problems.error(value.place, f"found {number}", allowed)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
