"""Whether an exchange takes, shows and cancels an order: one that rests far from the market, of the smallest size.

Nothing is set: neither leverage nor a mode. Only for play money.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from attrs import frozen

from mtf_core.market import (
    Contract,
    EntryOrder,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderType,
    Side,
    TimeInForce,
    WriteResult,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.ports import ExchangeError, ExchangeWorld, Sleep, Trading, TradingRefusedError, Venue, VenueFinding
from mtf_core.reasons import Reason

_NAME = "order"
_BELOW = Decimal("0.95")
"""Of the best bid: too far to be met within some seconds, and near enough for the band of prices of an exchange."""
_LIFE_MS = 10_000
_LOOKS = 20
"""How often is looked for what was sent, before it counts as not there."""
_PAUSE_S = 0.25


def refuse_real_money(venue: Venue) -> None:
    """Raises `TradingRefusedError` where an order could cost something."""
    if venue.world is ExchangeWorld.LIVE:
        raise TradingRefusedError(
            Reason.TRADING_NOT_AVAILABLE,
            f"{venue.label}: --orders places an order, on a demo or an exchange of this machine only; name one with "
            "--environment demo, or leave --orders out",
        )


async def try_an_order(venue: Venue, contract: Contract, client_order_id: str, sleep: Sleep) -> VenueFinding:
    """Places an order, reads it, cancels it and proves that it is gone; raises `TradingRefusedError` for real money."""
    refuse_real_money(venue)
    if venue.trading is None:
        return VenueFinding(_NAME, False, "nothing was sent: there is no key")
    try:
        mode = (await venue.trading.sync()).position_mode
        order = await _order(venue, contract, client_order_id)
    except ExchangeError as error:
        return VenueFinding(_NAME, False, f"nothing was sent: {error}")
    if mode not in venue.capabilities.position_modes:
        return VenueFinding(_NAME, False, f"nothing was sent: the account is in mode {mode or 'unknown'}")
    return await _Try(venue.trading, order, sleep).done()


async def _order(venue: Venue, contract: Contract, client_order_id: str) -> EntryOrder:
    """A buy under the market, of the smallest size that the contract and its least notional allow."""
    quote = (await venue.market.quotes([contract.symbol])).get(contract.symbol)
    if quote is None or isinstance(quote, ExchangeError):
        raise ExchangeError(f"{contract.symbol}: {quote or 'there is no quote'}")
    price = on_grid_at_or_below(quote.book.best_bid * _BELOW, contract.tick_size)
    least = max(contract.min_size, contract.min_notional / (price * contract.contract_size))
    deadline = venue.capabilities.request_deadline
    life_ms = _LIFE_MS if deadline is None else min(_LIFE_MS, deadline.longest_ms)
    return EntryOrder(
        symbol=contract.symbol,
        side=Side.LONG,
        size=on_grid_at_or_above(least, contract.size_step),
        order_type=OrderType.LIMIT,
        price=price,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        leverage=contract.min_leverage,
        margin_mode=MarginMode.CROSS if MarginMode.CROSS in venue.capabilities.margin_modes else MarginMode.ISOLATED,
        client_order_id=client_order_id,
        not_after_ms=venue.clock.now_ms() + life_ms,
    )


@frozen(eq=False)
class _Try:
    trading: Trading
    order: EntryOrder
    sleep: Sleep

    async def done(self) -> VenueFinding:
        order = self.order
        told = f"a buy of {order.size:f} {order.symbol} at {order.price:f}, post-only"
        outcome = await self.trading.submit_entry(order)
        words = f"{outcome.result} {outcome.code} {outcome.text}".strip()
        if outcome.result.nothing_exists:
            return VenueFinding(_NAME, False, f"{told}: refused: {words}", _by(outcome.result))
        resting = await self._seen(self._resting)
        if resting is None:
            return self._by_hand(f"{told}: answered with {words}, and it is not among the open orders")
        cancelled = await self.trading.cancel(order.symbol, resting.order_id, OrderKind.LIMIT)
        gone = await self._seen(lambda: self._gone(resting.order_id))
        if gone is None:
            return self._by_hand(f"{told}: cancelled ({cancelled.result} {cancelled.text}), and it still shows")
        if gone.filled:
            return self._by_hand(f"{told}: {gone.filled:f} of it filled before it was cancelled")
        return VenueFinding(_NAME, True, f"{told}: accepted, read, cancelled, and gone")

    def _by_hand(self, found: str) -> VenueFinding:
        do = (
            f"Look on the exchange's site for the order {self.order.client_order_id} of {self.order.symbol}: cancel "
            "it, and close what it opened."
        )
        return VenueFinding(_NAME, False, found, do)

    async def _seen(self, look: Callable[[], Awaitable[OpenOrder | None]]) -> OpenOrder | None:
        """What the look finds, looking again as long as it finds nothing, or cannot be read."""
        for _ in range(_LOOKS):
            try:
                found = await look()
            except ExchangeError:
                found = None
            if found is not None:
                return found
            await self.sleep(_PAUSE_S)
        return None

    async def _resting(self) -> OpenOrder | None:
        live = await self.trading.open_orders(self.order.symbol)
        return next((one for one in live if one.client_order_id == self.order.client_order_id), None)

    async def _gone(self, order_id: str) -> OpenOrder | None:
        """The order, once it has ended by its own page and is not among the open ones."""
        order = await self.trading.order(self.order.symbol, order_id)
        if order is None or not order.state.is_final or await self._resting() is not None:
            return None
        return order


def _by(result: WriteResult) -> str:
    """What a person can do about a refusal."""
    return {
        WriteResult.AUTH: "Look at the key's rights: it has to be allowed to trade.",
        WriteResult.NOT_ALLOWED_HERE: "Look at the account on the exchange's site: its mode, and what it may trade.",
        WriteResult.CLOCK_SKEW: "Set this machine's clock (NTP).",
        WriteResult.RATE_LIMITED: "Wait a minute, and stop what else uses this key.",
        WriteResult.MAINTENANCE: "Wait until the exchange has ended its maintenance.",
    }.get(result, "")
