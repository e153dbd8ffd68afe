"""Records as plain values and back: one converter, so that each type is written and read in one way.

Money is text with every digit, features are floats, enumerations are their values, times UTC milliseconds.
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, cast

import msgspec
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError
from cattrs.gen import make_dict_unstructure_fn, override

from mtf_core.market import Contract

Value = TypeVar("Value")


class UnreadableRecordError(ValueError):
    """What is stored is no record: broken bytes, or values that cannot be."""


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook_func(_is_set_of_text, sorted)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    convert_nothing(converter)
    # Brackets are in notional unless a record says otherwise, so those that are stay the bytes that they always were.
    contract = make_dict_unstructure_fn(Contract, converter, brackets_in=override(omit_if_default=True))
    converter.register_unstructure_hook(Contract, contract)
    return converter


def _is_set_of_text(kind: object) -> bool:
    """JSON has no sets; sorted, the same set is the same text."""
    return kind == frozenset[str]


def convert_nothing(converter: Converter) -> None:
    """Nothing is converted in silence: a count that is text was not written by this code."""
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, unconverted)
    converter.register_structure_hook(float, number)
    # The hook of text would stand in for those of its enumerations.
    converter.register_structure_hook(StrEnum, lambda value, kind: kind(value))


def unconverted(value: object, kind: type) -> object:
    """The value, if it is of that very type; raises TypeError."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


def number(value: object, _: object = float) -> float:
    """A number as a float; raises TypeError for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


_CONVERTER = _converter()
_WRONG_VALUES = (ValueError, TypeError, KeyError, ArithmeticError, StructureHandlerNotFoundError)


def to_plain(record: object) -> Any:
    """A record as dicts, lists, numbers and text."""
    return _CONVERTER.unstructure(record)


def from_plain(plain: object, kind: type[Value]) -> Value:
    """The record of that type; raises `UnreadableRecordError` with every place that is wrong."""
    try:
        return _CONVERTER.structure(plain, kind)
    except BaseValidationError as error:
        raise UnreadableRecordError("; ".join(transform_error(error, format_exception=said))) from error
    except _WRONG_VALUES as error:
        raise UnreadableRecordError(said(error, None)) from error


def said(error: BaseException, _: object) -> str:
    """What is wrong, as one says it; the second argument is the type that was wanted, as cattrs gives it."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error) or type(error).__name__


def to_bytes(plain: object) -> bytes:
    """Plain values as MessagePack: the same values in the same order are the same bytes.

    Raises ValueError for what it cannot express: whole numbers beyond 64 bits, halves of surrogate pairs.
    """
    try:
        return msgspec.msgpack.encode(plain)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def from_bytes(content: bytes) -> Any:
    """The plain values; raises `UnreadableRecordError`."""
    try:
        return cast("Any", msgspec.msgpack.decode(content))
    except (msgspec.DecodeError, ValueError) as error:
        raise UnreadableRecordError(f"the bytes are no record: {error}") from error


def from_compressed(content: bytes) -> Any:
    """The plain values of compressed bytes; raises `UnreadableRecordError`."""
    try:
        return from_bytes(zlib.decompress(content))
    except zlib.error as error:
        raise UnreadableRecordError(f"the bytes are broken: {error}") from error
