"""The sandbox exchange behind the ports, and the overview of its market."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sandbox.generated import REFERENCE_MS, GeneratedMarket
from mtf_adapters.sandbox.overview import Regime, market_overview, regime_of
from mtf_core.market import MINUTE_MS, Candles, OpenOrder, OrderKind, Position, Quote, Side, Timeframe
from mtf_core.ports import Account, Clock, ExchangeError, ExchangeUnavailableError, MarketData, UnknownSymbolError

MARKET = GeneratedMarket(3, symbols=20)


@pytest.fixture
def exchange() -> SandboxExchange:
    return SandboxExchange(MARKET, SandboxClock(REFERENCE_MS + 30_000))


def test_the_exchange_fits_its_ports(exchange: SandboxExchange):
    market_data: MarketData = exchange
    account: Account = exchange
    clock: Clock = exchange.clock
    assert (market_data, account) == (exchange, exchange)
    assert clock.now_ms() == REFERENCE_MS + 30_000


def test_the_clock_stands_until_it_is_moved():
    clock = SandboxClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now_ms() == REFERENCE_MS
    clock.advance(MINUTE_MS)
    assert clock.now_ms() == REFERENCE_MS + MINUTE_MS
    clock.set(5)
    assert clock.now_ms() == 5


async def test_everything_is_as_of_the_clock(exchange: SandboxExchange):
    now_ms = exchange.clock.now_ms()
    assert await exchange.server_time_ms() == now_ms
    quote = await quote_of(exchange, "BTCUSDT")
    assert isinstance(quote, Quote)
    assert (quote.book.time_ms, quote.mark.time_ms) == (now_ms, now_ms)
    assert (await exchange.account_state()).time_ms == now_ms
    candles = await exchange.candles("BTCUSDT", Timeframe.M1, now_ms - 5 * MINUTE_MS, now_ms + 5 * MINUTE_MS)
    assert candles.end_ms == REFERENCE_MS


async def test_moving_the_clock_closes_candles(exchange: SandboxExchange):
    exchange.clock.advance(30_000)
    candles = await exchange.candles("BTCUSDT", Timeframe.M1, REFERENCE_MS, REFERENCE_MS)
    assert len(candles) == 1


async def test_the_account_is_what_was_set(exchange: SandboxExchange):
    position = Position("BTCUSDT", Side.LONG, Decimal(3), Decimal(60_000), Decimal(5), Decimal("-12.5"))
    order = OpenOrder("ETHUSDT", "1", "c1", OrderKind.LIMIT, Side.SHORT, Decimal(2), Decimal(3_000), reduce_only=False)
    exchange.account = SandboxAccount(balance=Decimal(500), positions=(position,), open_orders=(order,))
    state = await exchange.account_state()
    assert (state.available_balance, state.equity) == (Decimal(500), Decimal("487.5"))
    assert state.busy_symbols() == {"BTCUSDT", "ETHUSDT"}


async def test_the_default_account_holds_ten_thousand_and_nothing_else(exchange: SandboxExchange):
    state = await exchange.account_state()
    assert (state.available_balance, state.positions, state.open_orders) == (Decimal(10_000), (), ())


async def test_a_fault_of_a_symbol_leaves_the_others_alone(exchange: SandboxExchange):
    exchange.faults["BTCUSDT"] = ExchangeUnavailableError("no answer")
    with pytest.raises(ExchangeUnavailableError, match="no answer"):
        await exchange.candles("BTCUSDT", Timeframe.M1, 0, REFERENCE_MS)
    assert await quote_of(exchange, "BTCUSDT") is exchange.faults["BTCUSDT"]
    assert isinstance(await quote_of(exchange, "ETHUSDT"), Quote)
    assert len(await exchange.candles("ETHUSDT", Timeframe.M1, REFERENCE_MS - MINUTE_MS, REFERENCE_MS)) == 1


async def test_a_fault_of_one_call_of_a_symbol_leaves_its_other_calls_alone(exchange: SandboxExchange):
    exchange.faults["quotes:BTCUSDT"] = ExchangeError("no book")
    assert len(await exchange.candles("BTCUSDT", Timeframe.M1, REFERENCE_MS - MINUTE_MS, REFERENCE_MS)) == 1
    assert isinstance(await quote_of(exchange, "BTCUSDT"), ExchangeError)
    del exchange.faults["quotes:BTCUSDT"]
    assert isinstance(await quote_of(exchange, "BTCUSDT"), Quote)


async def test_quotes_of_many_symbols_are_those_of_each_alone(exchange: SandboxExchange):
    symbols = [contract.symbol for contract in await exchange.contracts()]
    quotes = await exchange.quotes([*symbols, "NOPEUSDT"])
    assert isinstance(quotes.pop("NOPEUSDT"), UnknownSymbolError)
    assert quotes == {symbol: await quote_of(exchange, symbol) for symbol in symbols}


async def quote_of(exchange: SandboxExchange, symbol: str) -> Quote | ExchangeError:
    return (await exchange.quotes([symbol]))[symbol]


async def test_a_fault_of_the_call_for_quotes_is_raised(exchange: SandboxExchange):
    exchange.faults["quotes"] = ExchangeError("down")
    with pytest.raises(ExchangeError, match="down"):
        await exchange.quotes(["BTCUSDT"])


@pytest.mark.parametrize("call", ["server_time_ms", "contracts", "account_state"])
async def test_a_fault_of_a_call_without_a_symbol(exchange: SandboxExchange, call: str):
    exchange.faults[call] = ExchangeError("down")
    with pytest.raises(ExchangeError, match="down"):
        await getattr(exchange, call)()


async def test_an_unknown_symbol_raises_the_error_of_the_port(exchange: SandboxExchange):
    with pytest.raises(UnknownSymbolError):
        await exchange.candles("NOPEUSDT", Timeframe.M1, 0, REFERENCE_MS)


class TestOverview:
    def test_rows_go_from_the_largest_turnover_down(self):
        overview = market_overview(MARKET, REFERENCE_MS)
        turnovers = [row.turnover_24h for row in overview.rows]
        assert len(turnovers) == 20
        assert turnovers == sorted(turnovers, reverse=True)
        assert market_overview(MARKET, REFERENCE_MS, limit=3).rows == overview.rows[:3]

    def test_the_change_of_a_day_is_measured_from_the_close_24_hours_ago(self):
        row = next(row for row in market_overview(MARKET, REFERENCE_MS).rows if row.symbol == "BTCUSDT")
        hour = Timeframe.H1.ms
        before = REFERENCE_MS - 25 * hour
        close = MARKET.candles("BTCUSDT", Timeframe.H1, before, before, REFERENCE_MS).close[0]
        assert row.change_24h_ratio == float(row.price) / close - 1

    def test_a_symbol_outside_its_span_is_named_not_dropped(self):
        opens = REFERENCE_MS + np.arange(3) * MINUTE_MS
        flat = np.full(3, 10.0)
        market = CandleFileMarket({"XUSDT": Candles.checked(Timeframe.M1, opens, flat, flat, flat, flat, flat)})
        overview = market_overview(market, REFERENCE_MS - 1)
        assert overview.rows == ()
        assert overview.unpriced[0][0] == "XUSDT"
        assert "cover" in overview.unpriced[0][1]


def _hours(close: np.ndarray, width: np.ndarray | float) -> Candles:
    opens = np.arange(len(close)) * Timeframe.H1.ms
    return Candles.checked(Timeframe.H1, opens, close, close + width, close - width, close, np.ones(len(close)))


@pytest.mark.parametrize(
    ("close", "width", "regime"),
    [
        (np.linspace(100, 120, 100), 1.0, Regime.TREND_UP),
        (np.linspace(120, 100, 100), 1.0, Regime.TREND_DOWN),
        (100 + np.tile([0.0, 1.0], 50), np.repeat([1.0, 4.0], 50), Regime.VOLATILE),
        (100 + np.tile([0.0, 1.0], 50), np.repeat([4.0, 1.0], 50), Regime.QUIET),
        (100 + np.tile([0.0, 1.0], 50), 1.0, Regime.RANGE),
        (np.full(48, 100.0), 1.0, Regime.UNKNOWN),
    ],
)
def test_the_regime_is_what_the_last_48_candles_did(close: np.ndarray, width: np.ndarray | float, regime: Regime):
    assert regime_of(_hours(close, width)) is regime
