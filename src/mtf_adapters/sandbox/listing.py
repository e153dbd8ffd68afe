"""The contracts that a generated exchange lists: famous names with familiar numbers, then invented ones."""

from __future__ import annotations

from decimal import Decimal
from math import floor, log10

from attrs import evolve, frozen

from mtf_adapters.sandbox.brackets import bracket_table
from mtf_adapters.sandbox.noise import uniform_of
from mtf_core.market import DAY_MS, HOUR_MS, Contract, ContractStatus


@frozen
class Listing:
    """One contract and the market behind it, before any time has passed."""

    contract: Contract
    """As listed; `turnover_24h` is the long-run mean of a day, in quote currency."""
    price_level: float
    """The price that the symbol keeps returning to over the months."""
    daily_volatility: float
    """Standard deviation of a day's relative price change (0.03 = 3 %)."""
    market_beta: float
    """How closely it follows the common factor: 1 is average, 0 not at all."""

    @property
    def symbol(self) -> str:
        return self.contract.symbol


# symbol's base, price level, tick, contract size, daily volatility, beta, turnover a day in million USDT, leverage
_MAJORS = (
    ("BTC", 64_000.0, "0.1", "0.001", 0.024, 1.3, 1_900.0, 125),
    ("ETH", 3_100.0, "0.01", "0.01", 0.031, 1.3, 1_200.0, 100),
    ("SOL", 148.0, "0.01", "0.1", 0.042, 1.2, 620.0, 75),
    ("XRP", 0.58, "0.0001", "10", 0.036, 1.1, 410.0, 75),
    ("BNB", 585.0, "0.05", "0.01", 0.026, 1.1, 260.0, 75),
    ("DOGE", 0.132, "0.00001", "100", 0.045, 1.2, 350.0, 75),
    ("ADA", 0.44, "0.0001", "10", 0.039, 1.1, 130.0, 50),
    ("AVAX", 33.0, "0.001", "0.1", 0.044, 1.1, 105.0, 50),
    ("LINK", 15.2, "0.001", "0.1", 0.041, 1.1, 98.0, 50),
    ("LTC", 78.0, "0.01", "0.1", 0.033, 1.0, 88.0, 50),
    ("DOT", 6.4, "0.001", "1", 0.038, 1.0, 62.0, 50),
    ("TRX", 0.118, "0.00001", "100", 0.022, 0.6, 57.0, 50),
    ("BCH", 402.0, "0.05", "0.01", 0.037, 1.0, 71.0, 50),
    ("UNI", 8.3, "0.001", "1", 0.046, 1.0, 49.0, 50),
    ("PEPE", 0.0000112, "0.0000000005", "1000000", 0.061, 1.2, 215.0, 50),
)

LEAST_NOTIONAL = Decimal(5)
"""What one order is worth at least on this exchange, in quote currency."""

_YOUNGEST_HOURS, _YOUNG_SPAN_HOURS = 30, 840
_EXPIRED_SPAN_HOURS = 840
_SYLLABLES = (
    *("BA", "CO", "DRA", "EX", "FI", "GLO", "HU", "IN", "JO", "KA", "LU", "MEN"),
    *("NO", "OR", "PI", "QU", "RA", "SOL", "TEN", "UL", "VA", "WEX", "YO", "ZI"),
)


def listings(seed: int, count: int, reference_ms: int) -> tuple[Listing, ...]:
    """`count` listings, the same for a seed whatever the count: a longer list begins with the shorter one.

    Of the invented ones, one in fifty each is delisted, open for closing only, expired before `reference_ms`, quoted in
    USDC, or younger than 880 hours at `reference_ms`.
    """
    majors = [_major(seed, row, reference_ms) for row in _MAJORS[:count]]
    invented = [_invented(seed, number, reference_ms) for number in range(max(0, count - len(_MAJORS)))]
    return tuple(majors + invented)


def _major(seed: int, row: tuple[str, float, str, str, float, float, float, int], reference_ms: int) -> Listing:
    base, price, tick, contract_size, volatility, beta, turnover, leverage = row
    contract = _contract(seed, base, price, Decimal(tick), Decimal(contract_size), turnover * 1e6, leverage)
    contract = evolve(contract, opened_at_ms=_listed_long_ago(seed, contract.symbol, reference_ms))
    return Listing(contract, price, volatility, beta)


def _invented(seed: int, number: int, reference_ms: int) -> Listing:
    base = invented_name(number)
    symbol = base + "USDT"

    def chance(what: str) -> float:
        return uniform_of(seed, symbol, what)

    price = 10 ** (-5.8 + 9.3 * chance("price"))
    decade = floor(log10(price))
    tick = (5 if chance("tick") < 0.12 else 1) * power_of_ten(decade - (5 if chance("tick digits") < 0.5 else 4))
    contract_size = power_of_ten((1 if chance("size") < 0.5 else 0) - decade)
    # Nine in ten trade more than the 8 million a day that the shipped selection asks for.
    liquid = chance("liquid") < 0.9
    turnover = 10 ** (7.1 + 1.3 * chance("turnover")) if liquid else 10 ** (5.6 + 1.2 * chance("turnover"))
    leverage = (20, 25, 50, 50, 75)[int(5 * chance("leverage"))]
    contract = _contract(seed, base, price, tick, contract_size, turnover, leverage)
    contract = evolve(contract, opened_at_ms=_listed_long_ago(seed, symbol, reference_ms))
    contract = _with_a_blemish(seed, contract, number, reference_ms)
    return Listing(contract, price, 0.024 + 0.045 * chance("volatility") ** 1.5, 0.4 + 0.9 * chance("beta"))


def _contract(
    seed: int, base: str, price: float, tick: Decimal, contract_size: Decimal, turnover: float, leverage: int
) -> Contract:
    """A contract whose limits fit its turnover; most sizes step by 1, some by 10."""
    symbol = base + "USDT"
    step = Decimal(10 if uniform_of(seed, symbol, "step") < 0.1 else 1)
    first_cap = Decimal(5_000 if turnover < 5e7 else 50_000)
    brackets = bracket_table(leverage, first_cap, 5 + int(4 * uniform_of(seed, symbol, "brackets")))
    contracts_at_cap = brackets[-1].notional_cap / (contract_size * Decimal(repr(price)))
    max_size = max(step * 1000, Decimal(floor(contracts_at_cap / 1000)) * 1000)
    return Contract(
        symbol=symbol,
        base_currency=base,
        quote_currency="USDT",
        status=ContractStatus.TRADING,
        tick_size=tick,
        size_step=step,
        contract_size=contract_size,
        min_size=step,
        max_size=max_size,
        max_market_size=on_step(max_size * Decimal("0.6"), step),
        min_leverage=Decimal(1),
        max_leverage=Decimal(leverage),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0006"),
        turnover_24h=Decimal(round(turnover)),
        opened_at_ms=0,
        brackets=brackets,
        min_notional=LEAST_NOTIONAL,
    )


def power_of_ten(exponent: int) -> Decimal:
    """10 to a whole power, written without an exponent (100, not 1E+2)."""
    return Decimal("1" + "0" * exponent) if exponent >= 0 else Decimal(1).scaleb(exponent)


def on_step(size: Decimal, step: Decimal) -> Decimal:
    return size // step * step


def _listed_long_ago(seed: int, symbol: str, reference_ms: int) -> int:
    """Midnight of a day between one and five years before the reference."""
    days = 365 + int(1460 * uniform_of(seed, symbol, "age"))
    return reference_ms // DAY_MS * DAY_MS - days * DAY_MS


def _with_a_blemish(seed: int, contract: Contract, number: int, reference_ms: int) -> Contract:
    """The contract, or for five in fifty one that a selection should leave out."""
    match number % 50:
        case 17:
            return evolve(contract, status=ContractStatus.DELISTED)
        case 27:
            symbol = contract.base_currency + "USDC"
            return evolve(contract, symbol=symbol, quote_currency="USDC")
        case 37:
            hours = _YOUNGEST_HOURS + int(_YOUNG_SPAN_HOURS * uniform_of(seed, contract.symbol, "youth"))
            return evolve(contract, opened_at_ms=(reference_ms // HOUR_MS - hours) * HOUR_MS)
        case 46:
            return evolve(contract, status=ContractStatus.CLOSE_ONLY)
        case 48:
            hours = 1 + int(_EXPIRED_SPAN_HOURS * uniform_of(seed, contract.symbol, "expiry"))
            return evolve(contract, expires_at_ms=(reference_ms // HOUR_MS - hours) * HOUR_MS)
        case _:
            return contract


def invented_name(number: int) -> str:
    """The base currency of the n-th invented contract: two syllables, and a digit once those are used up."""
    pairs = len(_SYLLABLES) ** 2
    # A step that shares no factor with 576 visits every pair of syllables once.
    place = (number * 251 + 88) % pairs
    name = _SYLLABLES[place // len(_SYLLABLES)] + _SYLLABLES[place % len(_SYLLABLES)]
    return name if number < pairs else f"{name}{number // pairs + 1}"
