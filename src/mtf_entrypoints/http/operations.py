"""What the OpenAPI document says of bodies and query strings; derived from the request's own fields."""

from __future__ import annotations

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from mtf_core.market import Side, Timeframe
from mtf_core.run_request import OPTIONS, Form, Option
from mtf_core.runs.request import choices

_INSTANT = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME, examples=["2026-01-31T14:00Z"])
_TEXT = Schema(type=OpenAPIType.STRING)
_SYMBOL = Schema(type=OpenAPIType.STRING, pattern="^[A-Z0-9]{1,32}$")
_TIMEFRAME = Schema(type=OpenAPIType.STRING, enum=list(map(str, Timeframe)))


def _described(schema: Schema, text: str) -> Schema:
    return Schema(
        type=schema.type,
        format=schema.format,
        enum=schema.enum,
        items=schema.items,
        examples=schema.examples,
        default=schema.default,
        description=text,
    )


_TYPES = {Form.FLAG: OpenAPIType.BOOLEAN, Form.COUNT: OpenAPIType.INTEGER}


def _schema_of(option: Option) -> Schema:
    """The schema of one option of a run; an alias has the same."""
    schema = Schema(
        type=_TYPES.get(option.form, OpenAPIType.STRING),
        description=option.doc,
        default=None if option.default in (None, ()) else option.default,
        enum=[*listed, *option.synonyms] if (listed := choices(option.form)) else None,
    )
    match option.form:
        case Form.COUNT:
            schema.minimum, schema.maximum = 1, option.most
        case Form.NAME:
            schema.min_length, schema.max_length = 1, option.most
        case Form.INSTANT:
            schema.format, schema.examples = OpenAPIFormat.DATE_TIME, _INSTANT.examples
        case Form.SYMBOLS:
            schema = Schema(
                type=OpenAPIType.ARRAY,
                items=_SYMBOL,
                min_items=1,
                max_items=option.most,
                description=option.doc,
            )
    return schema


_RUN = {option.name: _schema_of(option) for option in OPTIONS}
_EXPLAIN = {
    "symbol": _described(_TEXT, "like BTCUSDT"),
    "timeframe": _described(_TIMEFRAME, "only this one; none: all, and the verdict"),
    "profile": _described(_TEXT, "none: the service's own"),
    "at": _described(_INSTANT, "as of a past instant (sandbox only)"),
}
_PLAN = {
    "symbol": _EXPLAIN["symbol"],
    "side": Schema(type=OpenAPIType.STRING, enum=list(map(str, Side))),
    "timeframe": _described(_TIMEFRAME, "an execution timeframe of the profile"),
    "profile": _EXPLAIN["profile"],
    "at": _EXPLAIN["at"],
}
_INDICATORS = {
    "names": _described(_TEXT, "features, separated by commas; none: the customary ones"),
    "profile": _EXPLAIN["profile"],
    "at": _EXPLAIN["at"],
}
_STATUS = {
    "profile": _described(_TEXT, "only runs of this profile"),
    "limit": Schema(type=OpenAPIType.INTEGER, default=1, description="how many runs, 1 to 100"),
    "before": _described(_INSTANT, "only runs that started earlier"),
}

_WHY = {"run": _described(_TEXT, "a run's id; none: the newest run that had the symbol")}
_FUNNEL = {
    "run": _described(_TEXT, "a run's id; none: the newest"),
    "since": _described(_INSTANT, "all runs started since then, a day of minutes at most"),
    "profile": _described(_TEXT, "only runs of this profile"),
}


def _body(properties: dict[str, Schema], *required: str) -> RequestBody:
    schema = Schema(
        type=OpenAPIType.OBJECT,
        properties=dict(properties),
        required=list(required) or None,
        additional_properties=False,
    )
    return RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=bool(required))


def _query(operation: Operation, properties: dict[str, Schema]) -> None:
    added = [
        Parameter(name=name, param_in="query", schema=schema, description=schema.description, required=False)
        for name, schema in properties.items()
    ]
    operation.parameters = [*(operation.parameters or []), *added]


@dataclass
class PostRun(Operation):
    """The body of a run."""

    def __post_init__(self) -> None:
        self.request_body = _body(_RUN)


@dataclass
class GetRun(Operation):
    """The query string of a run: as the body, lists separated by commas, and never anything but a dry run."""

    def __post_init__(self) -> None:
        _query(self, {name: schema for name, schema in _RUN.items() if name != "dry_run"})


@dataclass
class Explain(Operation):
    """The body of an explanation."""

    def __post_init__(self) -> None:
        self.request_body = _body(_EXPLAIN, "symbol")


@dataclass
class Plan(Operation):
    """The body of a plan."""

    def __post_init__(self) -> None:
        self.request_body = _body(_PLAN, "symbol", "side", "timeframe")


@dataclass
class IndicatorValues(Operation):
    """The query string of features."""

    def __post_init__(self) -> None:
        _query(self, _INDICATORS)


@dataclass
class Status(Operation):
    """The query string of the status."""

    def __post_init__(self) -> None:
        _query(self, _STATUS)


@dataclass
class WhySymbol(Operation):
    """The query string of a why."""

    def __post_init__(self) -> None:
        _query(self, _WHY)


@dataclass
class FunnelOf(Operation):
    """The query string of a funnel."""

    def __post_init__(self) -> None:
        _query(self, _FUNNEL)
