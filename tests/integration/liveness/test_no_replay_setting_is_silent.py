"""Every key of `replay.yaml` changes what a replay of the same minutes comes to."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve, fields

from mtf_adapters.files.config_dir import copy_shipped_config
from mtf_adapters.files.profiles import check_config, load_profile, load_replay
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Candles, Timeframe, parse_instant, to_ms
from mtf_core.replay.ledger import Ledger, ReplayMarket
from mtf_core.replay.opportunities import Opportunities, find_opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings, SpreadStep
from mtf_core.validation.compiled_profile import compile_profile

END_MS = to_ms(parse_instant("2026-02-11T00:00Z"))
FIRST_MS = END_MS - 4 * DAY_MS
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def with_spikes(candles: Candles) -> Candles:
    """Every 40th minute reaches far up and down, so that some reach a stop and a target at once."""
    high, low = candles.high.copy(), candles.low.copy()
    high[::40] *= 1.006
    low[::40] *= 0.994
    columns = (candles.open, high, low, candles.close, candles.volume)
    return Candles.checked(candles.timeframe, candles.open_ms.copy(), *(column.copy() for column in columns))


@cache
def markets() -> tuple[ReplayMarket, ...]:
    market = GeneratedMarket(1, 12)
    contracts = {contract.symbol: contract for contract in market.contracts(FIRST_MS)}
    return tuple(
        ReplayMarket(
            symbol,
            with_spikes(market.candles(symbol, Timeframe.M1, FIRST_MS - DAY_MS, END_MS - 60_000, END_MS)),
            contracts[symbol],
            False,
            "",
            "generated",
        )
        for symbol in SYMBOLS
    )


@cache
def profile() -> Profile:
    """Without limits on losses, so that a day's last trades are there as well."""
    shipped = load_profile("scalper_micro")
    risk = evolve(shipped.trade_entry.risk, daily_max_loss_usdt=Decimal(0), daily_max_loss_percent=Decimal(0))
    return evolve(shipped, trade_entry=evolve(shipped.trade_entry, risk=risk))


@cache
def opportunities(spread_bps: float) -> tuple[Opportunities, ...]:
    compiled = compile_profile(profile())
    return tuple(find_opportunities(compiled, market, FIRST_MS, END_MS, spread_bps) for market in markets())


def replayed(settings: ReplaySettings) -> Ledger:
    spread_bps = float(settings.spread_bps(markets()[0].contract.turnover_24h))
    request = ReplayRequest(
        profile=profile(),
        markets=markets(),
        first_ms=FIRST_MS,
        last_ms=END_MS,
        settings=settings,
        capabilities=CAPABILITIES,
        version="test",
    )
    return replay(request, opportunities(spread_bps))


def what_came_of(ledger: Ledger) -> str:
    return repr((ledger.ready, ledger.trades, ledger.equity))


OTHER: dict[str, Any] = {
    "balance_usdt": Decimal(500),
    "delay_minutes": 2,
    "trade_through_ticks": 60,
    "slippage_bps": Decimal(7),
    "spreads": (SpreadStep(Decimal(0), Decimal(3)),),
    "stop_before_target": False,
    "funding_rate": Decimal("0.0003"),
    "funding_hours": 1,
    "fee_factor": Decimal(2),
    "afterwards_minutes": 30,
}


@pytest.mark.parametrize("key", [field.name for field in fields(ReplaySettings)])
def test_changing_an_assumption_alone_changes_what_a_replay_comes_to(key: str) -> None:
    first = what_came_of(replayed(ReplaySettings()))
    assert len(replayed(ReplaySettings()).trades) > 10, "nothing can change where nothing happens"
    assert first != what_came_of(replayed(evolve(ReplaySettings(), **{key: OTHER[key]})))
    assert first == what_came_of(replayed(ReplaySettings())), "what does not repeat itself proves nothing"


def test_an_unknown_key_and_a_value_out_of_bounds_are_refused_with_their_place(tmp_path: Path) -> None:
    copy_shipped_config(tmp_path / "config")
    file = tmp_path / "config" / "app" / "replay.yaml"
    file.write_text("slipage_bps: 5\ndelay_minutes: -1\n")
    with pytest.raises(ConfigError) as refused:
        load_replay(tmp_path / "config")
    assert "replay.yaml:1" in str(refused.value)
    assert "slippage_bps" in str(refused.value)
    assert "delay_minutes" in str(refused.value)
    found = check_config(tmp_path / "config")
    assert sorted(problem.place.line for problem in found.problems) == [1, 2]


def test_a_folder_without_the_file_has_the_defaults_which_are_those_of_the_file_that_comes_along(
    tmp_path: Path,
) -> None:
    copy_shipped_config(tmp_path / "config")
    assert load_replay(tmp_path / "config") == ReplaySettings()
    (tmp_path / "config" / "app" / "replay.yaml").unlink()
    assert load_replay(tmp_path / "config") == ReplaySettings()
    assert not [one for one in check_config(tmp_path / "config").warnings if "replay" in one.place.file]


def test_what_is_assumed_for_one_replay_stands_over_the_file(tmp_path: Path) -> None:
    copy_shipped_config(tmp_path / "config")
    given = load_replay(tmp_path / "config", ["slippage_bps: 9", "spreads: [{turnover_usdt: 0, bps: 4}]"])
    assert given == evolve(ReplaySettings(), slippage_bps=Decimal(9), spreads=(SpreadStep(Decimal(0), Decimal(4)),))
    assert np.isclose(float(given.spread_bps(Decimal(5))), 4)
    with pytest.raises(ConfigError, match="--assume"):
        load_replay(tmp_path / "config", ["slipage_bps: 9"])
