"""Moves that mostly make sense: what traders and markets do next, given how the engine stands now.

A move is a kind and a number from which its details are drawn, so that lists of moves shrink by leaving moves out.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

from mtf_adapters.sandbox.matching.commands import (
    Action,
    AmendOrder,
    AmendPresets,
    AmendTrigger,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    CloseAll,
    Command,
    Deleverage,
    Direction,
    Funding,
    Leg,
    Level,
    MarketEvent,
    PlaceOrder,
    PlacePair,
    PlaceTrailing,
    PlaceTrigger,
    Preset,
    Restart,
    SelfTrade,
    SetLeverage,
    SetPositionMode,
    StatusChange,
    Tick,
    TimePasses,
    Transfer,
)
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView, PositionView
from mtf_core.market import (
    ContractStatus,
    MarginMode,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
)

D = Decimal
HALF = D("0.5")
KINDS = (
    *["entry"] * 6,
    *["exit"] * 3,
    *["protect"] * 3,
    *["conditional"],
    *["trail"],
    *["amend"] * 3,
    *["cancel"] * 2,
    *["tick"] * 8,
    *["jump"] * 2,
    *["fund"],
    *["setting"] * 2,
    *["status"],
    *["exchange"],
)


class Mover:
    """Turns moves into commands for two accounts and two symbols."""

    def __init__(self, engine: MatchingEngine, accounts: tuple[str, ...], symbols: tuple[str, ...]) -> None:
        self._engine = engine
        self._accounts = accounts
        self._symbols = symbols

    def command(self, kind: str, number: int, now_ms: int) -> Command | MarketEvent:
        draw = Random(f"{kind}/{number}")
        account, symbol = draw.choice(self._accounts), draw.choice(self._symbols)
        match kind:
            case "entry":
                return self._entry(draw, account, symbol)
            case "exit":
                return self._exit(draw, account, symbol)
            case "protect":
                return self._protection(draw, account, symbol)
            case "conditional":
                return self._conditional(draw, account, symbol)
            case "trail":
                return self._trailing(draw, account, symbol)
            case "amend" | "cancel":
                return self._change(draw, kind, account, symbol, now_ms)
            case "tick" | "jump":
                return self._tick(draw, symbol, 3 if kind == "tick" else 25)
            case "fund":
                return Funding(symbol, draw.choice([D("0.0001"), D("-0.003"), D("0.02"), D("0.4")]))
            case "setting":
                return self._setting(draw, account, symbol)
            case "status":
                return StatusChange(symbol, draw.choice((*[ContractStatus.TRADING] * 6, *ContractStatus)))
            case _:
                return self._exchange(draw, account, symbol)

    def _last(self, symbol: str) -> Decimal:
        tick = self._engine.tick(symbol)
        return tick.last if tick else D(100)

    def _sides(self, draw: Random, account: str) -> tuple[Side, Side | None]:
        side = draw.choice(tuple(Side))
        hedged = self._engine.position_mode(account) is PositionMode.HEDGE
        return side, side if hedged else None

    def _position(self, draw: Random, account: str, symbol: str) -> PositionView | None:
        positions = self._engine.positions(account, symbol) or self._engine.positions(account)
        return draw.choice(positions) if positions else None

    def _leverage(self, draw: Random, account: str, symbol: str) -> tuple[Decimal | None, MarginMode | None]:
        positions = self._engine.positions(account, symbol)
        if positions or draw.random() < 0.3:
            return None, None
        return draw.choice([D(1), D(5), D(20), D(50)]), draw.choice(tuple(MarginMode))

    def _entry(self, draw: Random, account: str, symbol: str) -> PlaceOrder:
        side, position_side = self._sides(draw, account)
        last = self._last(symbol)
        limit = draw.random() < 0.6
        price = last + draw.randint(-8, 8) * HALF
        leverage, margin_mode = self._leverage(draw, account, symbol)
        reference = price if limit else last
        distance = draw.randint(1, 12) * HALF
        by = draw.choice(tuple(TriggerPrice))
        size = draw.choice([draw.randint(1, 30), draw.randint(1, 3000), draw.randint(1, 40_000)])
        return PlaceOrder(
            account=account,
            symbol=symbol,
            action=Action.BUY if side is Side.LONG else Action.SELL,
            size=D(size),
            order_type=OrderType.LIMIT if limit else OrderType.MARKET,
            price=price if limit else None,
            time_in_force=draw.choice((*[TimeInForce.GTC] * 4, *TimeInForce)),
            post_only=draw.random() < 0.1,
            position_side=position_side,
            leverage=leverage,
            margin_mode=margin_mode,
            client_order_id=draw.choice(["", f"id{draw.randint(0, 30)}"]),
            stop=Preset(reference - side.sign * distance, by) if draw.random() < 0.4 else None,
            target=Preset(reference + side.sign * distance, by) if draw.random() < 0.4 else None,
            self_trade=draw.choice(tuple(SelfTrade)),
        )

    def _exit(self, draw: Random, account: str, symbol: str) -> Command:
        position = self._position(draw, account, symbol)
        if position is None:
            return self._entry(draw, account, symbol)
        if draw.random() < 0.15:
            return CloseAll(account, draw.choice([None, position.symbol]), draw.choice([None, position.side]))
        limit = draw.random() < 0.6
        hedged = self._engine.position_mode(account) is PositionMode.HEDGE
        share = draw.choice([D("0.3"), D("0.7"), D(1), D("1.6")])
        return PlaceOrder(
            account=account,
            symbol=position.symbol,
            action=Action.SELL if position.side is Side.LONG else Action.BUY,
            size=max(D(1), (position.size * share).to_integral_value()),
            order_type=OrderType.LIMIT if limit else OrderType.MARKET,
            price=self._last(position.symbol) + draw.randint(-4, 8) * HALF * position.side.sign if limit else None,
            time_in_force=draw.choice((*[TimeInForce.GTC] * 4, *TimeInForce)),
            reduce_only=True,
            position_side=position.side if hedged else None,
            client_order_id=draw.choice(["", f"id{draw.randint(0, 30)}"]),
        )

    def _protection(self, draw: Random, account: str, symbol: str) -> Command:
        position = self._position(draw, account, symbol)
        if position is None:
            return self._entry(draw, account, symbol)
        purpose = draw.choice([TriggerPurpose.STOP, TriggerPurpose.TARGET])
        falls = (purpose is TriggerPurpose.STOP) == (position.side is Side.LONG)
        trigger = self._last(position.symbol) + (-1 if falls else 1) * draw.randint(1, 10) * HALF
        hedged = self._engine.position_mode(account) is PositionMode.HEDGE
        if draw.random() < 0.2:
            return self._pair(draw, position, hedged)
        return PlaceTrigger(
            account=account,
            symbol=position.symbol,
            action=Action.SELL if position.side is Side.LONG else Action.BUY,
            size=draw.choice([None, position.size, max(D(1), position.size // 2), position.size * 2]),
            purpose=purpose,
            trigger_price=trigger,
            by=draw.choice(tuple(TriggerPrice)),
            direction=Direction.FALLS if falls else Direction.RISES,
            limit_price=draw.choice([None, None, trigger + draw.randint(-3, 3) * HALF]),
            position_side=position.side if hedged else None,
            client_order_id=draw.choice(["", f"id{draw.randint(0, 30)}"]),
        )

    def _pair(self, draw: Random, position: PositionView, hedged: bool) -> PlacePair:
        last = self._last(position.symbol)
        away = [draw.randint(1, 10) * HALF * position.side.sign for _ in range(2)]
        return PlacePair(
            account=position.account,
            symbol=position.symbol,
            action=Action.SELL if position.side is Side.LONG else Action.BUY,
            size=draw.choice([None, position.size, max(D(1), position.size // 2)]),
            stop=Leg(last - away[0], draw.choice(tuple(TriggerPrice))),
            target=Leg(last + away[1], draw.choice(tuple(TriggerPrice)), draw.choice([None, last])),
            position_side=position.side if hedged else None,
            client_order_id=draw.choice(["", f"id{draw.randint(0, 30)}"]),
        )

    def _conditional(self, draw: Random, account: str, symbol: str) -> PlaceTrigger:
        entry = self._entry(draw, account, symbol)
        rises = draw.random() < 0.5
        trigger = self._last(symbol) + (1 if rises else -1) * draw.randint(1, 8) * HALF
        return PlaceTrigger(
            account=account,
            symbol=symbol,
            action=entry.action,
            size=entry.size,
            purpose=TriggerPurpose.ENTRY,
            trigger_price=trigger,
            by=draw.choice(tuple(TriggerPrice)),
            direction=Direction.RISES if rises else Direction.FALLS,
            limit_price=draw.choice([None, trigger]),
            time_in_force=entry.time_in_force,
            reduce_only=False,
            position_side=entry.position_side,
            leverage=entry.leverage,
            margin_mode=entry.margin_mode,
            client_order_id=entry.client_order_id,
        )

    def _trailing(self, draw: Random, account: str, symbol: str) -> PlaceTrailing:
        position = self._position(draw, account, symbol)
        side, position_side = self._sides(draw, account)
        reduces = position is not None
        if position is not None:
            side, symbol = position.side, position.symbol
            position_side = side if position_side is not None else None
        return PlaceTrailing(
            account=account,
            symbol=symbol,
            action=Action.BUY if (side is Side.LONG) is not reduces else Action.SELL,
            size=position.size if position is not None else D(10),
            activation_price=self._last(symbol) + draw.randint(-4, 4) * HALF,
            by=draw.choice(tuple(TriggerPrice)),
            callback_ratio=draw.choice([D("0.005"), D("0.02")]),
            reduce_only=reduces,
            position_side=position_side,
        )

    def _change(self, draw: Random, kind: str, account: str, symbol: str, now_ms: int) -> Command:
        live = self._engine.orders_of(account, None, now_ms)
        known = live if live and draw.random() < 0.85 else self._engine.history(account, None, now_ms)
        if not known or draw.random() < 0.1:
            return CancelAll(account, symbol, draw.random() < 0.8, draw.random() < 0.4, draw.random() < 0.4)
        order = draw.choice(known)
        if kind == "cancel":
            return CancelOrder(account, order.symbol, order.order_id)
        return self._amendment(draw, account, order)

    def _amendment(self, draw: Random, account: str, order: OrderView) -> Command:
        nudge = draw.randint(-6, 6) * HALF
        size = draw.choice([None, order.size and max(D(1), order.size // 2), order.size and order.size * 2])
        if order.family is OrderFamily.TRIGGER and order.trigger_price is not None:
            moved = order.trigger_price + nudge
            return AmendTrigger(
                account, order.symbol, order.order_id, moved, draw.choice([None, TriggerPrice.LAST]), None, size
            )
        if order.price is not None and draw.random() < 0.2:
            sign = 1 if order.action is Action.BUY else -1
            preset = Preset(order.price - sign * draw.randint(1, 6) * HALF, TriggerPrice.MARK)
            return AmendPresets(account, order.symbol, order.order_id, stop=preset)
        price = draw.choice([None, self._last(order.symbol) + nudge])
        return AmendOrder(account, order.symbol, order.order_id, price, size)

    def _tick(self, draw: Random, symbol: str, reach: int) -> Tick:
        last = min(D(400), max(D(20), self._last(symbol) + draw.randint(-reach, reach) * HALF))

        def side(sign: int) -> list[Level]:
            first = draw.randint(1, 2)
            volumes = [D(draw.choice((5, 100, 3000, 100_000))) for _ in range(draw.choice((0, 1, 3, 3, 3, 3)))]
            return [Level(last + sign * HALF * (first + number), volume) for number, volume in enumerate(volumes)]

        mark = last + draw.randint(-2, 2) * HALF
        return Tick(symbol, side(-1), side(1), last, mark, D(draw.choice((0, 0, 7, 1000))))

    def _setting(self, draw: Random, account: str, symbol: str) -> Command:
        mode = self._engine.leverage(account, symbol)[1]
        choices: list[Command] = [
            SetLeverage(account, symbol, draw.choice([D(1), D(2), D(10), D(20)]), mode),
            SetLeverage(account, symbol, D(5), draw.choice(tuple(MarginMode))),
            SetPositionMode(account, draw.choice(tuple(PositionMode))),
            CancelAllAfter(account, symbol, draw.randint(0, 3)),
            Transfer(account, D(draw.randint(-400, 400))),
        ]
        return draw.choice(choices)

    def _exchange(self, draw: Random, account: str, symbol: str) -> MarketEvent:
        side = draw.choice(tuple(Side))
        return draw.choice([TimePasses(), Deleverage(account, symbol, side, D(draw.randint(1, 500))), Restart()])
