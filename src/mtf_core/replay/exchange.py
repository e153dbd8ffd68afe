"""The exchange of a replay: one account on recorded minutes, as badly for it as `ReplaySettings` say.

It takes the orders that a real exchange takes, and shows them as one does; the supervisor cannot tell. What it lacks is
everything within a minute: a candle says how far the price went, and not in which order. So:

- An entry, and a close at market, is live `delay_minutes` after it was sent. What protects, and what cancels, holds at
  once: the supervisor looks at the end of a minute, up to a minute after what it answers to.
- A minute is gone through once it has closed, its open with it: nothing is known of a candle before its end.
- What rests fills at its price once a minute trades through it; what takes fills at the minute's open, half the spread
  and the slippage worse, and never beyond its limit.
- A stop fires before a target that the same minute reaches, at its price or at the open that gapped beyond it.
- A position is liquidated at its price where no stop stood before that; all of its margin is gone then.
- Nothing happens in a minute that is missing.

An account holds one position a symbol: the guards let no second one in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import define, evolve, field, frozen

from mtf_core.market import (
    MINUTE_MS,
    AccountState,
    Amendment,
    CashFlow,
    EntryOrder,
    ExitOrder,
    Fill,
    FillCause,
    FlowKind,
    OpenOrder,
    OrderKind,
    OrderState,
    OrderType,
    Position,
    PositionMode,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders import Cancellation
from mtf_core.planning.liquidation import exposure_at, liquidation_price
from mtf_core.replay.minutes import Minutes
from mtf_core.settings.replay import ReplaySettings

_ZERO, _BPS = Decimal(0), Decimal(10_000)


@frozen
class Seen:
    """How far the price went, in a minute, for and against what was held of it then; None: nothing was."""

    best: Decimal | None = None
    worst: Decimal | None = None


@define(eq=False)
class Holding:
    """An open position."""

    side: Side
    size: Decimal
    entry_price: Decimal
    leverage: Decimal
    liquidation: Decimal
    """The price at which it is liquidated; 0: none."""
    opened_ms: int


@define(eq=False)
class Desk:
    """One symbol of the account: its orders, its position, and what was booked since the last intent began."""

    symbol: str
    minutes: Minutes
    live: dict[str, OpenOrder] = field(factory=dict)
    leverages: dict[str, Decimal] = field(factory=dict)
    """Of live entries, by the exchange's id."""
    ended: list[OpenOrder] = field(factory=list)
    fills: list[Fill] = field(factory=list)
    flows: list[CashFlow] = field(factory=list)
    holding: Holding | None = None
    travelling: list[tuple[int, EntryOrder | ExitOrder]] = field(factory=list)
    """Sent, and not live before that instant."""
    shown: tuple[int, Holding, Decimal, Position] | None = None
    """The position as it was last shown: by the candle's place, of what was held, and how much of it."""

    def entry(self) -> OpenOrder | None:
        """The order that rests to open, if any."""
        return next((order for order in self.live.values() if not order.reduce_only), None)

    def exits(self) -> list[OpenOrder]:
        return [order for order in self.live.values() if order.reduce_only]

    def stop(self) -> OpenOrder | None:
        """The armed stop that fires first."""
        stops = [order for order in self.live.values() if order.purpose is TriggerPurpose.STOP and order.trigger]
        return max(stops, key=_nearness, default=None)

    def targets(self) -> list[tuple[OpenOrder, Decimal]]:
        """Orders that close at a gain, each with its price, the nearest first."""
        found = []
        for order in self.exits():
            if order.purpose is TriggerPurpose.TARGET and order.trigger is not None:
                found.append((order, order.trigger.price))
            elif order.purpose is None and order.price is not None:
                found.append((order, order.price))
        return sorted(found, key=lambda one: (one[1] * one[0].side.sign, one[0].order_id))

    def edges(self) -> tuple[float, float]:
        """Between these prices, both outside, nothing happens to what is held."""
        stop, holding = self.stop(), self.holding
        assert stop is not None
        assert stop.trigger is not None
        assert holding is not None
        targets, sign = self.targets(), holding.side.sign
        against = [stop.trigger.price, *([holding.liquidation] if holding.liquidation else [])]
        along = float(targets[0][1]) if targets else None
        if sign > 0:
            return float(max(against)), float("inf") if along is None else along
        return 0.0 if along is None else along, float(min(against))

    def begin(self) -> None:
        """What is over is forgotten: a new intent begins."""
        self.ended.clear()
        self.fills.clear()
        self.flows.clear()


class ModelExchange:
    """The account and its orders; whoever calls says what time it is, and minutes pass in their order."""

    def __init__(self, minutes: Mapping[str, Minutes], settings: ReplaySettings, mode: PositionMode) -> None:
        self.wallet = settings.balance_usdt
        """The balance without what is open."""
        self.liquidations = 0
        self.desks = {symbol: Desk(symbol, one) for symbol, one in minutes.items()}
        self.in_use: dict[str, Desk] = {}
        """Those with a position, or an order that may come to one."""
        self.news: list[CashFlow] = []
        """What was booked since somebody took it from here."""
        self._settings, self._mode = settings, mode
        self._delay_ms = settings.delay_minutes * MINUTE_MS
        self._number = 0
        self._account: AccountState | None = None
        """As it was last shown with everything on it, until something changes."""

    # Orders

    def enter(self, order: EntryOrder, at_ms: int) -> None:
        """Takes an entry, which is live a while later: `arrive` then says what became of it."""
        self._account = None
        desk = self.in_use[order.symbol] = self.desks[order.symbol]
        desk.travelling.append((at_ms + self._delay_ms, order))

    def leave(self, symbol: str) -> None:
        """Nothing of the symbol is on the exchange any more."""
        self._account = None
        desk = self.in_use.pop(symbol)
        is_clear = not desk.live and not desk.travelling and desk.holding is None
        assert is_clear, f"{symbol}: something is left"

    def write(self, write: ProtectiveOrder | ExitOrder | Amendment | Cancellation, at_ms: int) -> WriteOutcome:
        """Takes what protects, closes or cancels."""
        self._account = None
        desk = self.desks[write.symbol]
        match write:
            case ExitOrder(order_type=OrderType.MARKET):
                desk.travelling.append((at_ms + self._delay_ms, write))
                return WriteOutcome(WriteResult.ACCEPTED, self._next_id(), write.client_order_id)
            case ExitOrder():
                order = _asked_order(write, self._next_id(), at_ms)
            case ProtectiveOrder():
                order = _protective_order(write, self._next_id(), at_ms)
            case Amendment():
                return _amend(desk, write, at_ms)
            case Cancellation():
                return _cancel(desk, write.order_id, at_ms)
        desk.live[order.order_id] = order
        return WriteOutcome(WriteResult.ACCEPTED, order.order_id, order.client_order_id)

    def arrive(self, symbol: str, at_ms: int) -> WriteOutcome | bool:
        """What was sent and is live by then meets the minute that opened at that instant.

        What became of an entry, where one was among it, else whether anything arrived. Where that minute is missing,
        what closes waits for the next one and an entry that would take ends.
        """
        desk = self.desks[symbol]
        answer: WriteOutcome | bool = False
        if not desk.travelling:
            return answer
        self._account = None
        place = desk.minutes.place(at_ms)
        for live_ms, order in tuple(desk.travelling):
            if live_ms > at_ms or (place is None and isinstance(order, ExitOrder)):
                continue
            desk.travelling = [one for one in desk.travelling if one[1] is not order]
            if isinstance(order, EntryOrder):
                answer = self._entry_arrives(desk, order, place, at_ms)
            elif place is not None:
                self._close_at_market(desk, order, place, at_ms)
                answer = answer or True
        return answer

    def _entry_arrives(self, desk: Desk, order: EntryOrder, place: int | None, at_ms: int) -> WriteOutcome:
        name, sign = order.client_order_id, order.side.sign
        touch = None if place is None else self._taking(desk, desk.minutes.open[place], sign, slips=False)
        takes = touch is not None and (order.price is None or (order.price - touch) * sign >= 0)
        if order.post_only and takes:
            return WriteOutcome(WriteResult.WOULD_TAKE, client_order_id=name, text="it would have taken")
        live = _asked_order(order, self._next_id(), at_ms)
        desk.live[live.order_id], desk.leverages[live.order_id] = live, order.leverage
        if takes and place is not None:
            price = self._taking(desk, desk.minutes.open[place], sign, slips=True)
            if order.price is not None:
                price = min(price, order.price) if sign > 0 else max(price, order.price)
            self._fill_entry(desk, live, price, at_ms, is_maker=False)
        elif order.time_in_force is not TimeInForce.GTC or order.order_type is OrderType.MARKET:
            _end(desk, live.order_id, OrderState.CANCELLED, at_ms)
        return WriteOutcome(WriteResult.ACCEPTED, live.order_id, name)

    def _close_at_market(self, desk: Desk, order: ExitOrder, place: int, at_ms: int) -> None:
        live = _asked_order(order, self._next_id(), at_ms)
        desk.live[live.order_id] = live
        if desk.holding is None or desk.holding.side is not order.side:
            _end(desk, live.order_id, OrderState.CANCELLED, at_ms)
            return
        price = self._taking(desk, desk.minutes.open[place], -order.side.sign, slips=True)
        self._fill_exit(desk, live, price, at_ms, is_maker=False)

    def _taking(self, desk: Desk, price: float, sign: int, *, slips: bool) -> Decimal:
        """What is paid by who takes at that price of the middle: half the spread, and what it slips besides."""
        worse = desk.minutes.half_spread + (self._settings.slippage_bps / _BPS if slips else _ZERO)
        return _against(desk.minutes.price(price) * (1 + sign * worse), sign, desk.minutes.contract.tick_size)

    # Time

    def pass_minute(self, symbol: str, place: int) -> Seen:
        """What a minute does to what is live at its beginning."""
        self._account = None
        desk = self.desks[symbol]
        if desk.holding is not None:
            return self._exits(desk, place, held_before=True)
        entry = desk.entry()
        if entry is None or entry.price is None:
            return Seen()
        sign, through = entry.side.sign, self._settings.trade_through_ticks * desk.minutes.contract.tick_size
        reached = desk.minutes.low[place] if sign > 0 else desk.minutes.high[place]
        if (reached - float(entry.price - sign * through)) * sign > 0:
            return Seen()
        self._fill_entry(desk, entry, entry.price, self._end_ms(desk, place), is_maker=True)
        return self._exits(desk, place, held_before=False)

    def fund(self, symbol: str, at_ms: int) -> None:
        """What an open position pays at a funding time, of its value at the close of the last minute."""
        desk = self.desks[symbol]
        if desk.holding is None or not self._settings.funding_rate:
            return
        self._account = None
        price = desk.minutes.price(desk.minutes.close[max(0, desk.minutes.closed_at(at_ms))])
        paid = desk.minutes.contract.notional(desk.holding.size, price) * self._settings.funding_rate
        self._book(desk, FlowKind.FUNDING, -paid, at_ms)

    def _end_ms(self, desk: Desk, place: int) -> int:
        """When within its minute something is taken to have happened: at its very end."""
        return int(desk.minutes.open_ms[place]) + MINUTE_MS - 1

    def _exits(self, desk: Desk, place: int, *, held_before: bool) -> Seen:
        """Stop, targets and liquidation of what is held, in the worst order that the candle allows.

        Where it was entered within this minute, nothing is known to have been better for it than its own price.
        """
        holding, minutes = desk.holding, desk.minutes
        assert holding is not None
        sign, at_ms = holding.side.sign, self._end_ms(desk, place)
        against, along = (minutes.low, minutes.high) if sign > 0 else (minutes.high, minutes.low)
        worst, best, opened = float(against[place]), float(along[place]), float(minutes.open[place])
        least = None if held_before else holding.entry_price
        stop = desk.stop()
        level = stop.trigger.price if stop is not None and stop.trigger is not None else None
        is_stopped = level is not None and (worst - float(level)) * sign <= 0
        if self._is_liquidated(holding, level, worst, opened):
            self._liquidate(desk, at_ms)
            return Seen(least, holding.liquidation)
        targets = self._reached(desk, best) if held_before else []
        if is_stopped and self._settings.stop_before_target:
            targets = []
        for target, price in targets:
            if desk.holding is not None:
                self._fill_target(desk, target, price, at_ms)
        seen_best = (
            targets[-1][1] if targets and desk.holding is None else minutes.price(best) if held_before else least
        )
        if is_stopped and desk.holding is not None and stop is not None and level is not None:
            begins = minutes.price(opened)
            price = begins if (begins - level) * sign < 0 else level
            self._fire(desk, stop, self._slipped(price, -sign, minutes), at_ms)
            return Seen(targets[-1][1] if targets else least, price)
        return Seen(seen_best, minutes.price(worst))

    def _is_liquidated(self, holding: Holding, level: Decimal | None, worst: float, opened: float) -> bool:
        """Whether the price reaches the liquidation, and no stop stood before it or the minute began beyond it."""
        price, sign = holding.liquidation, holding.side.sign
        if not price or (worst - float(price)) * sign > 0:
            return False
        stands_before = level is not None and (level - price) * sign > 0
        return not stands_before or (opened - float(price)) * sign <= 0

    def _reached(self, desk: Desk, best: float) -> list[tuple[OpenOrder, Decimal]]:
        """The targets that the best price of a minute reaches, the nearest first, each with its price."""
        found = []
        for order, price in desk.targets():
            ticks = self._settings.trade_through_ticks if order.purpose is None else 0
            needed = price + order.side.sign * ticks * desk.minutes.contract.tick_size
            if (best - float(needed)) * order.side.sign >= 0:
                found.append((order, price))
        return found

    def _fill_target(self, desk: Desk, order: OpenOrder, price: Decimal, at_ms: int) -> None:
        if order.purpose is None:
            self._fill_exit(desk, order, price, at_ms, is_maker=True)
        else:
            self._fire(desk, order, self._slipped(price, -order.side.sign, desk.minutes), at_ms)

    def _slipped(self, price: Decimal, sign: int, minutes: Minutes) -> Decimal:
        """A price that was reached, and what who takes there (+1 buys) gets instead."""
        return _against(price * (1 + sign * self._settings.slippage_bps / _BPS), sign, minutes.contract.tick_size)

    # Executions

    def _fill_entry(self, desk: Desk, order: OpenOrder, price: Decimal, at_ms: int, *, is_maker: bool) -> None:
        assert order.size is not None
        contract, leverage = desk.minutes.contract, desk.leverages[order.order_id]
        notional = contract.notional(order.size, price)
        brackets = contract.brackets_at(price)
        bracket = next((one for one in brackets if one.notional_floor < notional <= one.notional_cap), brackets[-1])
        exposure = exposure_at(contract, order.side, price, bracket)
        liquidation = liquidation_price(exposure, order.size * contract.contract_size, int(leverage))
        desk.holding = Holding(order.side, order.size, price, leverage, liquidation, at_ms)
        self._execute(desk, order, price, order.size, _ZERO, at_ms, opens=True, is_maker=is_maker)
        _end(desk, order.order_id, OrderState.FILLED, at_ms, filled=order.size, average_price=price)
        if order.stop is not None:
            stop = ProtectiveOrder(desk.symbol, order.side, TriggerPurpose.STOP, order.stop, order.size, "")
            armed = _protective_order(stop, self._next_id(), at_ms)
            desk.live[armed.order_id] = armed

    def _fire(self, desk: Desk, order: OpenOrder, price: Decimal, at_ms: int) -> None:
        """What waited for its price becomes an order of another id, which fills at once."""
        _end(desk, order.order_id, OrderState.TRIGGERED, at_ms)
        self._fill_exit(desk, evolve(order, order_id=self._next_id()), price, at_ms, is_maker=False)

    def _fill_exit(self, desk: Desk, order: OpenOrder, price: Decimal, at_ms: int, *, is_maker: bool) -> None:
        """Never more than there is."""
        if desk.holding is None:
            return
        size = desk.holding.size if order.size is None else min(order.size, desk.holding.size)
        if order.order_id in desk.live:
            _end(desk, order.order_id, OrderState.FILLED, at_ms, filled=size, average_price=price)
        self._close(desk, order, price, size, at_ms, is_maker=is_maker)

    def _liquidate(self, desk: Desk, at_ms: int) -> None:
        """The exchange takes the position over where its margin is gone."""
        holding, contract = desk.holding, desk.minutes.contract
        assert holding is not None
        self.liquidations += 1
        gone = holding.entry_price * (1 - holding.side.sign / holding.leverage)
        price = _against(gone, -holding.side.sign, contract.tick_size)
        order = _asked_order(
            ExitOrder(desk.symbol, holding.side, holding.size, OrderType.MARKET, None, TimeInForce.IOC, ""),
            self._next_id(),
            at_ms,
        )
        self._close(desk, order, price, holding.size, at_ms, is_maker=False, cause=FillCause.LIQUIDATION)

    def _close(
        self,
        desk: Desk,
        order: OpenOrder,
        price: Decimal,
        size: Decimal,
        at_ms: int,
        *,
        is_maker: bool,
        cause: FillCause = FillCause.ORDER,
    ) -> None:
        holding, contract = desk.holding, desk.minutes.contract
        assert holding is not None
        profit = (price - holding.entry_price) * holding.side.sign * size * contract.contract_size
        self._execute(desk, order, price, size, profit, at_ms, opens=False, is_maker=is_maker, cause=cause)
        self._book(desk, FlowKind.REALISED_PROFIT, profit, at_ms)
        holding.size -= size
        if not holding.size:
            desk.holding = None
            for left in [one.order_id for one in desk.exits()]:
                _end(desk, left, OrderState.CANCELLED, at_ms)

    def _execute(
        self,
        desk: Desk,
        order: OpenOrder,
        price: Decimal,
        size: Decimal,
        profit: Decimal,
        at_ms: int,
        *,
        opens: bool,
        is_maker: bool,
        cause: FillCause = FillCause.ORDER,
    ) -> None:
        contract = desk.minutes.contract
        rate = contract.maker_fee if is_maker else contract.taker_fee
        if rate > 0:  # a rebate grows by no assumption
            rate *= self._settings.fee_factor
        fee = contract.notional(size, price) * rate
        desk.fills.append(
            Fill(
                symbol=desk.symbol,
                fill_id=self._next_id(),
                order_id=order.order_id,
                side=order.side,
                opens=opens,
                price=price,
                size=size,
                fee=fee,
                realised_profit=profit,
                is_maker=is_maker,
                time_ms=at_ms,
                client_order_id=order.client_order_id,
                cause=cause,
            )
        )
        self._book(desk, FlowKind.FEE, -fee, at_ms)

    def _book(self, desk: Desk, kind: FlowKind, amount: Decimal, at_ms: int) -> None:
        flow = CashFlow(self._next_id(), kind, desk.symbol, amount, at_ms)
        self.wallet += amount
        desk.flows.append(flow)
        self.news.append(flow)

    def _next_id(self) -> str:
        """Ids sort as text in the order in which they were given out."""
        self._number += 1
        return f"{self._number:012d}"

    # Reads

    def positions(self, at_ms: int, desks: Iterable[Desk] | None = None) -> tuple[Position, ...]:
        """Open positions, each at the close of its last minute."""
        found = []
        for desk in self.in_use.values() if desks is None else desks:
            holding = desk.holding
            if holding is None:
                continue
            place = max(0, desk.minutes.closed_at(at_ms))
            shown = desk.shown
            if shown is None or shown[0] != place or shown[1] is not holding or shown[2] != holding.size:
                shown = desk.shown = (place, holding, holding.size, _position(desk, holding, place))
            found.append(shown[3])
        return tuple(found)

    def account(self, at_ms: int, only: Iterable[Desk] | None = None) -> AccountState:
        """The account as a sync would show it; `only`: of these symbols, with the balance of all."""
        whole = self._account
        if whole is None or whole.time_ms != at_ms:
            whole = self._account = self._whole_account(at_ms)
        if only is None:
            return whole
        desks = tuple(only)
        names = {desk.symbol for desk in desks}
        return AccountState(
            time_ms=at_ms,
            available_balance=whole.available_balance,
            equity=whole.equity,
            positions=tuple(one for one in whole.positions if one.symbol in names),
            open_orders=tuple(order for desk in desks for order in desk.live.values()),
            position_mode=self._mode,
        )

    def _whole_account(self, at_ms: int) -> AccountState:
        everything = self.positions(at_ms)
        margins = sum((one.margin or _ZERO for one in everything), _ZERO)
        resting = sum((self._reserved(desk) for desk in self.in_use.values()), _ZERO)
        unrealised = sum((one.unrealised_profit for one in everything), _ZERO)
        return AccountState(
            time_ms=at_ms,
            available_balance=max(_ZERO, self.wallet + min(_ZERO, unrealised) - margins - resting),
            equity=self.wallet + unrealised,
            positions=everything,
            open_orders=tuple(order for desk in self.in_use.values() for order in desk.live.values()),
            position_mode=self._mode,
        )

    def _reserved(self, desk: Desk) -> Decimal:
        """The margin of an entry that rests, or is on its way."""
        found, contract = _ZERO, desk.minutes.contract
        entry = desk.entry() if desk.leverages else None
        if entry is not None and entry.size is not None and entry.price is not None:
            found += contract.notional(entry.size, entry.price) / desk.leverages[entry.order_id]
        for _, order in desk.travelling:
            if isinstance(order, EntryOrder) and order.price is not None:
                found += contract.notional(order.size, order.price) / order.leverage
        return found


def _position(desk: Desk, holding: Holding, place: int) -> Position:
    """What is held, at the close of the candle at a place."""
    mark = desk.minutes.price(desk.minutes.close[place])
    base = holding.size * desk.minutes.contract.contract_size
    return Position(
        symbol=desk.symbol,
        side=holding.side,
        size=holding.size,
        entry_price=holding.entry_price,
        leverage=holding.leverage,
        unrealised_profit=(mark - holding.entry_price) * holding.side.sign * base,
        margin=base * holding.entry_price / holding.leverage,
        mark_price=mark,
        liquidation_price=holding.liquidation or None,
        opened_ms=holding.opened_ms,
    )


def _against(price: Decimal, sign: int, tick: Decimal) -> Decimal:
    """On the grid, to the side that is worse for who buys (+1) or sells (−1); never below one tick."""
    rounded = on_grid_at_or_above(price, tick) if sign > 0 else on_grid_at_or_below(price, tick)
    return max(tick, rounded)


def _nearness(order: OpenOrder) -> Decimal:
    return (order.trigger.price if order.trigger is not None else _ZERO) * order.side.sign


def _asked_order(order: EntryOrder | ExitOrder, order_id: str, at_ms: int) -> OpenOrder:
    return OpenOrder(
        symbol=order.symbol,
        order_id=order_id,
        client_order_id=order.client_order_id,
        kind=OrderKind.MARKET if order.order_type is OrderType.MARKET else OrderKind.LIMIT,
        side=order.side,
        size=order.size,
        price=order.price,
        reduce_only=isinstance(order, ExitOrder),
        time_in_force=order.time_in_force,
        stop=order.stop if isinstance(order, EntryOrder) else None,
        created_ms=at_ms,
        updated_ms=at_ms,
    )


def _protective_order(order: ProtectiveOrder, order_id: str, at_ms: int) -> OpenOrder:
    return OpenOrder(
        symbol=order.symbol,
        order_id=order_id,
        client_order_id=order.client_order_id,
        kind=OrderKind.TRIGGER,
        side=order.side,
        size=order.size,
        price=order.limit_price,
        reduce_only=True,
        trigger=order.trigger,
        purpose=order.purpose,
        created_ms=at_ms,
        updated_ms=at_ms,
    )


def _amend(desk: Desk, amendment: Amendment, at_ms: int) -> WriteOutcome:
    order = desk.live.get(amendment.order_id)
    if order is None:
        return WriteOutcome(WriteResult.NOT_FOUND, amendment.order_id)
    desk.live[order.order_id] = evolve(
        order,
        price=order.price if amendment.price is None else amendment.price,
        size=order.size if amendment.size is None else amendment.size,
        trigger=order.trigger if amendment.trigger is None else amendment.trigger,
        updated_ms=at_ms,
    )
    return WriteOutcome(WriteResult.ACCEPTED, order.order_id, order.client_order_id)


def _cancel(desk: Desk, order_id: str, at_ms: int) -> WriteOutcome:
    if order_id not in desk.live:
        return WriteOutcome(WriteResult.NOT_FOUND, order_id)
    _end(desk, order_id, OrderState.CANCELLED, at_ms)
    return WriteOutcome(WriteResult.ACCEPTED, order_id)


def _end(
    desk: Desk,
    order_id: str,
    state: OrderState,
    at_ms: int,
    *,
    filled: Decimal = _ZERO,
    average_price: Decimal | None = None,
) -> None:
    order = desk.live.pop(order_id)
    desk.leverages.pop(order_id, None)
    desk.ended.append(evolve(order, state=state, filled=filled, average_price=average_price, updated_ms=at_ms))
