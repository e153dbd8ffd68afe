"""Numbers as answers of exchanges show them: text, without idle zeros."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

_MOST_DECIMALS = Decimal("1e-18")


def text(number: Decimal) -> str:
    """A number as it goes out: plain digits, at most 18 behind the point, no idle zeros."""
    if number == number.to_integral_value():
        return f"{number.quantize(Decimal(1)):f}" if number else "0"
    with localcontext() as context:
        context.prec = 60
        rounded = number.quantize(_MOST_DECIMALS, rounding=ROUND_HALF_EVEN) if _is_long(number) else number
        return f"{rounded.normalize():f}" if rounded else "0"


def price_text(price: float, tick: Decimal) -> str:
    """A price of a candle, with as many digits behind the point as the tick has, no idle zeros. Many are shown at once,
    so this goes without decimals: a price on the grid is the float nearest to it, and comes out exactly."""
    exponent = tick.as_tuple().exponent
    shown = f"{price:.{max(0, -exponent) if isinstance(exponent, int) else 0}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _is_long(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent < -18
