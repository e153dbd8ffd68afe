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


@pytest.mark.parametrize(
    "text",
    ["BTCUSDT:\n  tick_size: 0.10\n  opened_at_ms: 5\n  status: trading\n",
     '{"BTCUSDT": {"tick_size": 0.10, "opened_at_ms": 5, "status": "trading"}}'],
    ids=["yaml", "json"],
)  # fmt: skip
def test_override_files_keep_the_digits_they_are_written_with(tmp_path: Path, text: str):
    (tmp_path / "contracts.yaml").write_text(text)
    found = read_contract_overrides(tmp_path / "contracts.yaml")["BTCUSDT"]
    assert (str(found.tick_size), found.opened_at_ms, found.status) == ("0.10", 5, "trading")


def test_every_problem_of_an_override_file_is_named(tmp_path: Path):
    path = tmp_path / "contracts.yaml"
    path.write_text(
        "BTCUSDT: {tick_sise: 1, contract_size: big, max_size: NaN, min_volume: 1}\nETHUSDT: 5\nXUSDT: {status: [a]}\n"
    )
    with pytest.raises(InvalidContractOverridesError) as caught:
        read_contract_overrides(path)
    message = str(caught.value)
    for part in (
        "contracts.yaml",
        "BTCUSDT.tick_sise: unknown, did you mean tick_size?",
        "BTCUSDT.contract_size: 'big' is no number",
        "BTCUSDT.max_size: 'NaN' is no number",
        "BTCUSDT.min_volume: it has another name now: write `min_size`",
        "ETHUSDT: expected a mapping",
        "XUSDT.status: expected one value",
    ):
        assert part in message


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", ""])
def test_an_override_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "contracts.yaml"
    path.write_text(text)
    with pytest.raises(InvalidContractOverridesError, match=r"contracts\.yaml"):
        read_contract_overrides(path)


def test_a_missing_override_file_is_refused(tmp_path: Path):
    with pytest.raises(InvalidContractOverridesError, match="cannot be read"):
        read_contract_overrides(tmp_path / "none.yaml")
