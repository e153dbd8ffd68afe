"""An exchange of one or two contracts for tests, and short words for what is done on it.

The contract: tick 0.5, step 1, 0.01 base coin a contract (so that a slip of units shows), fees 0.02 % and 0.05 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mtf_adapters.sandbox.matching.commands import (
    Action,
    Command,
    Direction,
    Level,
    MarketEvent,
    OpenAccount,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    Tick,
)
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import (
    Accepted,
    Event,
    Filled,
    FillView,
    OrderChanged,
    OrderView,
    Refused,
    Result,
)
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import (
    Contract,
    ContractStatus,
    LeverageBracket,
    OrderType,
    PositionMode,
    Side,
    TriggerPrice,
    TriggerPurpose,
)

D = Decimal
SYMBOL = "ABCUSDT"

BRACKETS = (
    LeverageBracket(D(0), D(10_000), D(50), D("0.01"), D(0)),
    LeverageBracket(D(10_000), D(100_000), D(20), D("0.02"), D(100)),
    LeverageBracket(D(100_000), D(1_000_000), D(5), D("0.1"), D(8_100)),
)


def contract(symbol: str = SYMBOL, **values: Any) -> Contract:
    given = {
        "symbol": symbol,
        "base_currency": symbol.removesuffix("USDT"),
        "quote_currency": "USDT",
        "status": ContractStatus.TRADING,
        "tick_size": D("0.5"),
        "size_step": D(1),
        "contract_size": D("0.01"),
        "min_size": D(1),
        "max_size": D(1_000_000),
        "max_market_size": D(500_000),
        "min_leverage": D(1),
        "max_leverage": D(50),
        "maker_fee": D("0.0002"),
        "taker_fee": D("0.0005"),
        "turnover_24h": D(100_000_000),
        "opened_at_ms": 0,
        "brackets": BRACKETS,
    } | values
    return Contract(**given)


def levels(*rows: tuple[Any, Any]) -> tuple[Level, ...]:
    return tuple(Level(D(str(price)), D(str(size))) for price, size in rows)


def tick(
    price: Any,
    *,
    bids: Iterable[tuple[Any, Any]] | None = None,
    asks: Iterable[tuple[Any, Any]] | None = None,
    mark: Any = None,
    traded: Any = 0,
    symbol: str = SYMBOL,
) -> Tick:
    """A market at a price: half a unit of spread to each side, a thousand contracts at every of three levels."""
    last = D(str(price))
    return Tick(
        symbol,
        levels(*bids) if bids is not None else tuple(Level(last - D("0.5") * n, D(1000)) for n in (1, 2, 3)),
        levels(*asks) if asks is not None else tuple(Level(last + D("0.5") * n, D(1000)) for n in (1, 2, 3)),
        last,
        last if mark is None else D(str(mark)),
        D(str(traded)),
    )


class Desk:
    """An engine with a clock that ticks once for everything that is done, and one account called `me`."""

    def __init__(
        self,
        *,
        rules: VenueRules | None = None,
        balance: Any = 10_000,
        mode: PositionMode = PositionMode.HEDGE,
        contracts: Iterable[Contract] | None = None,
    ) -> None:
        self.engine = MatchingEngine(contracts or [contract()], rules or VenueRules())
        self.now_ms = 0
        self.events: list[Event] = []
        """Everything that happened so far."""
        self.do(OpenAccount("me", D(str(balance)), mode))

    def do(self, what: Command | MarketEvent, after_ms: int = 1) -> Result:
        self.now_ms += after_ms
        result = self.engine.apply(what, self.now_ms)
        self.events.extend(result.events)
        return result

    def at(self, price: Any, after_ms: int = 1, **more: Any) -> Result:
        return self.do(tick(price, **more), after_ms)

    def place(
        self, side: str, size: Any, price: Any = None, *, account: str = "me", after_ms: int = 1, **more: Any
    ) -> Result:
        """`side` as traders say it: `open long`, `close short`, and on one-way accounts `buy`, `sell`, `reduce buy`."""
        return self.do(order(side, size, price, account=account, **more), after_ms)

    def orders(self, symbol: str | None = None, account: str = "me") -> tuple[OrderView, ...]:
        return self.engine.orders_of(account, symbol, self.now_ms)

    def order(self, order_id: int, account: str = "me") -> OrderView:
        found = self.engine.order(account, order_id, self.now_ms)
        assert found is not None, f"there is no order {order_id}"
        return found

    def fills(self, account: str = "me") -> tuple[FillView, ...]:
        return self.engine.fills(account, None, self.now_ms)

    def position(self, side: Side = Side.LONG, account: str = "me", symbol: str = SYMBOL) -> Any:
        """The open position of a side, or None."""
        return next((one for one in self.engine.positions(account, symbol) if one.side is side), None)

    @property
    def balance(self) -> Any:
        return self.engine.balance("me")


def order(side: str, size: Any, price: Any = None, *, account: str = "me", **more: Any) -> PlaceOrder:
    words = side.split()
    position_side = next((Side(word) for word in words if word in tuple(Side)), None)
    reduces = words[0] in ("close", "reduce")
    if position_side is None:
        action = Action(words[-1])
    else:
        action = Action.BUY if (position_side is Side.LONG) is not reduces else Action.SELL
    return PlaceOrder(
        account=account,
        symbol=more.pop("symbol", SYMBOL),
        action=action,
        size=D(str(size)),
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        price=None if price is None else D(str(price)),
        reduce_only=reduces,
        position_side=position_side,
        **more,
    )


def accepted(result: Result) -> int:
    """The id of what was accepted; fails with the refusal else."""
    assert isinstance(result.answer, Accepted), result.answer
    return result.answer.order_id


def refused(result: Result) -> Any:
    assert isinstance(result.answer, Refused), result.answer
    return result.answer.refusal


def causes(result: Result, order_id: int | None = None) -> list[str]:
    """Why orders changed, in order."""
    return [
        str(event.cause)
        for event in result.events
        if isinstance(event, OrderChanged) and order_id in (None, event.order.order_id)
    ]


def executions(result: Result) -> list[tuple[D, D]]:
    """Size and price of what was executed."""
    return [(event.fill.size, event.fill.price) for event in result.events if isinstance(event, Filled)]


def stop(size: Any, trigger: Any, *, account: str = "me", side: Side = Side.LONG, **more: Any) -> PlaceTrigger:
    """A stop of a position on a hedged account, at market and by the mark unless said otherwise."""
    return _trigger(TriggerPurpose.STOP, size, trigger, account, side, more)


def target(size: Any, trigger: Any, *, account: str = "me", side: Side = Side.LONG, **more: Any) -> PlaceTrigger:
    """A target of a position on a hedged account."""
    return _trigger(TriggerPurpose.TARGET, size, trigger, account, side, more)


def _trigger(
    purpose: TriggerPurpose, size: Any, trigger: Any, account: str, side: Side, more: dict[str, Any]
) -> PlaceTrigger:
    falls = (purpose is TriggerPurpose.STOP) == (side is Side.LONG)
    given = {
        "account": account,
        "symbol": SYMBOL,
        "action": Action.SELL if side is Side.LONG else Action.BUY,
        "size": None if size is None else D(str(size)),
        "purpose": purpose,
        "trigger_price": D(str(trigger)),
        "by": TriggerPrice.MARK,
        "direction": Direction.FALLS if falls else Direction.RISES,
        "position_side": side,
    }
    return PlaceTrigger(**(given | more))


def preset(price: Any, by: TriggerPrice = TriggerPrice.MARK) -> Preset:
    return Preset(D(str(price)), by)
