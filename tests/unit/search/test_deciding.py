"""Trials share READY minutes exactly where nothing that decides differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtf_adapters.files.profiles import load_profile
from mtf_adapters.trials.opportunities import OpportunityFiles
from mtf_core.market import DAY_MS, MINUTE_MS
from mtf_core.replay.opportunities import Opportunities, find_opportunities
from mtf_core.search.data import data_of, days_of
from mtf_core.search.deciding import rules_digest
from mtf_core.search.parameters import Parameters, varied_profile
from mtf_core.search.windows import Stretch
from mtf_core.settings.plain import Plain
from mtf_core.validation.compiled_profile import CompiledProfile, compile_anew
from mtf_entrypoints.recorded import CandleMarket
from tests.search_worlds import START_MS, walk

MICRO, REGULAR = load_profile("scalper_micro"), load_profile("regular")
MARKET = CandleMarket("BTCUSDT", walk(3, 3)).open(None)
SPAN = (START_MS + MINUTE_MS, START_MS + 3 * DAY_MS)


def compiled(content: dict[str, Plain], parameters: Parameters) -> CompiledProfile:
    return compile_anew(varied_profile(content, parameters))


def decided(one: CompiledProfile, spread_bps: float = 2.0) -> Opportunities:
    return find_opportunities(one, MARKET, *SPAN, spread_bps)


def same(one: Opportunities, other: Opportunities) -> bool:
    if one.facts.keys() != other.facts.keys() or not np.array_equal(one.at_ms, other.at_ms):
        return False
    facts = all(
        one.facts[timeframe].keys() == other.facts[timeframe].keys()
        and all(
            np.array_equal(mine, theirs, equal_nan=True)
            for role in roles
            for mine, theirs in zip(one.facts[timeframe][role], other.facts[timeframe][role], strict=True)
        )
        for timeframe, roles in one.facts.items()
    )
    plain = ("symbol", "minutes", "reasons", "contexts", "sides", "timeframes")
    return facts and all(getattr(one, name) == getattr(other, name) for name in plain)


@pytest.mark.parametrize(
    "parameters",
    [
        {"trade_entry.defaults.atr_k": 2},
        {"trade_entry.defaults.r_multiple": 3},
        {"trade_entry.risk.max_concurrent_positions": 1},
        {"trade_entry.leverage.exchange_cap": 5},
        {"trade_entry.post_validation.entry_zone.k_atr": 0.5},
        {"trading.switches.after_order_minutes": 1},
        {"mtf_contracts.selection.refresh_interval_minutes": 7},
    ],
)
def test_what_only_trades_otherwise_decides_nothing_otherwise(parameters: Parameters) -> None:
    before, after = compiled(dict(MICRO.content), {}), compiled(dict(MICRO.content), parameters)
    assert before.profile.digest != after.profile.digest
    assert rules_digest(before, 2.0) == rules_digest(after, 2.0)
    assert same(decided(before), decided(after))
    assert len(decided(before)) > 10


@pytest.mark.parametrize(
    "parameters",
    [
        {"mtf_validations.validation.timeframe.5m.long[3].rsi_bullish": 55},
        {"trade_entry.entry.entry_zone.offset_atr_tf": "1m"},
        {"trade_entry.decision.allowed_execution_timeframes": ["5m", "15m", "1m"]},
        {"indicator.warmup_tolerance": 0.001},
    ],
)
def test_what_may_decide_otherwise_is_decided_anew(parameters: Parameters) -> None:
    before, after = compiled(dict(MICRO.content), {}), compiled(dict(MICRO.content), parameters)
    assert rules_digest(before, 2.0) != rules_digest(after, 2.0)


def test_where_the_selector_looks_at_the_trade_all_of_trade_entry_decides() -> None:
    """`regular` asks for the expected multiple of R and for the spread; `scalper_micro` for neither."""
    before = compiled(dict(REGULAR.content), {})
    after = compiled(dict(REGULAR.content), {"trade_entry.defaults.r_multiple": 3})
    assert rules_digest(before, 2.0) != rules_digest(after, 2.0)
    assert rules_digest(before, 2.0) != rules_digest(before, 3.0)
    micro = compiled(dict(MICRO.content), {})
    assert rules_digest(micro, 2.0) == rules_digest(micro, 3.0)


def test_ready_minutes_are_read_from_the_disk_as_they_were_written(tmp_path: Path) -> None:
    files, found = OpportunityFiles(tmp_path / "made"), decided(compiled(dict(MICRO.content), {}))
    assert files.find("digest") is None
    files.keep("digest", found)
    again = files.find("digest")
    assert again is not None
    assert same(found, again)
    assert again.signal(3) == found.signal(3)
    assert str(again.features(3)) == str(found.features(3))


@pytest.mark.parametrize("left", [0, 10, 1000])
def test_a_file_that_a_death_left_half_written_is_not_used(tmp_path: Path, left: int) -> None:
    files = OpportunityFiles(tmp_path)
    files.keep("digest", decided(compiled(dict(MICRO.content), {})))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:left])
    assert files.find("digest") is None


def test_days_are_known_again_by_their_prices_whatever_they_are_called() -> None:
    candles, two_days = walk(3, 3), Stretch(START_MS + DAY_MS + MINUTE_MS, START_MS + 3 * DAY_MS)
    whole = [day.digest for day in days_of("BTCUSDT", candles, Stretch(*SPAN))]
    assert [day.digest for day in days_of("OTHER", candles, two_days)] == whole[1:]
    assert not {day.digest for day in days_of("BTCUSDT", walk(4, 3), two_days)} & set(whole)
    assert len(set(whole)) == 3


def test_data_has_a_name_by_its_candles_and_its_span() -> None:
    names = {
        data_of([market], stretch).digest
        for market in (MARKET, CandleMarket("BTCUSDT", walk(4, 3)).open(None))
        for stretch in (Stretch(*SPAN), Stretch(SPAN[0], SPAN[1] - MINUTE_MS))
    }
    assert len(names) == 4
