"""The account, read once at the beginning of a run, and the loss of its day."""

from __future__ import annotations

from attrs import frozen

from mtf_core.execution.losses import measure_losses
from mtf_core.market import AccountState
from mtf_core.ports import ExchangeError
from mtf_core.risk import Losses
from mtf_core.runs.active import ActiveRun


@frozen
class AccountSync:
    """What the account showed, and its losses; None where that could not be read, and then `error` says why."""

    state: AccountState | None = None
    losses: Losses | None = None
    error: str | None = None

    def busy_symbols(self) -> frozenset[str] | None:
        """Symbols with a position or a live order; None when that is unknown."""
        return self.state.busy_symbols() if self.state is not None else None


async def sync_account(run: ActiveRun) -> AccountSync:
    """Reads the account once; when that fails the run goes on to validate, and places nothing.

    Losses are measured in every run, so that the day begins with what is seen of it, and a limit that was reached locks
    whether or not there was something to trade.
    """
    if not run.request.sync_tables:
        return AccountSync(error="the account was not read: sync_tables is false")
    with run.watch.stage("account"):
        try:
            state = await run.exchange.account_state()
        except ExchangeError as error:
            return AccountSync(error=str(error))
        try:
            losses = await measure_losses(run.environment, run.profile.trade_entry.risk, run.profile.name, state)
        except ExchangeError as error:
            return AccountSync(state, error=f"the losses of the day are not known: {error}")
        return AccountSync(state, losses)
