"""The guards of a real entry, put together from what was read: the store's transaction asks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import evolve, frozen

from mtf_core.execution.desk import Desk
from mtf_core.execution.losses import measure_losses
from mtf_core.execution.opening import modes_differ
from mtf_core.execution.submit import Guard, GuardOfNow, Guards
from mtf_core.market import AccountState, Contract
from mtf_core.orders import Draft, Intent
from mtf_core.planning import Skip
from mtf_core.reasons import Reason
from mtf_core.risk import Books, GuardFacts, LiveFacts, Losses, ProposedEntry, Switchboard, guard_of
from mtf_core.settings.profile import Profile


@frozen(eq=False)
class Ground:
    """What the guards of every entry of one moment stand on: one account sync, and the losses that it shows."""

    account: AccountState
    losses: Losses | None
    """None: they are not known, and entries refuse."""
    contracts: Mapping[str, Contract]


def guards_for(desk: Desk, draft: Draft, profile: Profile, ground: Ground) -> Guards:
    """The guards of a draft, for the desk's own world."""
    entry = ProposedEntry(
        symbol=draft.symbol,
        timeframe=draft.terms.execution_timeframe,
        side=draft.wanted.side,
        decision_key=draft.decision_key,
        notional=draft.terms.notional_usdt,
        margin=draft.terms.margin_usdt,
        loss_at_stop=draft.terms.loss_at_stop_usdt,
        namespace=draft.namespace,
        expires_ms=draft.expires_ms,
    )
    return Guards(
        first=_guard(desk, entry, profile, ground),
        again=_guard(desk, evolve(entry, is_committed=True), profile, ground),
    )


async def further_guard(desk: Desk, intent: Intent) -> GuardOfNow:
    """The guard of a further attempt, on a fresh account sync; raises `PortError` where that cannot be had.

    It was just decided from a quote: once that is too old the attempt may not be made any more.
    """
    profile = desk.environment.profiles(intent.terms.profile)
    fresh_ms = desk.now_ms + profile.trade_entry.staleness.quote_sec * 1000
    account = await desk.trading.sync()
    risk, terms = profile.trade_entry.risk, intent.terms
    losses = await measure_losses(desk.environment, risk, profile.name, account)
    contracts = await desk.environment.stores.contracts.all()
    entry = ProposedEntry(
        symbol=intent.symbol,
        timeframe=terms.execution_timeframe,
        side=intent.side,
        decision_key=intent.decision_key,
        notional=terms.notional_usdt,
        margin=terms.margin_usdt,
        loss_at_stop=intent.loss_at_stop_usdt,
        namespace=desk.environment.stores.namespace,
        expires_ms=fresh_ms if terms.zone is None else min(fresh_ms, terms.zone.expires_at_ms),
        is_committed=True,
    )
    return _guard(desk, entry, profile, Ground(account, losses, by_symbol(contracts)))


def by_symbol(contracts: Iterable[Contract]) -> Mapping[str, Contract]:
    return {contract.symbol: contract for contract in contracts}


def _guard(desk: Desk, entry: ProposedEntry, profile: Profile, ground: Ground) -> GuardOfNow:
    """The clock's skew and what calls are left are those of the moment in which the store is asked to begin, the clock
    itself that of the transaction."""

    def of_now() -> Guard:
        skew_ms, exits_left = _skew_ms(desk), desk.environment.venue.exits_left()

        def guard(books: Books) -> Skip | None:
            facts = _facts(desk, entry, profile, ground, skew_ms, exits_left)
            return _wrong_mode(desk, ground.account) or guard_of(entry, facts)(books)

        return guard

    return of_now


def _wrong_mode(desk: Desk, account: AccountState) -> Skip | None:
    differ = modes_differ(account.position_mode, desk.settings)
    return Skip(Reason.MODES_DIFFER, (("why", differ),)) if differ else None


def _facts(
    desk: Desk, entry: ProposedEntry, profile: Profile, ground: Ground, skew_ms: int | None, exits_left: int | None
) -> GuardFacts:
    contract = ground.contracts.get(entry.symbol)
    live = LiveFacts(
        now_ms=desk.now_ms,
        namespace=desk.environment.venue.namespace,
        settings=desk.settings,
        staleness=profile.trade_entry.staleness,
        skew_ms=skew_ms,
        contract_status=None if contract is None else contract.status,
        exits_left=exits_left,
    )
    return GuardFacts(
        switchboard=Switchboard({}, desk.now_ms),
        risk=profile.trade_entry.risk,
        account=ground.account,
        losses=ground.losses,
        contract_sizes=_sizes(ground),
        live=live,
    )


def _sizes(ground: Ground) -> Mapping[str, Decimal]:
    """Base currency per contract, of what the account holds something of."""
    held = ground.account.busy_symbols()
    return {symbol: one.contract_size for symbol, one in ground.contracts.items() if symbol in held}


def _skew_ms(desk: Desk) -> int | None:
    """The most that the exchange's clock may be away from what is expected of it; None until it was measured.

    0 where the exchange has no clock of its own.
    """
    skew = desk.environment.venue.skew
    if skew is None:
        return 0
    measured = skew()
    return None if measured is None else measured.doubt_ms
