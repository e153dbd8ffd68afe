"""Records in the words of the report: JSON documents and back, every type by one declaration for both ways.

Money and prices are texts with every digit, ratios numbers, instants RFC 3339 in UTC under the field's name without
its `_ms`, outcomes their names. What stands in a store and what a client reads are the same document. Reading is
strict: a name that is missing, unknown, or has a value that cannot be, makes the record unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from mtf_core.market import Contract, format_instant, parse_instant, to_ms
from mtf_core.planning import OrderPlan, PlanCosts, Skip, Step, Supervision, ZoneEvent
from mtf_core.planning.outcome import StepValue
from mtf_core.records.codec import UnreadableRecordError, convert_nothing, number, said, unconverted
from mtf_core.records.json import Json
from mtf_core.records.plans import PlanRecord, TargetRecord
from mtf_core.records.reports import OrderLine, ReportRecord
from mtf_core.records.results import OrderOutcome, ResultRecord, TimeframeResult
from mtf_core.settings.trade_entry import EndOfZoneSettings
from mtf_core.validation.outcome import Outcome

Record = TypeVar("Record")

_RATIOS: Mapping[type, tuple[str, ...]] = {
    TargetRecord: ("share", "r", "net_r"),
    PlanCosts: ("net_r", "break_even_win_rate"),
    ZoneEvent: ("deviation", "allowed", "width_ratio", "atr_ratio", "spread_ratio", "volume_ratio"),
    Supervision: ("hard_time_stop_minutes",),
    EndOfZoneSettings: ("max_spread_bps", "max_slippage_bps"),
}
"""Decimals that stand as numbers in a document."""
_SOMETIMES = (ResultRecord, TimeframeResult, PlanRecord, TargetRecord, ReportRecord)
"""Types whose fields with a default are left out of a document where they have it."""
_SOMETIMES_FIELDS: Mapping[type, tuple[str, ...]] = {
    Contract: ("brackets_in",),
    OrderOutcome: ("client_order_id", "order_id"),
    OrderLine: ("client_order_id", "order_id"),
}
"""The same of single fields."""
_WRONG_VALUES = (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, StructureHandlerNotFoundError)


def to_document(record: object) -> dict[str, Any]:
    """A record as JSON types; the same record is the same document, its names in the same order."""
    document: dict[str, Any] = _CONVERTER.unstructure(record)
    return document


def from_document(document: object, kind: type[Record]) -> Record:
    """The record that a document is of; raises `UnreadableRecordError` with every place that is wrong."""
    try:
        return _CONVERTER.structure(document, kind)
    except BaseValidationError as error:
        raise UnreadableRecordError("; ".join(transform_error(error, format_exception=said))) from error
    except _WRONG_VALUES as error:
        raise UnreadableRecordError(said(error, None)) from error


def plan_to_json(plan: OrderPlan) -> dict[str, Any]:
    """The `plan` object of a report."""
    return to_document(PlanRecord.of(plan))


def skip_to_json(skip: Skip) -> dict[str, Any]:
    """Why there is no plan."""
    return {
        "reason": skip.reason.value,
        "facts": {name: _shown(value) for name, value in skip.facts},
        "zone_event": to_document(skip.zone_event) if skip.zone_event else None,
        "steps": [to_document(step) for step in skip.steps],
    }


# --- values ---------------------------------------------------------------------------------------------------
def _digits(value: Decimal) -> str:
    return format(value, "f")


def _exact(value: object, _: object) -> Decimal:
    """Money is text; the digits must be the ones that this code would write."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not an exact number as text")
    try:
        exact = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not exact.is_finite() or _digits(exact) != value:
        raise ValueError(f"{value!r} is not written as an exact number")
    return exact


def _ratio(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _from_ratio(value: object, _: object) -> Decimal | None:
    """The shortest digits that give the float back."""
    return None if value is None else Decimal(repr(number(value)))


def _instant(ms: int | None) -> str | None:
    return None if ms is None else format_instant(ms)


def _from_instant(value: object, _: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no instant")
    return to_ms(parse_instant(value))


def _outcome(value: object, _: object) -> Outcome:
    if value not in Outcome.__members__:
        raise ValueError(f"{value!r} is no outcome")
    return Outcome[str(value)]


def _step(step: Step) -> dict[str, Json]:
    return {
        "name": step.name,
        "formula": step.formula,
        "inputs": {name: _shown(value) for name, value in step.inputs},
        "value": _shown(step.value),
        "unit": step.unit,
    }


def _from_step(document: Any, _: object) -> Step:
    if set(document) != {"name", "formula", "inputs", "value", "unit"}:
        raise ValueError(f"a step has other names: {', '.join(map(str, document))}")
    inputs = tuple((str(name), _meant(value)) for name, value in document["inputs"].items())
    name, formula, unit = (unconverted(document[part], str) for part in ("name", "formula", "unit"))
    return Step(str(name), str(formula), inputs, _meant(document["value"]), str(unit))


def _shown(value: StepValue) -> Json:
    return _digits(value) if isinstance(value, Decimal) else value


def _meant(value: Any) -> StepValue:
    """A value of a step: text that is written as an exact number is one."""
    if isinstance(value, bool | int):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no value of a step")
    try:
        return _exact(value, None)
    except ValueError:
        return value


# --- types ----------------------------------------------------------------------------------------------------
def _fields_of(kind: type) -> dict[str, Any]:
    """How the fields of a type stand in its document, where that is not under their name and as their type says."""
    found = {}
    for attribute in attrs.fields(kind):
        name = attribute.name
        may_lack = kind in _SOMETIMES or name in _SOMETIMES_FIELDS.get(kind, ())
        sometimes = may_lack and attribute.default is not attrs.NOTHING
        if name.endswith("_ms"):
            found[name] = override(rename=name.removesuffix("_ms"), unstruct_hook=_instant, struct_hook=_from_instant)
        elif name in _RATIOS.get(kind, ()):
            found[name] = override(unstruct_hook=_ratio, struct_hook=_from_ratio, omit_if_default=sometimes)
        elif kind is EndOfZoneSettings and name == "enabled":
            found[name] = override(omit=True)  # terms that are told are those of an enabled one
        elif sometimes:
            found[name] = override(omit_if_default=True)
    return found


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list})

    def writer(kind: type) -> Callable[[Any], dict[str, Any]]:
        write: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(kind, converter, **_fields_of(kind))
        if kind not in _SOMETIMES:
            return write
        names = [each.name.removesuffix("_ms") for each in attrs.fields(kind)]

        def in_order(record: Any) -> dict[str, Any]:
            document = write(record)  # what may be left out comes last there
            return {name: document[name] for name in names if name in document}

        return in_order

    def reader(kind: type) -> Callable[[Mapping[str, Any], Any], Any]:
        return make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **_fields_of(kind))

    converter.register_unstructure_hook_factory(attrs.has, writer)
    converter.register_structure_hook_factory(attrs.has, reader)
    converter.register_unstructure_hook(Step, _step)
    converter.register_structure_hook(Step, _from_step)
    converter.register_unstructure_hook(Decimal, _digits)
    converter.register_structure_hook(Decimal, _exact)
    converter.register_unstructure_hook(Outcome, lambda outcome: outcome.name)
    converter.register_structure_hook(Outcome, _outcome)
    convert_nothing(converter)
    return converter


_CONVERTER = _converter()
