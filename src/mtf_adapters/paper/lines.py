"""What happened to a paper account, as lines of a file: commands, and what of the market had an effect."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from typing import Any

from attrs import frozen
from cattrs import Converter

from mtf_adapters.sandbox.matching.commands import (
    AmendOrder,
    AmendTrigger,
    CancelAllAfter,
    CancelOrder,
    Command,
    ContractChange,
    Deleverage,
    Funding,
    MarketEvent,
    OpenAccount,
    PlaceOrder,
    PlaceTrigger,
    Restart,
    SetLeverage,
    SetPositionMode,
    StatusChange,
    Tick,
    TimePasses,
    Transfer,
)
from mtf_adapters.sandbox.matching.events import Result

_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        AmendOrder,
        AmendTrigger,
        CancelAllAfter,
        CancelOrder,
        ContractChange,
        Deleverage,
        Funding,
        OpenAccount,
        PlaceOrder,
        PlaceTrigger,
        Restart,
        SetLeverage,
        SetPositionMode,
        StatusChange,
        Tick,
        TimePasses,
        Transfer,
    )
}
"""Everything that the native face, a paper market and a test ask of the engine."""


@frozen
class Line:
    """One step of the engine, and the sum of what it answered: whoever takes the step again must come to the same."""

    at_ms: int
    what: Command | MarketEvent
    answered: int


def sum_of(result: Result) -> int:
    """A short sum of an answer and its events."""
    return zlib.crc32(repr((result.answer, result.events)).encode())


def written(line: Line) -> bytes:
    """The line as it stands in the file, with its end."""
    kind = type(line.what).__name__
    if kind not in _KINDS:
        raise TypeError(f"a paper account does not know {kind}")
    document = {"ms": line.at_ms, "kind": kind, "what": _PLAIN.unstructure(line.what), "answered": line.answered}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def read(text: bytes) -> Line:
    """The step of a line; raises ValueError for one that was changed since."""
    try:
        document = json.loads(text)
        what: Any = _PLAIN.structure(document["what"], _KINDS[document["kind"]])
        return Line(int(document["ms"]), what, int(document["answered"]))
    except Exception as error:  # cattrs has its own groups of errors
        raise ValueError("no step of a paper account") from error


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    return converter


_PLAIN = _converter()
