"""Which symbols a run may evaluate: chosen, locked, not busy, not switched off."""

from __future__ import annotations

from collections.abc import Sequence

from mtf_core.config_nodes import nearest_name
from mtf_core.market import Contract
from mtf_core.ports import Acquired, ExchangeError, HeldBy
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.reasons import Reason
from mtf_core.records import AuditEvent
from mtf_core.risk import Switch
from mtf_core.risk.switches import Switchboard
from mtf_core.runs.daily_loss import daily_loss
from mtf_core.runs.state import RunState
from mtf_core.runs.universe import select_universe
from mtf_core.upkeep.contracts import current_contracts


async def choose_symbols(run: RunState) -> tuple[Contract, ...]:
    """The contracts of the symbols asked for, or those that the settings select.

    Raises `InvalidRequestError` when a symbol that was asked for has no contract.
    """
    with run.watch.stage("universe"):
        settings = run.profile.contracts.selection
        contracts = await current_contracts(run.environment, run.exchange, settings.refresh_interval_minutes)
        if run.request.symbols:
            chosen = _asked_for(run.request.symbols, contracts)
        else:
            chosen = select_universe(settings, contracts, await read_switchboard(run), run.instant_ms).contracts
    chosen = chosen[: run.request.limit]
    run.requested = len(chosen)
    return chosen


def _asked_for(symbols: Sequence[str], contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    known = {contract.symbol: contract for contract in contracts}
    symbols = tuple(dict.fromkeys(symbols))
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        hints = [
            f"{symbol} (did you mean {near}?)" if (near := nearest_name(symbol, known)) else symbol
            for symbol in unknown
        ]
        message = f"no contract for {', '.join(hints)}; `mtf contracts list` shows the known ones"
        raise InvalidRequestError((FieldProblem("symbols", message),))
    return tuple(known[symbol] for symbol in symbols)


async def read_switchboard(run: RunState) -> Switchboard:
    return Switchboard.of(await run.environment.stores.switches.all(), run.instant_ms)


def symbol_lock(run: RunState, symbol: str) -> str:
    """The name of the lock that keeps runs of any profile apart on one symbol."""
    return f"symbol:{run.environment.venue.namespace}:{symbol}"


async def lock_symbols(run: RunState, contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    """Locks every symbol it can and returns those; the others are being worked on by another run."""
    ttl_ms = run.profile.trading.locks.symbol_ttl_sec * 1000
    names = {symbol_lock(run, contract.symbol): contract for contract in contracts}
    answers = await run.leases.take_all(names, ttl_ms)
    for name, contract in names.items():
        if isinstance(answers[name], HeldBy):
            run.skip(contract.symbol, Reason.SYMBOL_LOCKED)
    return tuple(contract for name, contract in names.items() if isinstance(answers[name], Acquired))


async def sync_account(run: RunState) -> None:
    """Reads the account once; when that fails the run goes on to validate, and places nothing.

    The day's loss is measured in every run, so that its baseline is the first equity of the day, and a limit that was
    reached locks the day whether or not there was something to trade.
    """
    if not run.request.sync_tables:
        run.account_error = "the account was not read: sync_tables is false"
        return
    with run.watch.stage("account"):
        try:
            run.account = await run.exchange.account_state()
        except ExchangeError as error:
            run.account_error = str(error)
            return
        run.loss = await daily_loss(run.profile.trade_entry.risk, run.account, run.environment.stores.audit)


async def filter_busy(run: RunState, contracts: Sequence[Contract], switchboard: Switchboard) -> tuple[Contract, ...]:
    """Leaves out busy symbols and those switched off; the switches follow what the account shows.

    Symbols that are free again come back on, also those that are no part of this run: a universe leaves out what is
    off, so no later run would look at them.
    """
    busy = run.account.busy_symbols() if run.account else frozenset()
    settings = run.profile.trading.switches
    looked_at = {contract.symbol for contract in contracts}
    free = [symbol for symbol in switchboard.off_as_busy if symbol not in busy | looked_at] if run.account else []
    changes = [change for symbol in free if (change := switchboard.turned_on_as_free(symbol)) is not None]
    admitted = []
    for contract in contracts:
        symbol = contract.symbol
        is_busy = symbol in busy
        if is_busy:
            change = switchboard.turned_off_as_busy(symbol, settings)
        else:
            change = switchboard.turned_on_as_free(symbol) if run.account else None
        if change is not None:
            changes.append(change)
        off = switchboard.is_off(symbol) and not (change is not None and change.on)
        if is_busy and not run.request.skip_open_state_filter:
            run.skip(symbol, Reason.HAS_OPEN_ORDERS_OR_POSITIONS)
        elif off and not is_busy and not run.request.force_run:
            run.skip(symbol, Reason.SYMBOL_SWITCHED_OFF)
        else:
            admitted.append(contract)
    if changes:
        await run.environment.stores.switches.put(changes)
        await run.environment.stores.audit.append([_event(run, switch) for switch in changes])
    return tuple(admitted)


def _event(run: RunState, switch: Switch) -> AuditEvent:
    action = "switch_on" if switch.on else "switch_off"
    details = {"reason": switch.reason, "until_ms": switch.until_ms}
    return AuditEvent(run.instant_ms, "run", action, switch.key, details)
