"""Small worlds for searches: prices that wander without any edge, prices with one, a profile that trades them often."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.files.config_dir import shipped_config_dir
from mtf_core.market import MINUTE_MS, Candles, Timeframe, parse_instant, to_ms

START_MS = to_ms(parse_instant("2026-01-05T00:00Z"))
"""A Monday."""
_MOVE = 0.0006
"""Of the price in a minute."""
_STEPS = 4
"""Within a minute, so that highs and lows lie beyond opens and closes."""
TREND = 0.0001
"""Of the price in a minute, where there is an edge: enough for the profile below to live on after its costs."""

RULES = """
mode: pragmatic
context_timeframes: [5m]
execution_timeframes: [1m]
validation:
  timeframe:
    5m:
      long: [ema_20_gt_50]
      short: [ema_20_lt_50]
    1m:
      long: [rsi_cross_up: 50]
      short: [rsi_cross_down: 50]
"""
TRADE_ENTRY = """
defaults: {order_type: market, risk_pct_percent: 2, initial_margin_usdt: 500, r_multiple: 1.5, atr_k: 3,
  tp_policy: r_multiple, market_max_spread_pct: 0.01, max_deviation_pct: 0.05, implausible_pct: 0.05,
  zone_max_deviation_pct: 0.2}
risk: {max_concurrent_positions: 3, daily_max_loss_percent: 50, daily_max_loss_usdt: 100000}
leverage: {floor: 1, accept: {min: 1}, per_symbol_caps: []}
post_validation: {entry_zone: {k_atr: 1.5, w_max: 0.03}}
"""


def walk(seed: int, days: int, trend: float = 0.0) -> Candles:
    """A geometric random walk; with a trend, one that keeps its direction for half a day to two days."""
    draw = np.random.default_rng(seed)
    minutes = days * 1440
    steps = draw.normal(0, _MOVE / np.sqrt(_STEPS), (minutes, _STEPS))
    if trend:
        steps += _direction(draw, minutes)[:, None] * trend / _STEPS
    path = np.round(100 * np.exp(np.cumsum(steps.ravel())).reshape(minutes, _STEPS), 2)
    open_ = np.concatenate([[100.0], path[:-1, -1]])
    close = path[:, -1]
    high, low = np.maximum(path.max(axis=1), open_), np.minimum(path.min(axis=1), open_)
    times = START_MS + np.arange(minutes) * MINUTE_MS
    return Candles.checked(Timeframe.M1, times, open_, high, low, close, draw.uniform(50, 150, minutes))


def _direction(draw: np.random.Generator, minutes: int) -> np.ndarray:
    signs = np.zeros(minutes)
    at = 0
    while at < minutes:
        length = int(draw.integers(720, 2880))
        signs[at : at + length] = draw.choice([-1.0, 1.0])
        at += length
    return signs


def config_folder(folder: Path, assumed: str = "") -> Path:
    """A configuration whose one profile trades some seven times a day and symbol. `assumed`: lines of replay.yaml."""
    shutil.copytree(shipped_config_dir(), folder)
    for path in (folder / "app").glob("*.yaml"):
        if path.name.split(".")[1] in ("scalper", "regular", "crash"):
            path.unlink()
    (folder / "temporal.yaml").unlink()
    (folder / "trading.yaml").write_text("profiles: {scalper_micro: {enabled: true, priority: 1}}\n")
    (folder / "app" / "mtf_validations.scalper_micro.yaml").write_text(RULES)
    (folder / "app" / "trade_entry.scalper_micro.yaml").write_text(TRADE_ENTRY)
    if assumed:
        (folder / "app" / "replay.yaml").write_text(assumed)
    return folder


def candle_file(path: Path, candles: Candles) -> Path:
    """The candles as a CSV."""
    write_candles_csv(path, candles)
    return path


SPACE = """
profile: scalper_micro
data:
  files: {files}
vary:
  trade_entry.defaults.atr_k: [2, 3, 4]
  trade_entry.defaults.r_multiple: {{from: 1, to: 2, step: 0.5}}
  mtf_validations.validation.timeframe.1m.long[0].rsi_cross_up: [48, 50, 55]
method: {{kind: random, trials: {trials}, seed: {seed}}}
windows: {{train_days: 4, test_days: 2, holdout_days: {holdout}, embargo_hours: 2}}
score: {{trades_wanted: 20}}
verdict: {{pbo_blocks: 4, tests_trades_at_least: 10, holdout_trades_at_least: 10, pbo_at_most_pct: {pbo}}}
"""


def space_file(folder: Path, *symbols: str, trials: int = 6, seed: int = 1, pbo: str = "0.2", holdout: int = 3) -> Path:
    """A space over files of candles that lie beside it, `SYMBOL.csv`."""
    files = "{" + ", ".join(f"{symbol}: {symbol}.csv" for symbol in symbols) + "}"
    path = folder / "space.yaml"
    path.write_text(SPACE.format(files=files, trials=trials, seed=seed, pbo=pbo, holdout=holdout))
    return path
