"""The market out of the user's own candles."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.contract_overrides import (
    ContractOverrides,
    InvalidContractOverridesError,
    default_contract,
    read_contract_overrides,
)
from mtf_adapters.sandbox.price_grid import price_grid
from mtf_core.market import MINUTE_MS, Candles, InvalidContractError, Timeframe
from mtf_core.ports import InstantNotServedError, TimeframeNotServedError, UnknownSymbolError

START_MS = 1_640_995_200_000  # 2022-01-01T00:00Z
END_MS = START_MS + 120 * MINUTE_MS


def minutes(count: int = 120, price: float = 46_000.0) -> Candles:
    close = price + np.arange(count, dtype=float)
    opens = START_MS + np.arange(count) * MINUTE_MS
    return Candles.checked(Timeframe.M1, opens, close - 0.5, close + 2, close - 3, close, np.full(count, 7.0))


@pytest.fixture
def market() -> CandleFileMarket:
    return CandleFileMarket({"BTCUSDT": minutes()})


def test_files_and_candles_serve_alike(tmp_path: Path, market: CandleFileMarket):
    write_candles_csv(tmp_path / "btc.csv.gz", minutes())
    from_file = CandleFileMarket({"BTCUSDT": tmp_path / "btc.csv.gz"})
    for timeframe in (Timeframe.M1, Timeframe.M15, Timeframe.H1):
        one, other = (m.candles("BTCUSDT", timeframe, START_MS, END_MS, END_MS) for m in (from_file, market))
        assert np.array_equal(one.close, other.close)
        assert one.timeframe is timeframe


def test_higher_timeframes_are_built_from_the_closed_part_only(market: CandleFileMarket):
    at_half_past_one = START_MS + 90 * MINUTE_MS
    hours = market.candles("BTCUSDT", Timeframe.H1, START_MS, END_MS, at_half_past_one)
    assert hours.open_ms.tolist() == [START_MS]
    assert (hours.open[0], hours.close[0], hours.volume[0]) == (45_999.5, 46_059.0, 420.0)


def test_a_timeframe_below_the_files_is_refused(market: CandleFileMarket):
    market = CandleFileMarket({"BTCUSDT": minutes().aggregated(Timeframe.M15)})
    with pytest.raises(TimeframeNotServedError, match="its candles are 15m, which cannot make 5m ones"):
        market.candles("BTCUSDT", Timeframe.M5, START_MS, END_MS, END_MS)


@pytest.mark.parametrize("now_ms", [START_MS, END_MS + MINUTE_MS])
def test_an_instant_outside_the_file_is_refused_with_its_span(market: CandleFileMarket, now_ms: int):
    for ask in (
        lambda: market.prices("BTCUSDT", now_ms),
        lambda: market.candles("BTCUSDT", Timeframe.M1, START_MS, END_MS, now_ms),
    ):
        with pytest.raises(InstantNotServedError, match="cover 2022-01-01T00:01:00Z to 2022-01-01T02:00:00Z"):
            ask()


def test_the_book_is_one_tick_around_the_last_closed_close(market: CandleFileMarket):
    quote = market.prices("BTCUSDT", START_MS + 10 * MINUTE_MS + 30_000)
    assert (quote.bid, quote.ask, quote.mark) == (Decimal("46009.0"), Decimal("46009.1"), Decimal("46009.0"))


def test_an_unknown_symbol_is_told_what_there_is(market: CandleFileMarket):
    with pytest.raises(UnknownSymbolError, match="'ETHUSDT'; there are BTCUSDT"):
        market.prices("ETHUSDT", END_MS)


def test_a_default_contract_fits_the_price():
    """46,000: tick 10^(4−5) = 0.1, contract size 10^−4, so a contract is worth 4.6."""
    contract = default_contract("BTCUSDT", 46_000.0, START_MS)
    assert (contract.tick_size, contract.contract_size) == (Decimal("0.1"), Decimal("0.0001"))
    assert (contract.base_currency, contract.quote_currency) == ("BTC", "USDT")
    tiny = default_contract("PEPEUSDC", 0.0000112, START_MS)
    assert (tiny.tick_size, tiny.contract_size, tiny.quote_currency) == (Decimal("1E-10"), Decimal(100_000), "USDC")


def test_overrides_replace_only_what_they_name():
    overrides = {"BTCUSDT": ContractOverrides(tick_size=Decimal("0.5"), contract_size=Decimal("0.002"))}
    (contract,) = CandleFileMarket({"BTCUSDT": minutes()}, overrides).contracts(END_MS)
    assert (contract.tick_size, contract.contract_size) == (Decimal("0.5"), Decimal("0.002"))
    assert contract.max_leverage == 50


def test_overrides_that_make_no_contract_are_refused():
    with pytest.raises(InvalidContractError, match="tick_size must be above zero"):
        CandleFileMarket({"BTCUSDT": minutes()}, {"BTCUSDT": ContractOverrides(tick_size=Decimal(0))})


def test_overrides_for_a_symbol_without_a_file_are_refused():
    with pytest.raises(ValueError, match="contract values for ETHUSDT, but candles only for BTCUSDT"):
        CandleFileMarket({"BTCUSDT": minutes()}, {"ETHUSDT": ContractOverrides()})


def priced(closes: np.ndarray) -> Candles:
    opens = START_MS + np.arange(len(closes)) * MINUTE_MS
    return Candles.checked(Timeframe.M1, opens, closes, closes, closes, closes, np.full(len(closes), 7.0))


@pytest.mark.parametrize(
    ("closes", "tick"),
    [
        (np.round(np.arange(50) * 0.05 + 80, 2), "0.05"),
        (np.arange(50) * 25.0 + 46_000, "25"),
        (np.round(np.arange(50) * 5e-10 + 1.12e-5, 10), "0.0000000005"),
        (np.full(50, 80.0), None),
        (80 * 1.0001 ** np.arange(50), None),
    ],
    ids=["0.05", "25", "5e-10", "motionless", "computed"],
)
def test_the_grid_of_prices_is_the_one_they_lie_on(closes: np.ndarray, tick: str | None):
    assert price_grid(priced(closes)) == (None if tick is None else Decimal(tick))


def test_tick_and_contract_are_those_of_the_instant_not_of_the_first_candle():
    """A symbol that fell from 80 to 0.0017: at its end the grid is 0.000005, at its begin 0.05."""
    dear, cheap = np.round(np.arange(60) * 0.05 + 80, 2), np.round(np.arange(1200) * 5e-6 + 1.7e-3, 6)
    market = CandleFileMarket({"FTTUSDT": priced(np.concatenate([dear, cheap]))})
    (early,) = market.contracts(START_MS + 60 * MINUTE_MS)
    (late,) = market.contracts(START_MS + 1260 * MINUTE_MS)
    assert (early.tick_size, early.contract_size) == (Decimal("0.05"), Decimal("0.1"))
    assert (late.tick_size, late.contract_size) == (Decimal("0.000005"), Decimal(1000))
    prices = market.prices("FTTUSDT", START_MS + 1260 * MINUTE_MS)
    assert prices.ask - prices.bid == late.tick_size
    assert market.guesses(START_MS + 60 * MINUTE_MS) == ("FTTUSDT (tick 0.05, contract of 0.1 FTT)",)


def test_what_is_given_is_not_guessed():
    overrides = {"BTCUSDT": ContractOverrides(tick_size=Decimal("0.5"), contract_size=Decimal("0.002"))}
    assert CandleFileMarket({"BTCUSDT": minutes()}, overrides).guesses(END_MS) == ()


@pytest.mark.parametrize(
    "text",
    ["BTCUSDT:\n  tick_size: 0.10\n  opened_at_ms: 1640995200000\n  status: trading\n  maker_fee: -0.0001\n",
     '{"BTCUSDT": {"tick_size": 0.10, "opened_at_ms": 1640995200000, "status": "trading", "maker_fee": -0.0001}}'],
    ids=["yaml", "json"],
)  # fmt: skip
def test_override_files_are_yaml_or_json_with_exact_numbers(tmp_path: Path, text: str):
    (tmp_path / "contracts.yaml").write_text(text)
    values = read_contract_overrides(tmp_path / "contracts.yaml")["BTCUSDT"]
    assert (values.tick_size, values.opened_at_ms, values.status) == (Decimal("0.1"), 1_640_995_200_000, "trading")
    assert values.maker_fee == Decimal("-0.0001")


def test_every_problem_of_an_override_file_is_named(tmp_path: Path):
    path = tmp_path / "contracts.yaml"
    path.write_text(
        "BTCUSDT: {tick_sise: 1, contract_size: big, max_size: NaN, min_volume: 1, tick_size: '0.1'}\n"
        "ETHUSDT: 5\n"
        "XUSDT: {status: [a], tick_size: 0}\n"
        "DOGEUSDT: {taker_fee: 0.06, maker_fee: 0.02, opened_at_ms: 1640995200}\n"
        "XUSDT: {max_size: 5, max_size: 6}\n"
    )
    with pytest.raises(InvalidContractOverridesError) as caught:
        read_contract_overrides(path)
    message = str(caught.value)
    for part in (
        "contracts.yaml:1: BTCUSDT.tick_sise: unknown key 'tick_sise'",
        "did you mean 'tick_size'?",
        "BTCUSDT.contract_size: found 'big'; allowed is a number",
        "BTCUSDT.max_size: found 'NaN'; allowed is a number",
        "BTCUSDT.tick_size: found '0.1'; allowed is a number",
        "BTCUSDT.min_volume: unknown key 'min_volume'; it has another name now: write `min_size`",
        "contracts.yaml:2: ETHUSDT: found 5; allowed is a map",
        "XUSDT.status: found a list of 1; allowed is one of trading",
        "XUSDT.tick_size: found 0; allowed is > 0",
        "DOGEUSDT.taker_fee: found 0.06, a fee of 6 %, which no exchange takes; "
        "fees are ratios from -0.01 to 0.01: for 0.06 % write 0.0006",
        "DOGEUSDT.maker_fee: found 0.02, a fee of 2 %",
        "DOGEUSDT.opened_at_ms: found 1640995200; allowed are milliseconds since 1970, like 1640995200000",
        "contracts.yaml:5: the key 'XUSDT' stands here and in line 3; a key may stand once in a map",
        "the key 'max_size' stands here and in line 5",
    ):
        assert part in message


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", ""])
def test_an_override_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "contracts.yaml"
    path.write_text(text)
    with pytest.raises(InvalidContractOverridesError, match=r"contracts\.yaml"):
        read_contract_overrides(path)


def test_a_missing_override_file_is_refused(tmp_path: Path):
    with pytest.raises(InvalidContractOverridesError, match="the file does not exist"):
        read_contract_overrides(tmp_path / "none.yaml")
