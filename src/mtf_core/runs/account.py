"""The account, read once at the beginning of a run, and the loss of its day."""

from __future__ import annotations

from attrs import evolve, frozen

from mtf_core.market import AccountState
from mtf_core.ports import ExchangeError, RiskStore
from mtf_core.risk import Losses, Span, day_as_seen, new_locks, result_by_equity
from mtf_core.runs.active import ActiveRun
from mtf_core.settings.trade_entry import RiskSettings


@frozen
class AccountSync:
    """What the account showed; both are None when it could not be read, and then `error` says why."""

    state: AccountState | None = None
    losses: Losses | None = None
    error: str | None = None

    def busy_symbols(self) -> frozenset[str] | None:
        """Symbols with a position or a live order; None when that is unknown."""
        return self.state.busy_symbols() if self.state is not None else None


async def sync_account(run: ActiveRun) -> AccountSync:
    """Reads the account once; when that fails the run goes on to validate, and places nothing.

    The day's loss is measured in every run, so that the day begins with the first equity seen, and a limit that was
    reached locks the day whether or not there was something to trade.
    """
    if not run.request.sync_tables:
        return AccountSync(error="the account was not read: sync_tables is false")
    with run.watch.stage("account"):
        try:
            state = await run.exchange.account_state()
        except ExchangeError as error:
            return AccountSync(error=str(error))
        risk = run.profile.trade_entry.risk
        return AccountSync(state, await measure_day(risk, run.profile.name, state, run.environment.stores.risk))


async def measure_day(risk: RiskSettings, profile: str, account: AccountState, store: RiskStore) -> Losses:
    """The day's loss. What the day began with, and a lock once it is there, are rows of their own: they hold for all
    processes, across restarts, and for the rest of the day whatever the balance does."""
    day = await store.open_day(day_as_seen(Span.DAY.start_of(account.time_ms), account))
    result = result_by_equity(risk, Span.DAY, day, account)
    losses = Losses(result, locks=await store.locks_of(profile, account.time_ms))
    put = [await store.put_lock(lock) for lock in new_locks(risk, profile, losses, account.time_ms)]
    return evolve(losses, locks=(*losses.locks, *put))
