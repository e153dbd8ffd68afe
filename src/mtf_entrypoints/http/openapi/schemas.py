"""JSON schemas: a few building blocks, and the schema of a core type as its document shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from attrs import fields, has
from litestar.openapi.spec import Reference, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from mtf_core.market import Side, Timeframe
from mtf_core.symbols import SYMBOL_PATTERN

AnySchema = Schema | Reference

TEXT = Schema(type=OpenAPIType.STRING)
FLAG = Schema(type=OpenAPIType.BOOLEAN)
COUNT = Schema(type=OpenAPIType.INTEGER)
NUMBER = Schema(type=OpenAPIType.NUMBER)
ANYTHING = Schema()
DECIMAL = Schema(type=OpenAPIType.STRING, pattern=r"^-?\d+(\.\d+)?$", description="an exact decimal")
INSTANT = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME, examples=["2026-01-31T14:00:00Z"])
SYMBOL = Schema(type=OpenAPIType.STRING, pattern=f"^{SYMBOL_PATTERN}$", examples=["BTCUSDT"])
_NULL = Schema(type=OpenAPIType.NULL)


def choice(values: Sequence[object]) -> Schema:
    """One of some texts."""
    return Schema(type=OpenAPIType.STRING, enum=[str(value) for value in values])


TIMEFRAME = choice(tuple(Timeframe))
SIDE = choice(tuple(Side))


def said(schema: Schema, description: str) -> Schema:
    """The schema with a description."""
    return replace(schema, description=description)


def bounded(least: int, most: int, default: int | None = None) -> Schema:
    """A whole number within bounds."""
    return replace(COUNT, minimum=least, maximum=most, default=default)


def optional(schema: AnySchema) -> AnySchema:
    """The schema, or null."""
    if isinstance(schema, Schema) and isinstance(schema.type, OpenAPIType) and schema.enum is None:
        return replace(schema, type=[schema.type, OpenAPIType.NULL])
    if isinstance(schema, Schema) and schema.any_of:
        return replace(schema, any_of=[*schema.any_of, _NULL])
    description = schema.description if isinstance(schema, Schema) else None
    return Schema(any_of=[schema, _NULL], description=description)


def array(items: AnySchema) -> Schema:
    return Schema(type=OpenAPIType.ARRAY, items=items)


def mapping(values: AnySchema) -> Schema:
    """An object whose names are data, such as symbols or timeframes."""
    return Schema(type=OpenAPIType.OBJECT, additional_properties=values)


def record(properties: Mapping[str, AnySchema], sometimes: Mapping[str, AnySchema] | None = None) -> Schema:
    """An object with these names, and perhaps those of `sometimes`; clients must bear names to come."""
    return Schema(
        type=OpenAPIType.OBJECT, properties={**properties, **(sometimes or {})}, required=list(properties) or None
    )


def reference(name: str) -> Reference:
    """A schema of the document's components."""
    return Reference(ref=f"#/components/schemas/{name}")


def of_type(kind: Any) -> AnySchema:
    """The schema of a type of the core in a document: exact numbers are texts, enumerations their values or names."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not NoneType]
        schema = of_type(inner[0]) if len(inner) == 1 else Schema(any_of=[of_type(each) for each in inner])
        return optional(schema) if NoneType in arguments else schema
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return mapping(of_type(arguments[1]))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return array(of_type(arguments[0]))
    if not isinstance(kind, type):
        return ANYTHING
    if has(kind):
        return of_attrs(kind)
    if issubclass(kind, StrEnum):
        return choice(tuple(kind))
    if issubclass(kind, Enum):
        return choice([member.name for member in kind])
    plain = {bool: FLAG, int: COUNT, float: NUMBER, str: TEXT, Decimal: DECIMAL}
    return plain.get(kind, ANYTHING)


def of_attrs(kind: type, **instead: AnySchema | None) -> Schema:
    """The schema of an attrs class whose document bears the names of its fields, times without their `_ms`.

    `instead` overrides the schema of a name; None leaves it out.
    """
    hints = get_type_hints(kind)
    properties: dict[str, AnySchema] = {}
    for attribute in fields(kind):
        name, hint = attribute.name, hints[attribute.name]
        if name.endswith("_ms"):
            name = name.removesuffix("_ms")
            properties[name] = optional(INSTANT) if NoneType in get_args(hint) else INSTANT
        else:
            properties[name] = of_type(hint)
    for name, schema in instead.items():
        if schema is None:
            del properties[name]
        else:
            properties[name] = schema
    return record(properties)
