"""The envelope around every answer: code, message, trace, and mostly data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import Enum
from typing import Any

import msgspec

from mtf_adapters.sandbox.faces.bitmart.codes import OK, Problem
from mtf_adapters.sandbox.faces.bitmart.quirks import GatewayKey
from mtf_adapters.sandbox.faces.http import JSON_TYPE, Response

_MOST_DECIMALS = Decimal("1e-18")


class Absent(Enum):
    """Stands for data that an answer does not have at all."""

    DATA = "data"


def answer(data: Any, trace: str, headers: Mapping[str, str]) -> Response:
    """A success; `Absent.DATA` leaves the data out."""
    document: dict[str, Any] = {"code": OK, "message": "Ok"}
    if data is not Absent.DATA:
        document["data"] = data
    return _json(200, {**document, "trace": trace}, headers)


def refusal(problem: Problem, key: GatewayKey, trace: str, headers: Mapping[str, str]) -> Response:
    """A refusal; the gateway's have their words under a key of their own."""
    words = key if problem.is_gateway else GatewayKey.MESSAGE
    return _json(problem.status, {str(words): problem.text, "trace": trace, "code": problem.code}, headers)


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


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(status, msgspec.json.encode(document), {"content-type": JSON_TYPE, **headers})
