"""Contracts for candle files: a file has no grid, fees or limits, so they are guessed from the price or given here."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import floor, log10
from os import PathLike
from pathlib import Path

import yaml
from attrs import evolve, fields, frozen

from mtf_adapters.sandbox.brackets import bracket_table
from mtf_adapters.sandbox.listing import power_of_ten
from mtf_core.config_nodes import nearest_name
from mtf_core.market import DAY_MS, Contract, ContractStatus
from mtf_core.settings.renamed import RENAMED_CONTRACT_VALUES

DEFAULT_TURNOVER = Decimal(100_000_000)
"""A file does not say in which unit its volume is, so a day's turnover is not computed but assumed: large enough for
the shipped contract selection."""

_DEFAULT_AGE_DAYS = 1000
_DEFAULT_LEVERAGE = 50
_QUOTE_CURRENCIES = ("USDT", "USDC", "USD")


class InvalidContractOverridesError(ValueError):
    """The file of contract values cannot be used; the message lists every problem with its place."""


@frozen(kw_only=True)
class ContractOverrides:
    """Contract values that replace the defaults; None keeps the default. Units as in `Contract`."""

    base_currency: str | None = None
    quote_currency: str | None = None
    status: ContractStatus | None = None
    tick_size: Decimal | None = None
    size_step: Decimal | None = None
    contract_size: Decimal | None = None
    min_size: Decimal | None = None
    max_size: Decimal | None = None
    max_market_size: Decimal | None = None
    min_leverage: Decimal | None = None
    max_leverage: Decimal | None = None
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    turnover_24h: Decimal | None = None
    opened_at_ms: int | None = None

    def applied_to(self, contract: Contract) -> Contract:
        """The contract with these values in place of its own; raises `InvalidContractError`."""
        given = {item.name: getattr(self, item.name) for item in fields(ContractOverrides)}
        known = {name: value for name, value in given.items() if value is not None}
        return evolve(contract, **known)


def default_contract(symbol: str, price: float, first_open_ms: int) -> Contract:
    """A plausible contract for a symbol that trades at about `price`.

    Tick: the power of ten at or below price · 1e-5 (0.1 at 46,000). Contract size: the power of ten that makes one
    contract worth 1–10 quote currency. Sizes step by 1, from 1 to 1,000,000 (market orders 500,000). Leverage 1–50 with
    eight brackets from 50,000. Fees 0.02 % and 0.06 %. Opened 1000 days before the first candle.
    """
    decade = floor(log10(price))
    quote = next((currency for currency in _QUOTE_CURRENCIES if symbol.endswith(currency)), "USDT")
    return Contract(
        symbol=symbol,
        base_currency=symbol.removesuffix(quote) or symbol,
        quote_currency=quote,
        status=ContractStatus.TRADING,
        tick_size=power_of_ten(decade - 5),
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
    )


def read_contract_overrides(path: str | PathLike[str]) -> dict[str, ContractOverrides]:
    """Overrides by symbol from a YAML or JSON file: `{BTCUSDT: {tick_size: "0.1", contract_size: "0.001"}}`.

    Numbers keep the digits they are written with. Raises `InvalidContractOverridesError` with every problem found.
    """
    try:
        # The base loader leaves every value a text, so 0.1 never passes through a float. JSON is YAML.
        document = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidContractOverridesError(f"{path}: cannot be read as YAML or JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidContractOverridesError(f"{path}: expected a mapping of symbols to contract values")
    problems: list[str] = []
    overrides = {symbol: _structured(str(symbol), values, problems) for symbol, values in document.items()}
    if problems:
        raise InvalidContractOverridesError(f"{path}: " + "; ".join(problems))
    return overrides


def _structured(symbol: str, values: object, problems: list[str]) -> ContractOverrides:
    kinds = {item.name: str(item.type) for item in fields(ContractOverrides)}
    if not isinstance(values, dict):
        problems.append(f"{symbol}: expected a mapping of contract values, found {values!r}")
        return ContractOverrides()
    found: dict[str, str | int | Decimal] = {}
    for name, text in values.items():
        if name in RENAMED_CONTRACT_VALUES:
            problems.append(f"{symbol}.{name}: {RENAMED_CONTRACT_VALUES[name].advice}")
        elif name not in kinds:
            near = nearest_name(str(name), list(kinds))
            problems.append(f"{symbol}.{name}: unknown" + (f", did you mean {near}?" if near else ""))
        elif not isinstance(text, str):
            problems.append(f"{symbol}.{name}: expected one value, found {text!r}")
        elif (value := _value(text, kinds[name])) is None:
            allowed = ", ".join(ContractStatus) if name == "status" else ""
            problems.append(f"{symbol}.{name}: {text!r} is " + (f"none of {allowed}" if allowed else "no number"))
        else:
            found[name] = value
    return ContractOverrides(**found)  # type: ignore[arg-type]  # each value was parsed by its field's own type


def _value(text: str, kind: str) -> str | int | Decimal | None:
    """The text as its field's type; None where it is none."""
    if kind.startswith(ContractStatus.__name__):
        return ContractStatus(text) if text in list(ContractStatus) else None
    if kind.startswith("str"):
        return text
    try:
        if kind.startswith("int"):
            return int(text)
        number = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None
