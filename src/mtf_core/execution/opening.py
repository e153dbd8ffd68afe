"""Opening a desk: whose money it is, whose account, whether the store is the account's and knows everything.

What must not start is refused with what to do. What may start, and must not enter, becomes the account's standing: the
guards refuse entries then, and supervision goes on.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from mtf_core.execution.desk import Desk
from mtf_core.execution.lately import orders_of_late
from mtf_core.market import AccountState, PositionMode
from mtf_core.orders import read_client_id, store_tag
from mtf_core.ports import Environment, ExchangeWorld, Mark, StoreIdentity, Trading, TradingRefusedError, Venue
from mtf_core.reasons import Reason
from mtf_core.risk import AccountCondition, Standing
from mtf_core.settings.trading import OrderSettings


async def open_desk(environment: Environment) -> Desk:
    """Binds this process to the account, and the store to it.

    Raises `TradingRefusedError` where orders must not leave from here, `StoreNotOursError` where the store is another
    account's, `StoreUnavailableError` where its commits may be lost, and `ExchangeError` where the account cannot be
    read: a key that is refused, or another world's, shows there.
    """
    venue, stores = environment.venue, environment.stores
    trading = _tradable(environment)
    _real_money_is_wanted(environment)
    settings = environment.profiles(None).trading.orders
    _mode_is_readable(venue, settings)
    account_id = await trading.account_id()
    account = await trading.sync()
    identity = await stores.orders.bind(account_id)
    _is_kept(identity, venue)
    desk = Desk(
        environment, trading, identity, stores.orders, settings, environment.action_journal, environment.high_water
    )
    known, mark = await _known_at_exchange(desk, account), await desk.high_water.read(desk.account_key)
    # Read again, last: whoever commits an intent meanwhile raises the store's counter first.
    desk = evolve(desk, identity=await stores.orders.bind(account_id))
    await _set_standing(desk, account, known, mark)
    if mark is None or mark.store_id == desk.identity.store_id:
        await desk.high_water.raise_to(desk.account_key, desk.mark)
    return desk


def _tradable(environment: Environment) -> Trading:
    """The exchange's trading side; refuses where there is none, or where it ends too soon to be supervised."""
    venue = environment.venue
    if venue.trading is None:
        raise TradingRefusedError(
            Reason.TRADING_NOT_AVAILABLE,
            f"{venue.label}: nothing can be traded here: a past instant, candle files and an exchange without a "
            f"key only give dry runs. {venue.where_to_trade}".rstrip(". "),
        )
    if venue.is_passing and not environment.stays:
        raise TradingRefusedError(
            Reason.TRADING_NOT_AVAILABLE,
            f"{venue.label}: its account would end with this command, and nobody could supervise what it entered. "
            f"{venue.where_to_trade}".rstrip(". "),
        )
    return venue.trading


def _mode_is_readable(venue: Venue, settings: OrderSettings) -> None:
    """Whoever cannot tell an opening from a close does not know what is held."""
    readable = sorted(venue.capabilities.position_modes)
    if settings.position_mode not in readable:
        raise TradingRefusedError(
            Reason.TRADING_NOT_AVAILABLE,
            f"{venue.label}: in the position mode {settings.position_mode} an execution does not always say whether it "
            f"opened or closed; set the account and orders.position_mode to {' or '.join(readable)}",
        )


def _real_money_is_wanted(environment: Environment) -> None:
    switches = environment.live
    if environment.venue.world is not ExchangeWorld.LIVE or (switches.said_yes and switches.named):
        return
    lacking = [
        words
        for words, is_there in (("MTF_LIVE=yes", switches.said_yes), ("MTF_ENVIRONMENT=live", switches.named))
        if not is_there
    ]
    raise TradingRefusedError(
        Reason.LIVE_SWITCH_MISSING,
        f"{environment.venue.label}: real money; beside dry_run: false it needs {' and '.join(lacking)}",
    )


def _is_kept(identity: StoreIdentity, venue: Venue) -> None:
    """Whoever cannot find an order again must not send it: only an account that ends with the process may forget."""
    if not identity.outlives_process and not venue.is_passing:
        raise TradingRefusedError(
            Reason.TRADING_NOT_AVAILABLE,
            "the database ends with this process, and the account does not: set DATABASE_URL to a file or PostgreSQL",
        )


async def _set_standing(desk: Desk, account: AccountState, known: Iterable[Known], mark: Mark | None) -> None:
    """The account's standing as this start finds it; one that is worse already stays as it is."""
    behind = _why_behind(desk.identity, known, mark)
    while (before := await desk.orders.standing()).condition is not AccountCondition.RECOVERY:
        found = Standing(AccountCondition.RECOVERY, desk.now_ms, behind) if behind else _modes(before, desk, account)
        if found == before or await desk.orders.set_standing(found, before):
            return


def _modes(before: Standing, desk: Desk, account: AccountState) -> Standing:
    differ = modes_differ(account.position_mode, desk.settings)
    is_modes = before.condition is AccountCondition.MODES_CHANGED
    if differ and before.condition is AccountCondition.NORMAL:
        return Standing(AccountCondition.MODES_CHANGED, desk.now_ms, differ)
    return Standing(since_ms=desk.now_ms) if is_modes and not differ else before


def modes_differ(found: PositionMode | None, settings: OrderSettings) -> str:
    """What to do about an account whose position mode is not the settings'; empty where it is. It is never set."""
    if found is settings.position_mode:
        return ""
    said = "does not say its position mode" if found is None else f"has the position mode {found}"
    return f"the account {said}, and orders.position_mode is {settings.position_mode}: make them the same"


def _why_behind(identity: StoreIdentity, known: Iterable[Known], mark: Mark | None) -> str:
    """Why the store may lack what was sent; empty where nothing says so."""
    if identity.is_another_life:
        return "the database was restored, or is a copy of the one that was used before"
    if mark is not None and mark.store_id != identity.store_id:
        return (
            f"another database committed {mark.counter} intents of this account last, by the mark outside of it: this "
            "one is new, was restored to a time before its first order, or was not used for a while"
        )
    tag = store_tag(identity.store_id)
    if mark is not None:
        known = [Known(tag, mark.counter, "the mark outside of the database"), *known]
    highest = max((one for one in known if one.tag == tag), key=lambda one: one.counter, default=None)
    if highest is not None and highest.counter > identity.counter:
        return f"{highest.where}: number {highest.counter}; the database knows {identity.counter}: it was restored"
    others = next((one for one in known if one.tag != tag), None)
    if others is not None and not identity.counter:
        return f"{others.where}: another database of mtf sent it, and this one is new"
    return ""


@frozen
class Known:
    """The number of an intent that somebody else than the store remembers."""

    tag: int
    """Of the store that gave it out."""
    counter: int
    where: str


async def _known_at_exchange(desk: Desk, account: AccountState) -> list[Known]:
    """Of the orders there that bear ids of our form."""
    shown = [(order, read_client_id(order.client_order_id, desk.ids)) for order in await orders_of_late(desk, account)]
    return [
        Known(made.tag, made.counter, f"{order.symbol}: order {order.order_id} at the exchange")
        for order, made in shown
        if made is not None
    ]
