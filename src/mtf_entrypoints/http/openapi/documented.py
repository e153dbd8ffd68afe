"""What the document says of one route: what it may be asked, how it answers, which problems it tells, who may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType

from mtf_entrypoints.http.openapi.questions import NOTHING, Question
from mtf_entrypoints.http.openapi.schemas import TEXT, AnySchema, reference
from mtf_entrypoints.http.problems import MEDIA_TYPE, TITLES

BEARER = "bearer"
Responses = dict[str, OpenAPIResponse | Reference]


class Access(Enum):
    """Who may ask."""

    OPEN = auto()
    """Everyone."""
    GATED = auto()
    """Whoever has the token, where one is set."""
    TOKEN = auto()
    """Whoever has the token; no one where none is set."""


_GATED = ("unauthorized", "forbidden_origin", "wrong_host")
_ALWAYS = ("internal", "time_limit")
_OF_BODIES = ("unreadable_body", "too_large", "unsupported_media_type", "invalid_field")


def documented(
    answer: AnySchema,
    *,
    query: Question = NOTHING,
    body: Question | None = None,
    required: Sequence[str] = (),
    one_of: Sequence[Question] = (),
    path: Question = NOTHING,
    headers: Mapping[str, Schema] | None = None,
    problems: Sequence[str] = (),
    access: Access = Access.GATED,
    also: Mapping[int, AnySchema] | None = None,
) -> type[Operation]:
    """An operation of the document. `problems` are codes beside those that every such route may tell.

    `required` are names of the query, or of the body. `one_of` has what goes together in a body, where that is not
    everything. `also` has the schemas of answers with another status than 200.
    """
    parameters = [
        Parameter(name, place, schema, description=schema.description, required=place == "query" and name in required)
        for place, fields in (("query", query), ("header", headers or {}))
        for name, schema in fields.items()
    ]
    request_body = None if body is None else _body(body, required, one_of)
    codes = [*_GATED, *_ALWAYS, "invalid_field", *problems]
    codes += _OF_BODIES if body is not None else ()
    codes += ("token_not_configured",) if access is Access.TOKEN else ()
    answers = {200: answer, **(also or {})}
    responses: Responses = {str(status): _answer(schema) for status, schema in answers.items()}
    responses |= {status: response for status, response in _problems(codes).items() if status not in responses}

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            own = [
                replace(each, schema=path.get(each.name, each.schema))
                for each in self.parameters or []
                if isinstance(each, Parameter)
            ]
            self.parameters = [*own, *parameters] or None
            self.request_body = request_body
            self.responses = responses
            if access is Access.OPEN:
                self.security = []
            elif access is Access.TOKEN:
                self.security = [{BEARER: []}]

    return Documented


def _body(fields: Question, required: Sequence[str], one_of: Sequence[Question]) -> RequestBody:
    schema = Schema(
        type=OpenAPIType.OBJECT,
        properties={name: field if name in required else _or_null(field) for name, field in fields.items()},
        required=list(required) or None,
        additional_properties=False,
        any_of=[Schema(type=OpenAPIType.OBJECT, properties=dict(each)) for each in one_of] or None,
    )
    return RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=bool(required))


def _or_null(schema: Schema) -> Schema:
    """Null is the same as absent."""
    if schema.any_of:
        return replace(schema, any_of=[*schema.any_of, Schema(type=OpenAPIType.NULL)])
    listed = None if schema.enum is None else [*schema.enum, None]
    assert isinstance(schema.type, OpenAPIType)
    return replace(schema, type=[schema.type, OpenAPIType.NULL], enum=listed)


def _answer(schema: AnySchema) -> OpenAPIResponse:
    description = (schema.description if isinstance(schema, Schema) else None) or "the answer"
    return OpenAPIResponse(description, content={"application/json": OpenAPIMediaType(schema=schema)})


def _problems(codes: Sequence[str]) -> Responses:
    """The answers for problems: one for each status, which tells all codes that it may mean."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(TITLES[code].status, []).append(code)
    content = {MEDIA_TYPE: OpenAPIMediaType(schema=reference("Problem"))}
    challenge: dict[str, OpenAPIHeader | Reference] = {"WWW-Authenticate": OpenAPIHeader(schema=TEXT)}
    return {
        str(status): OpenAPIResponse(
            "; ".join(f"`{code}`: {TITLES[code].text}" for code in listed),
            content=dict(content),
            headers=challenge if status == 401 else None,
        )
        for status, listed in sorted(by_status.items())
    }
