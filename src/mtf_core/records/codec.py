"""Records as plain values and back: one converter, so that each type is written and read in one way.

Money is text with every digit, features are floats, enumerations are their values, times UTC milliseconds.
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from functools import partial
from operator import is_
from typing import Any, TypeVar, cast

import msgspec
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError

Value = TypeVar("Value")


class UnreadableRecordError(ValueError):
    """What is stored is no record: broken bytes, or values that cannot be."""


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    for kind in (bool, int, str):
        # By a predicate: a hook for `str` would stand in for that of every enumeration of text.
        converter.register_structure_hook_func(partial(is_, kind), _unconverted)
    return converter


def _unconverted(value: object, kind: type) -> object:
    """Nothing is converted in silence: a count that is text was not written by this code."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


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
        raise UnreadableRecordError("; ".join(transform_error(error, format_exception=_said))) from error
    except _WRONG_VALUES as error:
        raise UnreadableRecordError(_said(error, None)) from error


def _said(error: BaseException, _: object) -> str:
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
