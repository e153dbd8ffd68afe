"""Reading requests: JSON bodies and query strings, field by field, all problems at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from litestar import Request

from mtf_core.config_nodes import nearest_name
from mtf_core.market import (
    InvalidInstantError,
    Side,
    Timeframe,
    UnknownTimeframeError,
    parse_instant,
    parse_moment,
    to_ms,
)
from mtf_core.problems import FieldProblem
from mtf_core.symbols import symbol_problem
from mtf_core.texts import is_text
from mtf_entrypoints.http.openapi.questions import Question
from mtf_entrypoints.http.problems import ProblemError, invalid

AnyRequest = Request[Any, Any, Any]

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_JSON_TYPE = "application/json"


async def read_body(request: AnyRequest) -> dict[str, Any]:
    """The JSON object of a request's body; an empty body is an empty object.

    Programs need not say that it is JSON: `curl -d` calls everything a form. A page in a browser must, because a form
    of another site cannot; its `Origin` gives it away.

    Raises `ProblemError`: 400 for what is no JSON, 413, 415, 422 for JSON that is no object.
    """
    body = await request.body()
    if not body:
        return {}
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    from_a_page = "origin" in request.headers and "authorization" not in request.headers
    if from_a_page and content_type != _JSON_TYPE:
        detail = f"found {content_type or 'none'!r}; a page sends {_JSON_TYPE}"
        raise ProblemError("unsupported_media_type", detail)
    try:
        document = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        text = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ProblemError("unreadable_body", f"the body is no JSON: {text}") from None
    if not isinstance(document, dict):
        raise invalid([FieldProblem("body", f"found {_kind(document)}; allowed is an object")])
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} stands twice")
        found[name] = value
    return found


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case _:
            return "a list"


class Fields:
    """Reads the fields of a flat document and notes what is wrong; `done` raises all of it together."""

    def __init__(self, document: Mapping[str, Any], known: Question, *, of_texts: bool = False) -> None:
        """`of_texts`: the values come from a query string, where numbers and truths are texts."""
        self._document = document
        self._of_texts = of_texts
        self._known = known
        self._problems: list[FieldProblem] = []
        for name in document:
            if name not in known:
                near = nearest_name(str(name), tuple(known))
                hint = f"did you mean {near!r}? " if near else ""
                listed = ", ".join(known) or "none"
                self._problems.append(FieldProblem(str(name), f"unknown field; {hint}known: {listed}"))

    def done(self) -> None:
        """Raises `ProblemError` (422) if anything was wrong."""
        if self._problems:
            raise invalid(self._problems)

    def text(self, name: str, *, required: bool = False) -> str:
        """A text of no more characters than the question allows, or an empty one when it is absent or wrong."""
        value = self._document.get(name)
        if value is None:
            if required:
                self._problems.append(FieldProblem(name, "is required"))
            return ""
        if not isinstance(value, str) or not is_text(value):
            self._refuse(name, "a text")
            return ""
        most = self._known[name].max_length
        if most is not None and len(value) > most:
            self._refuse(name, f"a text of at most {most} characters")
            return ""
        return value.strip()

    def words(self, name: str) -> str:
        """A text; the question's default when it is absent or wrong."""
        return self.text(name) or str(self._known[name].default)

    def symbol(self, name: str, *, required: bool = False) -> str:
        """The name of a symbol, or an empty text when it is absent or wrong. Whether it is listed, no one asks here."""
        text = self.text(name, required=required)
        problem = symbol_problem(self._document[name]) if text else None
        if problem is not None:
            self.refuse(name, problem)
        return "" if problem else text

    def flag(self, name: str, *, required: bool = False) -> bool | None:
        """True or false, which a query string writes as a text."""
        value = self._document.get(name)
        if value is None:
            if required:
                self._problems.append(FieldProblem(name, "is required"))
            return None
        value = _TRUTHS.get(value.lower(), value) if self._of_texts and isinstance(value, str) else value
        if not isinstance(value, bool):
            self._refuse(name, "true or false")
            return None
        return value

    def timeframe(self, name: str, *, required: bool = False) -> Timeframe | None:
        text = self.text(name, required=required)
        if not text:
            return None
        try:
            return Timeframe.parse(self._document[name])
        except UnknownTimeframeError:
            self._refuse(name, "one of " + ", ".join(Timeframe))
            return None

    def has(self, name: str) -> bool:
        """Whether the field is there, with a value."""
        return self._document.get(name) is not None

    def decimal(self, name: str, *, required: bool = False) -> Decimal:
        """An exact decimal, which is written as a text; the question's default, or 0, when it is absent or wrong."""
        found = self._decimals(name, "an exact decimal as a text, like 0.25", required=required)
        return found[0] if found else Decimal(str(self._known[name].default or 0))

    def decimals(self, name: str, *, required: bool = False) -> tuple[Decimal, ...]:
        """Decimals above zero separated by commas; those of the question's default when it is absent."""
        found = self._decimals(name, "numbers separated by commas, like 1,2.5", required=required)
        default = str(self._known[name].default or "")
        return found or tuple(Decimal(part) for part in default.split(",") if part)

    def _decimals(self, name: str, allowed: str, *, required: bool) -> tuple[Decimal, ...]:
        if not self.text(name, required=required):
            return ()
        written = str(self._document[name])
        if not re.fullmatch(str(self._known[name].pattern), written, re.ASCII):
            self._refuse(name, allowed)
            return ()
        return tuple(Decimal(part) for part in written.split(","))

    def side(self, name: str) -> Side | None:
        text = self.text(name, required=True)
        if text and self._document[name] not in tuple(Side):
            self._refuse(name, "one of " + ", ".join(Side))
            return None
        return Side(text) if text else None

    def instant(self, name: str) -> int | None:
        """UTC milliseconds."""
        text = self.text(name)
        if not text:
            return None
        try:
            return to_ms(parse_instant(text))
        except InvalidInstantError:
            self._refuse(name, "an instant like 2022-01-31T14:00Z")
            return None

    def moment(self, name: str) -> str | None:
        """An instant, or a duration that counts back from the newest run: its text, for only the store knows that."""
        text = self.text(name)
        if not text:
            return None
        try:
            parse_moment(text, 0)
        except InvalidInstantError:
            self._refuse(name, "an instant like 2022-01-31T14:00Z, or a duration like 2h")
            return None
        return text

    def timeframes(self, name: str) -> tuple[str, ...] | None:
        """Names of timeframes separated by commas; None when the field is absent or wrong."""
        if not self.text(name):
            return None
        names = str(self._document[name]).split(",")
        if any(one not in tuple(Timeframe) for one in names):
            self._refuse(name, "timeframes separated by commas: " + ", ".join(Timeframe))
            return None
        return tuple(names)

    def names(self, name: str) -> tuple[str, ...]:
        """Names separated by commas."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def symbols(self, name: str) -> tuple[str, ...] | None:
        """Names of symbols separated by commas, each once; None when the field is absent or wrong."""
        if not self.text(name):
            return None
        names = str(self._document[name]).split(",")
        problems = [problem for one in names if (problem := symbol_problem(one)) is not None]
        if problems:
            self.refuse(name, problems[0])
        return None if problems else tuple(dict.fromkeys(names))

    def count(self, name: str) -> int | None:
        """A whole number within the bounds of the question; its default when it is absent or wrong."""
        question, value = self._known[name], self._document.get(name)
        if value is None:
            return question.default
        most = int(question.maximum or 1)
        if self._of_texts and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON knows no other 1 than 1.0
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self._refuse(name, f"a whole number within 1..{most}")
            return question.default
        return value

    def page_size(self) -> int:
        """How many entries a page has: the field `limit`."""
        return self.count("limit") or 1

    def refuse(self, name: str, message: str) -> None:
        """Notes what is wrong with a field beside the others."""
        self._problems.append(FieldProblem(name, message))

    def _refuse(self, name: str, allowed: str) -> None:
        self._problems.append(FieldProblem(name, f"found {self._document[name]!r}; allowed is {allowed}"))


def asked(request: AnyRequest, question: Question) -> Fields:
    """The fields of a query string."""
    return Fields(_query_of(request), question, of_texts=True)


def named(question: Question, **path: str) -> Fields:
    """The fields of a path."""
    return Fields(path, question)


async def told(request: AnyRequest, question: Question) -> Fields:
    """The fields of a body."""
    return Fields(await read_body(request), question)


def _query_of(request: AnyRequest) -> dict[str, str]:
    """The query string; a name that stands twice is refused."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise invalid([FieldProblem(name, "stands twice")])
        found[name] = value
    return found
