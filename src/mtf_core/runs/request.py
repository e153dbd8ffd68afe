"""Reading what a run is asked to do, field by field: `OPTIONS` says what there is, all problems are told together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from mtf_core.config_nodes import nearest_name
from mtf_core.market import InvalidInstantError, Timeframe, parse_instant, to_ms
from mtf_core.problems import FieldProblem, InvalidRequestError, NotFoundError
from mtf_core.records import JsonObject, UnreadableRecordError
from mtf_core.rules.ruleset import ContextMode
from mtf_core.run_request import OPTIONS, Form, Option, RunRequest
from mtf_core.settings.profile import Profile
from mtf_core.symbols import ALLOWED_SYMBOLS, is_symbol, meant_symbol
from mtf_core.texts import is_text

MARKET_TYPES = ("perpetual",)
MOST_SHOWN = 200
"""Characters of a wrong value that its problem repeats."""

_BY_NAME: Mapping[str, Option] = {name: option for option in OPTIONS for name in (option.name, *option.aliases)}


def request_field_names() -> tuple[str, ...]:
    """The names that a request may hold, without aliases."""
    return tuple(option.name for option in OPTIONS)


def choices(form: Form) -> tuple[str, ...]:
    """The values that a field of this form may have; empty where they cannot be listed."""
    listed: Mapping[Form, Iterable[StrEnum | str]] = {
        Form.TIMEFRAME: Timeframe,
        Form.CONTEXT_MODE: ContextMode,
        Form.MARKET_TYPE: MARKET_TYPES,
    }
    return tuple(map(str, listed.get(form, ())))


def parse_request(document: Mapping[str, Any]) -> RunRequest:
    """A request from JSON types; raises `InvalidRequestError` with every problem.

    Aliases are read like the names that they stand for; null is not given. Whether an exchange can be asked is told by
    `check_request`.
    """
    request, problems = _read(document)
    problems.extend(_not_offered(request))
    if problems:
        raise InvalidRequestError(tuple(problems))
    return request


def recorded_request(document: JsonObject) -> RunRequest:
    """The request that a run was stored with, whatever this version honours; raises `UnreadableRecordError`."""
    request, problems = _read(document)
    if problems:
        raise UnreadableRecordError("; ".join(map(str, problems)))
    return request


def _read(document: Mapping[str, Any]) -> tuple[RunRequest, list[FieldProblem]]:
    """The fields that can be read, and what is wrong with the others."""
    if not isinstance(document, Mapping):
        return RunRequest(), [FieldProblem("request", "allowed is an object of fields")]
    problems: list[FieldProblem] = []
    values: dict[str, Any] = {}
    given: dict[str, str] = {}
    for name, value in document.items():
        option = _BY_NAME.get(name)
        if option is None:
            problems.append(_unknown(str(name)))
        elif value is None:
            continue
        elif option.name in given:
            problems.append(FieldProblem(name, f"says the same as {given[option.name]!r}: write one of them"))
        else:
            given[option.name] = name
            try:
                values[option.attribute] = _READERS[option.form](value, option)
            except _UnacceptableError as error:
                problems.append(FieldProblem(name, f"found {shown(value)}; allowed is {error}"))
    return RunRequest(**values), problems


def document_of_texts(texts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The document that names and texts (a query string, a command line) stand for, for `parse_request`.

    A list may be given by repeating its name. Raises `InvalidRequestError` for another name that stands twice.
    """
    document: dict[str, Any] = {}
    for name, text in texts:
        option = _BY_NAME.get(name)
        if name not in document:
            document[name] = text if option is None else _typed(text, option)
        elif option is not None and option.form is Form.SYMBOLS:
            document[name] = f"{document[name]},{text}"
        else:
            raise InvalidRequestError((FieldProblem(name, "stands twice"),))
    return document


def check_request(request: RunRequest, exchange: str, market_type: str) -> None:
    """Raises `InvalidRequestError` for a request, however it was made, that runs on this exchange cannot honour."""
    problems = list(_not_offered(request))
    for option in OPTIONS:
        value = getattr(request, option.attribute)
        if option.form is Form.COUNT and value is not None and not _is_count(value, option):
            problems.append(FieldProblem(option.name, f"found {value}; allowed is {_count_allowed(option)}"))
    if request.exchange not in (None, exchange):
        problems.append(FieldProblem("exchange", f"found {request.exchange!r}; these runs are on {exchange!r}"))
    if request.market_type != market_type:
        problems.append(
            FieldProblem("market_type", f"found {request.market_type!r}; these runs are on {market_type!r}")
        )
    if problems:
        raise InvalidRequestError(tuple(problems))


def shown(value: object) -> str:
    """A wrong value as its problem repeats it."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"


def check_profile(request: RunRequest, profile: Profile) -> None:
    """Raises `NotFoundError` for a timeframe on which the profile never enters."""
    asked, entered = request.current_tf, profile.entry_timeframes
    if asked is not None and asked not in entered:
        allowed = ", ".join(entered)
        message = f"found {asked}; {profile.name} never enters there, allowed is one of {allowed}"
        raise NotFoundError((FieldProblem("current_tf", message),))


def _not_offered(request: RunRequest) -> Iterator[FieldProblem]:
    for option in OPTIONS:
        if option.refused and (why := option.refused.get(getattr(request, option.attribute))):
            yield FieldProblem(option.name, why)
    if request.at_ms is not None and not request.dry_run:
        yield FieldProblem("dry_run", "found false; orders are sent now, never at a past instant: leave out `at`")


def _unknown(name: str) -> FieldProblem:
    near = nearest_name(name, tuple(_BY_NAME))
    hint = f" (did you mean {near!r}?)" if near else ""
    return FieldProblem(name, f"unknown field{hint}; known: {', '.join(request_field_names())}")


class _UnacceptableError(Exception):
    """A value that a field cannot have; the text says what is allowed."""


_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _typed(text: str, option: Option) -> Any:
    """A text as the JSON type that its field has, where it is one; what is wrong with the rest is told on reading."""
    if option.form is Form.FLAG:
        return _TRUTHS.get(text.strip().lower(), text)
    if option.form is Form.COUNT and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return text


def _flag(value: object, option: Option) -> bool:
    if not isinstance(value, bool):
        raise _UnacceptableError(option.form.value)
    return value


def _count(value: object, option: Option) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON knows no other 1 than 1.0
    if not isinstance(value, int) or not _is_count(value, option):
        raise _UnacceptableError(_count_allowed(option))
    return value


def _is_count(value: int, option: Option) -> bool:
    return not isinstance(value, bool) and 1 <= value <= (option.most or value)


def _count_allowed(option: Option) -> str:
    return f"{option.form.value} within 1..{option.most}"


def _text(value: object, option: Option) -> str:
    if not is_text(value) or not isinstance(value, str) or (option.most and len(value) > option.most):
        raise _UnacceptableError(f"a text of at most {option.most} characters" if option.most else "a text")
    return value.strip()


def _choice(value: object, option: Option) -> str:
    allowed = choices(option.form)
    text = option.synonyms.get(value, value) if isinstance(value, str) else ""
    if text not in allowed:
        raise _UnacceptableError("one of " + ", ".join((*allowed, *option.synonyms)))
    return text


def _timeframe(value: object, option: Option) -> Timeframe:
    return Timeframe(_choice(value, option))


def _context_mode(value: object, option: Option) -> ContextMode:
    return ContextMode(_choice(value, option))


def _instant(value: object, option: Option) -> int:
    try:
        return to_ms(parse_instant(value))  # type: ignore[arg-type]  # what is no text is caught below
    except (InvalidInstantError, TypeError, AttributeError):
        raise _UnacceptableError(option.form.value) from None


def _symbols(value: object, option: Option) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise _UnacceptableError("a list of names like BTCUSDT, or no such field for those of mtf_contracts")
    wrong = [name for name in names if not is_symbol(name)]
    meant = [meant_symbol(name) for name in wrong]
    if wrong and all(meant):
        raise _UnacceptableError(f"names in capital letters: did you mean {', '.join(map(str, meant[:5]))}?")
    if wrong:
        raise _UnacceptableError(f"a list of names: {ALLOWED_SYMBOLS}; {shown(wrong[0])} is none")
    if option.most and len(names) > option.most:
        raise _UnacceptableError(f"a list of at most {option.most} names")
    return tuple(dict.fromkeys(names))


_READERS: Mapping[Form, Callable[[object, Option], Any]] = {
    Form.FLAG: _flag,
    Form.COUNT: _count,
    Form.NAME: _text,
    Form.MARKET_TYPE: _choice,
    Form.SYMBOLS: _symbols,
    Form.TIMEFRAME: _timeframe,
    Form.CONTEXT_MODE: _context_mode,
    Form.INSTANT: _instant,
}
