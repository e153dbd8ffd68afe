"""What operators do by hand, each audited: switches, the kill switch, the queue for the next run, locks."""

from __future__ import annotations

from attrs import frozen

from mtf_core.config_nodes import nearest_name
from mtf_core.market import MINUTE_MS, Timeframe, UnknownTimeframeError
from mtf_core.ports import Environment, HeldBy
from mtf_core.problems import FieldProblem, InvalidRequestError, NotFoundError
from mtf_core.records import AuditEvent, JsonObject
from mtf_core.risk import BUSY, GLOBAL_SWITCH, QueuedSymbol, Switch, switch_key
from mtf_core.symbols import is_symbol, meant_symbol, symbol_problem

BY_HAND = "by hand"
MOST_MINUTES = 527_040
"""A year and a day; a switch that is to stay off for longer has no expiry."""


@frozen
class SwitchStates:
    """Every stored switch at one instant of the venue's clock, and the symbols that the next run looks at anyway."""

    now_ms: int
    switches: tuple[Switch, ...]
    queued: tuple[QueuedSymbol, ...]

    @property
    def kill_switch_on(self) -> bool:
        """The global switch is off: no new entries."""
        return any(switch.key == GLOBAL_SWITCH and switch.is_off(self.now_ms) for switch in self.switches)


async def list_switches(environment: Environment) -> SwitchStates:
    """The switches, sorted by key, also those whose expiry has passed."""
    switches = environment.stores.switches
    return SwitchStates(environment.venue.clock.now_ms(), await switches.all(), await switches.queued())


async def switch_off(
    environment: Environment, key: str, actor: str, reason: str = BY_HAND, minutes: int | None = None
) -> Switch:
    """Turns a switch off: `global`, `BTCUSDT` or `BTCUSDT:5m`; for some minutes of the venue's clock, or for good.

    Raises `InvalidRequestError` for a key that is none, and for minutes or a reason that cannot be kept;
    `NotFoundError` for a symbol that no contract bears.
    """
    problems = [problem for problem in (_minutes_problem(minutes), _reason_problem(reason)) if problem is not None]
    if problems:
        raise InvalidRequestError(tuple(problems))
    until_ms = None if minutes is None else environment.venue.clock.now_ms() + minutes * MINUTE_MS
    return await _put(environment, await _checked_key(environment, key), False, until_ms, reason, actor)


async def switch_on(environment: Environment, key: str, actor: str, reason: str = BY_HAND) -> Switch:
    """Turns a switch on again; raises as `switch_off` does for a key that switches nothing."""
    return await _put(environment, await _checked_key(environment, key), True, None, reason, actor)


async def kill(environment: Environment, actor: str, reason: str = BY_HAND) -> Switch:
    """No new entries from any process on this venue, until `unkill`. Nothing about it can be refused."""
    kept = BY_HAND if _reason_problem(reason) else reason
    return await _put(environment, GLOBAL_SWITCH, False, None, kept, actor)


async def unkill(environment: Environment, actor: str, reason: str = BY_HAND) -> Switch:
    """Entries are allowed again."""
    return await _put(environment, GLOBAL_SWITCH, True, None, reason, actor)


async def queue_symbol(environment: Environment, symbol: str, actor: str) -> QueuedSymbol:
    """The next run looks at the symbol whatever the universe says, once.

    Raises `InvalidRequestError` for a name that is no symbol's, `NotFoundError` for one that no contract bears.
    """
    if (problem := symbol_problem(symbol)) is not None:
        raise InvalidRequestError((FieldProblem("symbol", problem),))
    await _check_listed(environment, "symbol", symbol)
    queued = QueuedSymbol(symbol, environment.venue.clock.now_ms(), actor)
    await environment.stores.switches.queue(queued)
    await _note(environment, actor, "symbol_queued", symbol, {})
    return queued


async def list_locks(environment: Environment) -> tuple[HeldBy, ...]:
    """Every lock that has not expired, of every venue that uses the database, sorted by name."""
    return await environment.locks.held()


async def release_lock(environment: Environment, name: str, actor: str) -> HeldBy:
    """Takes a lock from its owner, who can neither renew it nor store under it. Raises `NotFoundError`."""
    taken = await environment.locks.force_release(name)
    if taken is None:
        held = [lock.name for lock in await environment.locks.held()]
        allowed = f"held: {', '.join(held)}" if held else "no lock is held"
        raise NotFoundError((FieldProblem("name", f"nobody holds the lock {name!r}; {allowed}"),))
    await _note(environment, actor, "lock_released", name, {"owner": taken.owner, "expires_at_ms": taken.expires_at_ms})
    return taken


async def _put(environment: Environment, key: str, on: bool, until_ms: int | None, reason: str, actor: str) -> Switch:
    switch = Switch(key, on, until_ms, reason, environment.venue.clock.now_ms())
    await environment.stores.switches.put([switch])
    details: JsonObject = {"reason": reason, "until_ms": until_ms}
    await _note(environment, actor, "switch_on" if on else "switch_off", key, details)
    return switch


async def _note(environment: Environment, actor: str, action: str, subject: str, details: JsonObject) -> None:
    event = AuditEvent(environment.wall.now_ms(), actor, action, subject, details)
    await environment.stores.audit.append([event])


async def _checked_key(environment: Environment, key: str) -> str:
    """The key as it is stored; raises for one that nothing would ever look at."""
    if key == GLOBAL_SWITCH:
        return key
    symbol, colon, name = key.partition(":")
    if not is_symbol(symbol):
        meant = meant_symbol(symbol)
        hint = f"did you mean {meant}?" if meant else f"allowed: {GLOBAL_SWITCH}, a symbol like BTCUSDT, or BTCUSDT:5m"
        raise InvalidRequestError((FieldProblem("key", f"found {symbol!r}; {hint}"),))
    try:
        timeframe = Timeframe.parse(name) if colon else None
    except UnknownTimeframeError as error:
        raise InvalidRequestError((FieldProblem("key", str(error)),)) from None
    await _check_listed(environment, "key", symbol)
    return switch_key(symbol, timeframe)


async def _check_listed(environment: Environment, field: str, symbol: str) -> None:
    """A symbol that no contract bears would be switched, or queued, without any effect; raises `NotFoundError`."""
    known = {contract.symbol for contract in await environment.stores.contracts.all()}
    if not known or symbol in known:
        return
    near = nearest_name(symbol, known)
    hint = f" (did you mean {near}?)" if near else ""
    message = f"no contract for {symbol}{hint}; `mtf contracts list` shows the known ones"
    raise NotFoundError((FieldProblem(field, message),))


def _minutes_problem(minutes: int | None) -> FieldProblem | None:
    if minutes is None or 1 <= minutes <= MOST_MINUTES:
        return None
    return FieldProblem("minutes", f"found {minutes}; allowed: 1 to {MOST_MINUTES}, or none for no end")


def _reason_problem(reason: str) -> FieldProblem | None:
    """A switch that says `busy` is turned on by the next run that sees the symbol free."""
    if reason.strip().lower() != BUSY:
        return None
    return FieldProblem("reason", f"{BUSY!r} is what runs write; a run would turn the switch on again by itself")
