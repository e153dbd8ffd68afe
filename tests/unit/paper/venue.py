"""A venue whose market a test makes: quotes, candles of a minute and a clock; it fails when it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from attrs import define, evolve, field

from mtf_adapters.paper.account_file import AccountFile, Head
from mtf_adapters.paper.desk import PaperDesk
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.market import (
    MINUTE_MS,
    Candles,
    Contract,
    EntryOrder,
    MarginMode,
    MarkPrice,
    OrderType,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TopOfBook,
    TriggerLevel,
    TriggerPrice,
    parse_instant,
    to_ms,
)
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Venue

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SYMBOL = "BTCUSDT"
BALANCE = Decimal(10_000)
PRICE = Decimal(50_000)


@define(eq=False)
class MadeMarket:
    """Implements `MarketData`. Quotes bear the time at which they were made."""

    clock: SteppedClock
    listed: tuple[Contract, ...] = field(factory=lambda: GeneratedMarket(1, 3).contracts(AT_MS))
    quoted: dict[str, Quote] = field(factory=dict)
    lows_and_highs: dict[int, tuple[float, float]] = field(factory=dict)
    """Of minutes, by their opening."""
    fails: bool = False
    asked: list[str] = field(factory=list)

    def show(self, price: Decimal, *, mark: Decimal | None = None) -> None:
        now_ms, step = self.clock.now_ms(), Decimal("0.1")
        book = TopOfBook(SYMBOL, price - step, price, now_ms)
        self.quoted[SYMBOL] = Quote(book, MarkPrice(SYMBOL, price if mark is None else mark, now_ms))

    async def server_time_ms(self) -> int:
        return self.clock.now_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        self._answer("contracts")
        return self.listed

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        self._answer("quotes")
        return {symbol: self.quoted[symbol] for symbol in symbols if symbol in self.quoted}

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        self._answer("candles")
        opens = [one for one in sorted(self.lows_and_highs) if first_open_ms <= one <= last_open_ms]
        lows, highs = ([self.lows_and_highs[one][side] for one in opens] for side in (0, 1))
        return Candles.checked(timeframe, opens, lows, highs, lows, highs, [1.0] * len(opens))

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        if self.fails:
            raise ExchangeUnavailableError("the venue does not answer")


class NoAccount:
    """The real venue's account, of which nothing must ever be asked."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"paper asked the real account: {name}")


@define(eq=False)
class Scene:
    """A venue, its clock, and the file of a paper account on it."""

    folder: Path
    clock: SteppedClock = field(factory=lambda: SteppedClock(AT_MS))
    market: MadeMarket = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.market = MadeMarket(self.clock)
        self.market.show(PRICE)

    @property
    def file(self) -> AccountFile:
        return AccountFile(self.folder / "one.account")

    @property
    def venue(self) -> Venue:
        return Venue(
            exchange="made",
            market_type="perpetual",
            label="made market",
            namespace="made",
            market=self.market,
            account=NoAccount(),  # type: ignore[arg-type]
            clock=self.clock,
            capabilities=evolve(CAPABILITIES, quotes_per_call=1),
        )

    def desk(self) -> PaperDesk:
        """A process that may trade on the account."""
        return PaperDesk(self.venue, self.file, Head("paper-1", BALANCE))

    def pass_by(self, milliseconds: int, price: Decimal | None = None) -> None:
        self.clock.advance(milliseconds)
        if price is not None:
            self.market.show(price)

    def entry(self, *, stop: Decimal | None = None, price: Decimal | None = None, name: str = "one") -> EntryOrder:
        return EntryOrder(
            symbol=SYMBOL,
            side=Side.LONG,
            size=Decimal(6),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            price=price,
            time_in_force=TimeInForce.IOC if price is None else TimeInForce.GTC,
            post_only=False,
            leverage=Decimal(5),
            margin_mode=MarginMode.ISOLATED,
            client_order_id=name,
            not_after_ms=self.clock.now_ms() + MINUTE_MS,
            stop=None if stop is None else TriggerLevel(stop, TriggerPrice.MARK),
        )
