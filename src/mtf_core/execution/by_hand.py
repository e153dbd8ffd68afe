"""What an operator does to an open position: each wish is stored, audited, and carried out by the supervisor alone.

So it passes the same checks and leaves the same events as everything else, from whichever process it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from mtf_core.market import AccountState, Position
from mtf_core.orders import AskedKind, Booking, Intent
from mtf_core.orders.hand import Facts, Preview, booked, moved, targets_at
from mtf_core.orders.reconcile import armed_stops
from mtf_core.ports import Environment, Request
from mtf_core.problems import FieldProblem, InvalidRequestError, NotFoundError
from mtf_core.records import AuditEvent
from mtf_core.symbols import symbol_problem

WAIT_SEC = 15
"""How long an operator waits for what becomes of a wish, unless they say otherwise."""
_LOOK_SEC = 0.25


@frozen
class ByHand:
    """A wish as it is stored, what became of it so far, and whether anybody supervises."""

    request: Request
    is_supervised: bool

    @property
    def is_done(self) -> bool:
        return bool(self.request.outcome)


async def ask_close(environment: Environment, symbol: str, actor: str) -> Request:
    """Close the position at market, and end what of its entry still rests. Raises `NotFoundError` without an intent."""
    await _intent(environment, symbol)
    return await _ask(environment, symbol, AskedKind.CLOSE, {}, actor)


async def ask_protect(
    environment: Environment,
    symbol: str,
    stop: Decimal | None,
    target: Decimal | None,
    actor: str,
    *,
    looser: bool = False,
) -> Request:
    """Move the stop, the nearer target, or both; raises `InvalidRequestError`.

    A position without an intent can be given a stop where it has none.
    """
    intent = await _intent_or_none(environment, symbol)
    if intent is None:
        return await _ask(
            environment, symbol, AskedKind.PROTECT, await _stop_alone(environment, symbol, stop, target), actor
        )
    facts, _ = await _facts(environment, intent)
    values = moved(intent, facts, stop, target, looser=looser)
    return await _ask(environment, symbol, AskedKind.PROTECT, values, actor)


async def preview_targets(
    environment: Environment, symbol: str, r: Sequence[Decimal], split: Sequence[Decimal], *, keep_stop: bool
) -> Preview:
    """Targets as they would be set; nothing is asked. Raises `InvalidRequestError`."""
    intent = await _intent(environment, symbol)
    facts, position = await _facts(environment, intent)
    held = min(position.size, intent.progress.held)
    return targets_at(intent, facts, held, r, split, keep_stop=keep_stop)


async def ask_targets(environment: Environment, symbol: str, preview: Preview, actor: str) -> Request:
    """Set the targets that were shown."""
    return await _ask(environment, symbol, AskedKind.TARGETS, preview.values, actor)


async def ask_book(environment: Environment, symbol: str, booking: Booking, actor: str) -> Request:
    """Book a close that was made elsewhere, for an intent that reads no longer explain."""
    values = booked(await _intent(environment, symbol), booking)
    return await _ask(environment, symbol, AskedKind.BOOK, values, actor)


async def withdraw(environment: Environment, symbol: str, actor: str) -> tuple[Request, ...]:
    """Takes back everything that was asked of a symbol and has no outcome; what a look has begun of it goes on.

    Returns the requests as they stand then: one that was carried out meanwhile says so. Raises `NotFoundError`.
    """
    if (problem := symbol_problem(symbol)) is not None:
        raise InvalidRequestError((FieldProblem("symbol", problem),))
    orders = environment.stores.orders
    waiting = [request for request in await orders.requests() if request.symbol == symbol]
    if not waiting:
        raise NotFoundError((FieldProblem("symbol", f"nothing is asked of {symbol} that could be withdrawn"),))
    now_ms = environment.wall.now_ms()
    details = [{"request": str(request.number), "kind": request.kind} for request in waiting]
    await environment.stores.audit.append(
        [AuditEvent(now_ms, actor, "position_request_withdrawn", symbol, each) for each in details]
    )
    for request in waiting:
        await orders.answer(request.number, f"withdrawn by {actor}; what had begun of it goes on")
    return tuple([await orders.request(request.number) or request for request in waiting])


async def outcome_of(environment: Environment, request: Request, wait_sec: float = WAIT_SEC) -> ByHand:
    """Waits until something became of the wish, no longer than so; it stays asked whatever comes of the waiting."""
    orders, until = environment.stores.orders, environment.timer() + wait_sec
    while True:
        found = await orders.request(request.number) or request
        left = until - environment.timer()
        if found.outcome or left <= 0:
            return ByHand(found, await is_supervised(environment))
        await environment.sleep(min(_LOOK_SEC, left))


async def is_supervised(environment: Environment) -> bool:
    """Whether a supervisor of this account was heard of lately, by the exchange's clock."""
    beat = await environment.stores.orders.heartbeat()
    allowed_ms = environment.profiles(None).trading.orders.heartbeat_sec * 1000
    return beat is not None and environment.venue.clock.now_ms() - beat.beat_ms <= allowed_ms


async def _stop_alone(
    environment: Environment, symbol: str, stop: Decimal | None, target: Decimal | None
) -> Mapping[str, str]:
    """The request for a stop of a position that no intent accounts for; raises where that cannot be meant."""
    account = await _account(environment)
    positions = [one for one in account.positions if one.symbol == symbol]
    if len(positions) != 1:
        await _intent(environment, symbol)
        raise NotFoundError((FieldProblem("symbol", f"{symbol} has {len(positions)} positions without an intent"),))
    if stop is None or target is not None:
        message = f"no intent accounts for the position of {symbol}: it can be given a stop, and no target"
        raise InvalidRequestError((FieldProblem("stop", message),))
    if armed_stops(account.open_orders, symbol, positions[0].side):
        message = f"{symbol} has a stop already; without an intent it is moved at the exchange"
        raise InvalidRequestError((FieldProblem("stop", message),))
    return {"stop": f"{stop:f}"}


async def _intent_or_none(environment: Environment, symbol: str) -> Intent | None:
    """The symbol's live intent; raises `InvalidRequestError` for what is no symbol."""
    if (problem := symbol_problem(symbol)) is not None:
        raise InvalidRequestError((FieldProblem("symbol", problem),))
    return next((intent for intent in await environment.stores.orders.live() if intent.symbol == symbol), None)


async def _intent(environment: Environment, symbol: str) -> Intent:
    """The symbol's live intent; raises `InvalidRequestError` or `NotFoundError`."""
    found = await _intent_or_none(environment, symbol)
    if found is None:
        live = await environment.stores.orders.live()
        has = ", ".join(sorted(intent.symbol for intent in live)) or "none"
        message = f"there is no live intent of {symbol} (live: {has}); what is not of mtf is closed at the exchange"
        raise NotFoundError((FieldProblem("symbol", message),))
    return found


async def _facts(environment: Environment, intent: Intent) -> tuple[Facts, Position]:
    """The position as the exchange shows it now; raises `NotFoundError` where it shows none."""
    account = await _account(environment)
    for position in account.positions:
        if (position.symbol, position.side) == (intent.symbol, intent.side):
            entry = intent.progress.average_entry or position.entry_price
            return Facts(entry, position.mark_price), position
    message = f"the exchange shows no {intent.side} position of {intent.symbol}: its entry is {intent.entry}"
    raise NotFoundError((FieldProblem("symbol", message),))


async def _account(environment: Environment) -> AccountState:
    venue = environment.venue
    return await (venue.account.account_state() if venue.trading is None else venue.trading.sync())


async def _ask(
    environment: Environment, symbol: str, kind: AskedKind, values: Mapping[str, str], actor: str
) -> Request:
    """Audited first: what was asked is known even if storing it fails halfway."""
    event = AuditEvent(environment.wall.now_ms(), actor, f"position_{kind}_asked", symbol, dict(values))
    await environment.stores.audit.append([event])
    asked_ms = environment.venue.clock.now_ms()
    return await environment.stores.orders.ask(Request(0, symbol, str(kind), values, actor, asked_ms))
