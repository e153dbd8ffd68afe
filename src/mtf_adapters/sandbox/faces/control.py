"""The control route: the exchange's truth, its time, its faults, and the hands of an account's owner.

Not part of any venue: it exists so that programs and tests can look behind the face and shape what happens there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, get_args

import msgspec
from attrs import frozen
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.v import format_exception

from mtf_adapters.sandbox.faces.http import (
    JSON_TYPE,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    read_request,
    send_response,
)
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.matching.commands import Command, MarketEvent, Restart
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.market import format_instant

PREFIX = "/control"
MOST_STEP_MS = 7 * 86_400_000
PUSH_EVERY_MS = 1000

ROUTES = (
    ("GET", "state", "time, accounts, symbols in use, open streams"),
    ("GET", "calls", "how often each path was asked for, by the status of the answer"),
    ("POST", "step", "moves a stepped clock by `ms`, through every second on the way"),
    ("GET", "orders", "live orders, plan orders and trailing orders, as queries see them"),
    ("GET", "history", "ended ones that are remembered"),
    ("GET", "fills", "executions"),
    ("GET", "flows", "bookings"),
    ("GET", "positions", "open positions"),
    ("GET", "balance", "money"),
    ("POST", "commands", "a command of the account's owner, or something that happens to the market"),
    ("POST", "keys", "a further key of `account`; `may_trade: false`, `frozen: true`, `expired: true` limit it"),
    ("POST", "restart", "the exchange goes down and comes up: connections end, its rules say what it forgets"),
    ("GET", "script", "quirks and faults as they are"),
    ("PUT", "script", "other quirks and faults; those that the engine follows cannot change"),
    ("DELETE", "faults", "nothing goes wrong any more"),
)
"""Method, name and meaning of everything under `/control`."""

Documents: TypeAlias = Mapping[str, Any]


@frozen
class KeyRights:
    """What is the matter with a key."""

    may_trade: bool = True
    frozen: bool = False
    expired: bool = False


class Face(Protocol):
    """What the control route does to a face."""

    faults: FaultPlan
    calls: Counter[tuple[str, int]]
    """Requests that arrived, by path and status of the answer."""

    @property
    def connections(self) -> int: ...

    def push(self) -> None: ...

    def restarted(self) -> None: ...

    def add_key(self, account: str, rights: KeyRights) -> Documents: ...

    def script(self) -> Documents: ...

    def use_script(self, text: str) -> None: ...


class ControlError(Exception):
    """What was asked for cannot be done; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@frozen
class _Said:
    """One control request."""

    query: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        try:
            document = msgspec.json.decode(self.body or b"{}")
        except msgspec.DecodeError as error:
            raise ControlError(400, f"the body is no JSON: {error}") from None
        if not isinstance(document, dict):
            raise ControlError(400, "the body is no JSON object")
        return document


class Control:
    """Answers under `/control`."""

    def __init__(self, world: World, face: Face) -> None:
        self._world = world
        self._face = face
        handlers: tuple[Callable[[_Said], Any], ...] = (
            self._state,
            self._calls,
            self._step,
            self._orders,
            self._history,
            self._fills,
            self._flows,
            self._positions,
            self._balance,
            self._command,
            self._key,
            self._restart,
            self._script,
            self._use_script,
            self._clear_faults,
        )
        named = zip(ROUTES, handlers, strict=True)
        self._routes = {(method, name): handler for (method, name, _), handler in named}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        await send_response(send, self.respond(request))

    def respond(self, request: Request) -> Response:
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX).strip("/")))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}/{name}" for method, name in self._routes)
            return _json(404, {"error": f"no such control; known: {known}"})
        try:
            return _json(200, route(_Said(request.query, request.body)))
        except ControlError as error:
            return _json(error.status, {"error": str(error)})

    def _state(self, _: _Said) -> Documents:
        self._world.catch_up()
        now_ms = self._world.now_ms
        return {
            "now_ms": now_ms,
            "now": format_instant(now_ms),
            "stepped": isinstance(self._world.clock, SteppedClock),
            "accounts": self._world.engine.accounts(),
            "symbols_in_use": sorted(self._world.engine.symbols_in_use()),
            "connections": self._face.connections,
        }

    def _calls(self, _: _Said) -> Documents:
        told: dict[str, dict[str, int]] = {}
        for (path, status), count in sorted(self._face.calls.items()):
            told.setdefault(path, {})[str(status)] = count
        return told

    def _step(self, said: _Said) -> Documents:
        """Moves a stepped clock; streams are fed at every second on the way."""
        ms = said.document().get("ms")
        if not isinstance(ms, int) or isinstance(ms, bool) or not 0 <= ms <= MOST_STEP_MS:
            raise ControlError(400, f"ms: found {ms!r}; allowed is a whole number from 0 to {MOST_STEP_MS}")
        if not isinstance(self._world.clock, SteppedClock):
            raise ControlError(409, "this world's time flows by itself; serve it with --speed step")
        while ms > 0:
            step = min(ms, PUSH_EVERY_MS)
            self._world.advance(step)
            self._face.push()
            ms -= step
        return self._state(said)

    def _orders(self, said: _Said) -> Any:
        return self._read(said, self._world.engine.orders_of)

    def _history(self, said: _Said) -> Any:
        return self._read(said, self._world.engine.history)

    def _fills(self, said: _Said) -> Any:
        return self._read(said, self._world.engine.fills)

    def _flows(self, said: _Said) -> Any:
        self._world.catch_up()
        return self._world.engine.flows(self._account(said), self._world.now_ms)

    def _positions(self, said: _Said) -> Any:
        self._world.catch_up()
        return self._world.engine.positions(self._account(said), said.query.get("symbol"))

    def _balance(self, said: _Said) -> Any:
        self._world.catch_up()
        return self._world.engine.balance(self._account(said))

    def _read(self, said: _Said, read: Callable[[str, str | None, int], Any]) -> Any:
        self._world.catch_up()
        return read(self._account(said), said.query.get("symbol"), self._world.now_ms)

    def _account(self, said: _Said) -> str:
        accounts = self._world.engine.accounts()
        account = said.query.get("account", accounts[0] if accounts else "")
        if account not in accounts:
            raise ControlError(404, f"there is no account {account!r}; there are {', '.join(accounts)}")
        return account

    def _command(self, said: _Said) -> Any:
        """A command of an account's owner, or something that happens to the market, by its name and its fields."""
        document = said.document()
        kind = document.pop("type", None)
        wanted = COMMANDS.get(str(kind))
        if wanted is None:
            raise ControlError(400, f"type: found {kind!r}; known: {', '.join(sorted(COMMANDS))}")
        what = _structured(document, wanted, str(kind))
        result = self._world.do(what) if isinstance(what, get_args(Command)) else self._world.happen(what)
        return {"answer": _named(result.answer), "events": [_named(event) for event in result.events]}

    def _key(self, said: _Said) -> Documents:
        document = said.document()
        account = str(document.pop("account", self._account(said)))
        if account not in self._world.engine.accounts():
            raise ControlError(404, f"there is no account {account!r}")
        return self._face.add_key(account, _structured(document, KeyRights, "key"))

    def _restart(self, _: _Said) -> Documents:
        """The exchange goes down and comes up again; it forgets what its rules say, and every connection ends."""
        self._world.happen(Restart())
        self._face.restarted()
        return {"restarted": True}

    def _script(self, _: _Said) -> Documents:
        return self._face.script()

    def _use_script(self, said: _Said) -> Documents:
        try:
            self._face.use_script(said.body.decode("utf-8", "replace"))
        except ValueError as error:
            raise ControlError(400, str(error)) from None
        return self._face.script()

    def _clear_faults(self, _: _Said) -> Documents:
        self._face.faults.clear()
        return self._face.script()


COMMANDS: Mapping[str, type] = {each.__name__: each for each in (*get_args(Command), *get_args(MarketEvent))}
"""What can be said to the engine, by its name."""


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, prefer_attrib_converters=False)
    converter.register_structure_hook(Decimal, lambda value, _: _decimal(value))
    converter.register_unstructure_hook(Decimal, lambda value: f"{value:f}")
    return converter


def _said_plainly(error: BaseException, wanted: type | None) -> str:
    """What is wrong, in the words of the error where it has some."""
    return str(error) if isinstance(error, ValueError) and "found" in str(error) else format_exception(error, wanted)


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f'found {value!r}; numbers are texts like "0.1", or whole')
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError(f'found {value!r}; numbers are texts like "0.1"') from None
    if not number.is_finite():
        raise ValueError(f"found {value!r}; allowed is a finite number")
    return number


_CONVERTER = _converter()


def _structured(document: Documents, wanted: Any, name: str) -> Any:
    """The document as a value of that type; every problem in one text if it is none."""
    try:
        return _CONVERTER.structure(document, wanted)
    except (BaseValidationError, ForbiddenExtraKeysError) as error:
        problems = transform_error(error, path=name, format_exception=_said_plainly)
        raise ControlError(400, "; ".join(problems)) from None


def _named(value: Any) -> Documents:
    return {"type": type(value).__name__, **_CONVERTER.unstructure(value)}


def _json(status: int, document: Any) -> Response:
    return Response(status, msgspec.json.encode(_CONVERTER.unstructure(document)), {"content-type": JSON_TYPE})
