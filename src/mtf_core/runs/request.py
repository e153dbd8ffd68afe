"""What a run is asked to do, checked field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import asdict, field, fields, frozen

from mtf_core.config_nodes import nearest_name
from mtf_core.market import InvalidInstantError, Timeframe, format_instant, parse_instant, to_ms
from mtf_core.problems import FieldProblem, InvalidRequestError

MAX_SYMBOLS = 5000
MAX_WORKERS = 64
DEFAULT_WORKERS = 8
MOST_SHOWN = 200
"""Characters of a wrong value that its problem repeats."""


@frozen
class RunRequest:
    """One run. Field names are the request's, in the command line and over HTTP alike."""

    symbols: tuple[str, ...] = field(
        default=(), metadata={"doc": "symbols to look at; none: selected by mtf_contracts"}
    )
    profile: str | None = field(default=None, metadata={"doc": "profile; none: the first enabled one"})
    dry_run: bool = field(default=True, metadata={"doc": "plan and report, send nothing"})
    workers: int = field(
        default=DEFAULT_WORKERS, metadata={"doc": f"symbols fetched at the same time, 1..{MAX_WORKERS}"}
    )
    force_run: bool = field(default=False, metadata={"doc": "look at symbols whose switch is off"})
    current_tf: Timeframe | None = field(
        default=None, metadata={"doc": "only this timeframe may take the entry; the context is evaluated all the same"}
    )
    force_timeframe_check: bool = field(
        default=False, metadata={"doc": "evaluate timeframes again whose last candle was evaluated before"}
    )
    skip_context: bool = field(default=False, metadata={"doc": "leave the side to the execution timeframe"})
    skip_open_state_filter: bool = field(
        default=False, metadata={"doc": "validate busy symbols, too; they never get a second entry"}
    )
    lock_per_symbol: bool = field(
        default=False, metadata={"doc": "lock symbols only, so that runs of one profile may overlap on others"}
    )
    sync_tables: bool = field(default=True, metadata={"doc": "read the account; without it nothing can be placed"})
    process_tp_sl: bool = field(default=False, metadata={"doc": "recalculate targets of open positions"})
    exchange: str = field(default="sandbox", metadata={"doc": "exchange that is asked"})
    market_type: str = field(default="perpetual", metadata={"doc": "kind of contracts"})
    at_ms: int | None = field(
        default=None, metadata={"doc": "evaluate as of a past instant (sandbox only)", "name": "at"}
    )

    def to_json(self) -> dict[str, Any]:
        """The request with JSON types, as it is stored and reported."""
        plain = asdict(self)
        at_ms = plain.pop("at_ms")
        plain["symbols"] = list(self.symbols)
        plain["current_tf"] = str(self.current_tf) if self.current_tf else None
        return {**plain, "at": format_instant(at_ms) if at_ms is not None else None}


def request_field_names() -> tuple[str, ...]:
    """The names that a request may hold."""
    return tuple(attribute.metadata.get("name", attribute.name) for attribute in fields(RunRequest))


def parse_request(document: Mapping[str, Any], exchanges: tuple[str, ...] = ("sandbox",)) -> RunRequest:
    """A request from JSON types; raises `InvalidRequestError` with every problem found."""
    if not isinstance(document, Mapping):
        raise InvalidRequestError((FieldProblem("request", "allowed is an object of fields"),))
    problems: list[FieldProblem] = []
    names = request_field_names()
    for name in document:
        if name not in names:
            near = nearest_name(str(name), names)
            hint = f" (did you mean {near!r}?)" if near else ""
            problems.append(FieldProblem(str(name), f"unknown field{hint}; known: {', '.join(names)}"))
    reader = _Reader(document, problems)
    request = RunRequest(
        symbols=reader.symbols(),
        profile=reader.text("profile", None),
        dry_run=reader.flag("dry_run", True),
        workers=reader.count("workers", DEFAULT_WORKERS, MAX_WORKERS),
        force_run=reader.flag("force_run", False),
        current_tf=reader.timeframe(),
        force_timeframe_check=reader.flag("force_timeframe_check", False),
        skip_context=reader.flag("skip_context", False),
        skip_open_state_filter=reader.flag("skip_open_state_filter", False),
        lock_per_symbol=reader.flag("lock_per_symbol", False),
        sync_tables=reader.flag("sync_tables", True),
        process_tp_sl=reader.flag("process_tp_sl", False),
        exchange=reader.one_of("exchange", exchanges),
        market_type=reader.one_of("market_type", ("perpetual",)),
        at_ms=reader.instant(),
    )
    problems.extend(_not_offered(request))
    if problems:
        raise InvalidRequestError(tuple(problems))
    return request


def check_request(request: RunRequest, exchange: str, market_type: str) -> None:
    """Raises `InvalidRequestError` for a request, however it was made, that runs on this exchange cannot honour."""
    problems = list(_not_offered(request))
    if not 1 <= request.workers <= MAX_WORKERS:
        problems.append(FieldProblem("workers", f"found {request.workers}; allowed is 1..{MAX_WORKERS}"))
    for name, asked, served in (
        ("exchange", request.exchange, exchange),
        ("market_type", request.market_type, market_type),
    ):
        if asked != served:
            problems.append(FieldProblem(name, f"found {asked!r}; these runs are on {served!r}"))
    if problems:
        raise InvalidRequestError(tuple(problems))


def _not_offered(request: RunRequest) -> Iterator[FieldProblem]:
    if not request.dry_run:
        yield FieldProblem("dry_run", "this version plans orders and sends none; only true is allowed")
    if request.process_tp_sl:
        yield FieldProblem("process_tp_sl", "needs order supervision, which this version does not have")


class _Reader:
    """Reads fields of a document, noting what is wrong and going on with the default."""

    def __init__(self, document: Mapping[str, Any], problems: list[FieldProblem]) -> None:
        self._document = document
        self._problems = problems

    def _refuse(self, name: str, allowed: str) -> None:
        found = repr(self._document[name])
        if len(found) > MOST_SHOWN:
            found = found[:MOST_SHOWN] + "…"
        self._problems.append(FieldProblem(name, f"found {found}; allowed is {allowed}"))

    def _given(self, name: str) -> bool:
        return self._document.get(name) is not None

    def flag(self, name: str, default: bool) -> bool:
        if not self._given(name):
            return default
        value = self._document[name]
        if not isinstance(value, bool):
            self._refuse(name, "true or false")
            return default
        return value

    def text(self, name: str, default: str | None) -> str | None:
        if not self._given(name):
            return default
        value = self._document[name]
        if not isinstance(value, str) or not value.strip():
            self._refuse(name, "a name")
            return default
        return value.strip()

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, allowed[0]) or allowed[0]
        if value not in allowed:
            self._refuse(name, "one of " + ", ".join(allowed))
            return allowed[0]
        return value

    def count(self, name: str, default: int, most: int) -> int:
        if not self._given(name):
            return default
        value = self._document[name]
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self._refuse(name, f"a whole number within 1..{most}")
            return default
        return value

    def symbols(self) -> tuple[str, ...]:
        if not self._given("symbols"):
            return ()
        value = self._document["symbols"]
        if (
            not isinstance(value, list | tuple)
            or not all(_is_symbol(item) for item in value)
            or len(value) > MAX_SYMBOLS
        ):
            self._refuse("symbols", f"a list of at most {MAX_SYMBOLS} names like BTCUSDT")
            return ()
        return tuple(dict.fromkeys(value))

    def timeframe(self) -> Timeframe | None:
        if not self._given("current_tf"):
            return None
        try:
            return Timeframe(self._document["current_tf"])
        except ValueError:
            self._refuse("current_tf", "one of " + ", ".join(Timeframe))
            return None

    def instant(self) -> int | None:
        if not self._given("at"):
            return None
        value = self._document["at"]
        try:
            return to_ms(parse_instant(value))
        except (InvalidInstantError, TypeError, AttributeError):
            self._refuse("at", "an instant like 2022-01-31T14:00Z")
            return None


def _is_symbol(value: object) -> bool:
    return (
        isinstance(value, str) and value.isascii() and value.isalnum() and value == value.upper() and len(value) <= 32
    )
