"""Which of the chosen symbols a run may evaluate: locked by it, open for trading, not busy, not switched off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from attrs import evolve, frozen

from mtf_core.config_nodes import nearest_name
from mtf_core.market import Contract, format_instant
from mtf_core.planning import Skip
from mtf_core.ports import Acquired, HeldBy
from mtf_core.problems import FieldProblem, NotFoundError
from mtf_core.reasons import Reason
from mtf_core.records import AuditEvent
from mtf_core.risk import Switch, Switchboard
from mtf_core.run_request import RunRequest
from mtf_core.runs.account import AccountSync
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.universe import Universe, select_universe
from mtf_core.settings.trading import SwitchSettings
from mtf_core.upkeep.contracts import current_contracts

_MOST_ROUNDS = 5


@frozen
class Admission:
    """The contracts to evaluate, why not the others, and the switches that follow what the account shows."""

    contracts: tuple[Contract, ...]
    skipped: Mapping[str, Skip]
    switches: tuple[Switch, ...] = ()


async def choose_symbols(run: ActiveRun) -> Universe:
    """The contracts of the symbols asked for, or those that the settings select, the queued ones first.

    A symbol is queued for the next run that chooses for itself and looks at the present; that run takes it. Raises
    `NotFoundError` when a symbol that was asked for has no contract.
    """
    with run.watch.stage("universe"):
        settings = run.profile.contracts.selection
        contracts = await current_contracts(run.environment, run.exchange, settings.refresh_interval_minutes)
        if run.request.symbols:
            universe = Universe(listed_of(run.request.symbols, contracts, run.request.at_ms))
        else:
            universe = select_universe(settings, contracts, await run.read_switchboard(), run.instant_ms)
            if run.request.at_ms is None:
                queued = await run.environment.stores.switches.take_queued()
                universe = universe.with_queued(queued, contracts)
    return universe.limited(run.request.limit)


def listed_of(asked: Sequence[str], contracts: Sequence[Contract], at_ms: int | None = None) -> tuple[Contract, ...]:
    """The contracts of the symbols, each once; raises `NotFoundError` where one has none (at that instant)."""
    known = {contract.symbol: contract for contract in contracts}
    symbols = tuple(dict.fromkeys(asked))
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown and at_ms is not None:
        # No hint at a name that is listed: the right one may not have been, then.
        instant = format_instant(at_ms)
        message = f"no contract for {', '.join(unknown)} at {instant}: perhaps not listed yet, or no longer"
        raise NotFoundError((FieldProblem("symbols", message),))
    if unknown:
        hints = [
            f"{symbol} (did you mean {near}?)" if (near := nearest_name(symbol, known)) else symbol
            for symbol in unknown
        ]
        message = f"no contract for {', '.join(hints)}; `mtf contracts list` shows the known ones"
        raise NotFoundError((FieldProblem("symbols", message),))
    return tuple(known[symbol] for symbol in symbols)


async def lock_symbols(run: ActiveRun, contracts: Sequence[Contract]) -> Admission:
    """Locks every symbol it can; the others are being worked on by another run."""
    ttl_ms = run.profile.trading.locks.symbol_ttl_sec * 1000
    answers = await run.leases.take_all([run.symbol_lock(contract.symbol) for contract in contracts], ttl_ms)
    locked, skipped = [], {}
    for contract in contracts:
        match answers[run.symbol_lock(contract.symbol)]:
            case Acquired():
                locked.append(contract)
            case HeldBy(owner=owner):
                skipped[contract.symbol] = Skip(Reason.SYMBOL_LOCKED, (("owner", owner),))
    return Admission(tuple(locked), skipped)


async def admit_symbols(run: ActiveRun, contracts: Sequence[Contract], account: AccountSync) -> Admission:
    """`admit` with the switches as they are stored; what follows for them is stored and audited.

    A switch that someone else changed meanwhile stays as they left it, and everything is looked at again.
    """
    stores, settings, busy = run.environment.stores, run.profile.trading.switches, account.busy_symbols()
    for _ in range(_MOST_ROUNDS):
        board = await run.read_switchboard()
        admission = admit(contracts, busy, board, run.request, settings, run.instant_ms)
        stored = await stores.switches.change([board.change_to(switch) for switch in admission.switches])
        if stored:
            await stores.audit.append([_event(run.instant_ms, switch) for switch in stored])
        if len(stored) == len(admission.switches):
            return admission
    # Someone throws switches all the time; the run goes by how they stand now, and leaves them so.
    board = await run.read_switchboard()
    return evolve(admit(contracts, busy, board, run.request, settings, run.instant_ms), switches=())


def admit(
    contracts: Sequence[Contract],
    busy: frozenset[str] | None,
    board: Switchboard,
    request: RunRequest,
    settings: SwitchSettings,
    now_ms: int,
) -> Admission:
    """Leaves out what cannot be entered. `busy`: symbols with a position or a live order; None: the account is
    unknown, then no switch changes."""
    changes = {} if busy is None else _changes(board, {contract.symbol for contract in contracts}, busy, settings)
    facts = FilterFacts(busy or frozenset(), board.changed(changes.values()), request, now_ms)
    skips = {contract.symbol: _first_skip(contract, facts) for contract in contracts}
    return Admission(
        tuple(contract for contract in contracts if skips[contract.symbol] is None),
        {symbol: skip for symbol, skip in skips.items() if skip is not None},
        tuple(changes.values()),
    )


def _changes(
    board: Switchboard, looked_at: Collection[str], busy: frozenset[str], settings: SwitchSettings
) -> dict[str, Switch]:
    """Busy symbols of this run go off; whatever is off as busy and is free again comes back on, also what is no part
    of this run: a universe leaves out what is off, so no later run would look at it."""
    free = [symbol for symbol in board.off_as_busy if symbol not in busy]
    changes = [board.turned_on_as_free(symbol) for symbol in free]
    changes += [board.turned_off_as_busy(symbol, settings) for symbol in sorted(busy.intersection(looked_at))]
    return {change.key: change for change in changes if change is not None}


@frozen
class FilterFacts:
    """What the run filters look at; the switches already follow what the account shows."""

    busy: frozenset[str]
    switchboard: Switchboard
    request: RunRequest
    now_ms: int


RunFilter = Callable[[Contract, FilterFacts], Skip | None]
"""Why a run does not evaluate this contract; None when it may."""


def is_open_for_trading(contract: Contract, facts: FilterFacts) -> Skip | None:
    if contract.is_tradable(facts.now_ms):
        return None
    expires = format_instant(contract.expires_at_ms) if contract.expires_at_ms else "never"
    return Skip(Reason.CONTRACT_NOT_TRADING, (("status", str(contract.status)), ("expires", expires)))


def is_not_busy(contract: Contract, facts: FilterFacts) -> Skip | None:
    if facts.request.skip_open_state_filter or contract.symbol not in facts.busy:
        return None
    return Skip(Reason.HAS_OPEN_ORDERS_OR_POSITIONS)


def is_switched_on(contract: Contract, facts: FilterFacts) -> Skip | None:
    """A busy symbol that is looked at all the same is off because it is busy: no reason of its own."""
    busy = contract.symbol in facts.busy
    if busy or facts.request.force_run or not facts.switchboard.is_off(contract.symbol):
        return None
    return Skip(Reason.SYMBOL_SWITCHED_OFF)


RUN_FILTERS: tuple[RunFilter, ...] = (is_open_for_trading, is_not_busy, is_switched_on)
"""Asked in this order for every chosen symbol; the first skip counts."""


def _first_skip(contract: Contract, facts: FilterFacts) -> Skip | None:
    return next((skip for check in RUN_FILTERS if (skip := check(contract, facts)) is not None), None)


def _event(instant_ms: int, switch: Switch) -> AuditEvent:
    action = "switch_on" if switch.on else "switch_off"
    details = {"reason": switch.reason, "until_ms": switch.until_ms}
    return AuditEvent(instant_ms, "run", action, switch.key, details)
