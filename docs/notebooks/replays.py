"""The source of replays.ipynb, cell by cell; `python docs/generate.py --notebook` carries it out and writes it."""

# %% [markdown]
# # From a file of candles to a report
#
# What would a profile have made of a month of one symbol, and of thirty symbols together? The month is replayed here,
# from a file as traders have it. The thirty symbols took longer: they were replayed once, and what came out is stored
# beside this notebook; the last cell replays their first days again and compares. All candles are generated, so that
# everything here can be done again without an account, a network or a download. **They say nothing about a real
# market.**

# %%
import gzip
import json
import tempfile
from pathlib import Path

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mtf_core as mtf
from mtf_adapters.files.candle_csv import write_candles_csv
from mtf_adapters.files.candle_table import ReadOptions
from mtf_adapters.files.profiles import load_replay
from mtf_adapters.reports.writing import write_report
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, MINUTE_MS, Timeframe, format_instant, parse_instant, to_ms
from mtf_core.replay.report import ledger_report
from mtf_entrypoints.recorded import CandleMarket, FileMarket
from mtf_entrypoints.replays import ReplayPlan, capabilities_of, perform_replay

GAIN, LOSS, LINE = "#2a9d5c", "#c0392b", "#44546a"

# %% [markdown]
# ## A file
#
# Thirty-five days of minutes of one symbol: a month, and some days before it from which the features begin. Write
# your own file in its place, of Binance, Bybit, OKX, freqtrade or plain CSV: it is read as it is.

# %%
first, end = (to_ms(parse_instant(text)) for text in ("2026-01-01T00:00Z", "2026-02-01T00:00Z"))
folder = Path(tempfile.mkdtemp())
file = folder / "SOLUSDT-1m.csv.gz"
candles = GeneratedMarket(seed=1, symbols=12).candles("SOLUSDT", Timeframe.M1, first - 4 * DAY_MS, end - MINUTE_MS, end)
write_candles_csv(file, candles)
pd.read_csv(file, nrows=3)

# %% [markdown]
# ## Replay
#
# The same rules, plans, guards and supervisor as in live trading; only the exchange is a model. On the command line:
#
# ```sh
# mtf replay --candles SOLUSDT=SOLUSDT-1m.csv.gz --profile scalper_micro --from 2026-01-01T00:00Z --out january
# ```
#
# A report shows itself: first what speaks against it, then the figures that count.


# %%
def replayed(sources, first_ms, last_ms=None):
    """The report of these markets, with what is assumed as shipped."""
    plan = ReplayPlan(
        profile=mtf.load_profile("scalper_micro"),
        sources=tuple(sources),
        settings=load_replay(),
        capabilities=capabilities_of("sandbox"),
        first_ms=first_ms,
        last_ms=last_ms,
        jobs=1,
    )
    return ledger_report(perform_replay(plan))


month = replayed([FileMarket("SOLUSDT", file, ReadOptions())], first)
month

# %% [markdown]
# ## What happened
#
# Above, the price with every trade, from its entry to its exit. In the middle the account; below, how far equity lies
# under its best.


# %%
def times(ms):
    return pd.to_datetime(np.asarray(ms), unit="ms", utc=True)


def held_instead(percent):
    """Buy and hold risks the whole balance all the time, so it is no curve for the same axis."""
    return f"the same money in buy and hold: {percent:+.2f} %, all of it at risk all the time"


def account(figures, equity, underwater):
    """Equity and the drawdown, on two axes."""
    curve = figures.curve
    equity.step(times(curve.time_ms), curve.equity, where="post", color=LINE, linewidth=1.2)
    equity.set_ylabel("equity in USDT")
    equity.set_title(held_instead(100 * figures.hold.returned), loc="left", fontsize=9)
    underwater.fill_between(
        times(curve.time_ms), 100 * curve.underwater, step="post", color=LOSS, alpha=0.35, linewidth=0
    )
    underwater.set_ylabel("under its best, %")


def tidy(*panels):
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))


figure, (price, equity, underwater) = plt.subplots(
    3, 1, figsize=(11, 8.5), sharex=True, height_ratios=[4, 3, 1.5], layout="constrained"
)
shown = candles.between(first, end)
price.plot(times(shown.open_ms), shown.close, color=LINE, linewidth=0.5, alpha=0.7, zorder=1)
for won, colour in ((True, GAIN), (False, LOSS)):
    trades = [one.trade for one in month.ledger.trades if (one.trade.net_usdt > 0) == won]
    for trade in trades:
        ends = times([trade.opened_ms, trade.closed_ms])
        price.plot(ends, [float(trade.entry_price), float(trade.exit_price)], color=colour, linewidth=1.5, zorder=2)
    for side, marker in (("long", "^"), ("short", "v")):
        own = [trade for trade in trades if str(trade.side) == side]
        label = f"{side}, {'won' if won else 'lost'}: {len(own)}"
        entries = [float(trade.entry_price) for trade in own]
        price.scatter(
            times([t.opened_ms for t in own]), entries, s=26, color=colour, marker=marker, label=label, zorder=3
        )
price.set_ylabel("price in USDT")
price.set_title("SOLUSDT (generated), scalper_micro: trades", loc="left", fontsize=11)
price.legend(loc="lower left", frameon=False, ncols=2)
account(month.figures, equity, underwater)
tidy(price, equity, underwater)

# %% [markdown]
# The trades, and what became of everything that was READY and was not traded:

# %%
pd.DataFrame(
    {
        "entered": format_instant(one.trade.opened_ms)[5:16].replace("T", " "),
        "side": str(one.trade.side),
        "entry": str(one.trade.entry_price),
        "exit": str(one.trade.exit_price),
        "net USDT": f"{one.trade.net_usdt:+.2f}",
        "net R": f"{one.trade.r_net:+.2f}",
        "MFE R": f"{one.trade.mfe_r:.2f}",
        "MAE R": f"{one.trade.mae_r:.2f}",
        "left by": str(one.trade.exit_reason),
    }
    for one in month.ledger.trades
)

# %%
pd.Series([str(row.reason or row.ended or row.fate) for row in month.ledger.ready]).value_counts().to_frame("minutes")

# %% [markdown]
# ## What one assumption does
#
# A candle does not say in which order its prices came, and no book is recorded. What is assumed instead is as bad for
# you as is still likely, and every value stands in the report. What the costs alone take:

# %%
sums = month.figures.sums
pd.Series(
    {
        "gross profit": sums.gross_usdt,
        "of it lost to slippage": -sums.slippage_usdt,
        "fees": -sums.fees_usdt,
        "funding": -sums.funding_usdt,
        "net profit": sums.net_usdt,
    }
).map("{:+.2f}".format).to_frame("USDT")

# %% [markdown]
# ## The report as files
#
# What `--out` writes: one page that needs no network (open `report.html` in a browser), the same as a document, and
# tables.

# %%
written = write_report(month, folder / "january")
sorted(path.name for path in written.paths)

# %% [markdown]
# ## Thirty symbols
#
# They share one account: its balance, its positions at a time, its daily loss. This took longer than a notebook
# should, so it is not done here: it was done once, by the command that stands first, and what it printed and a part
# of its document are stored in `thirty-symbols.json.gz`. `python docs/generate.py --thirty DAYS` makes the candles,
# runs the command and stores it anew; 365 days are a year.

# %%
here = next(path for path in (Path("docs/notebooks"), Path()) if (path / "thirty-symbols.json.gz").exists())
stored = json.loads(gzip.decompress((here / "thirty-symbols.json.gz").read_bytes()))
print("$", stored["command"])
print(stored["screen"])
print(stored["took"])

# %%
told = pd.DataFrame(stored["equity"])
figure, (equity, underwater) = plt.subplots(
    2, 1, figsize=(11, 5), sharex=True, height_ratios=[3, 1.5], layout="constrained"
)
at = pd.to_datetime(told["at"], format="ISO8601")
equity.step(at, told["equity_usdt"].astype(float), where="post", color=LINE, linewidth=1.2)
equity.set_ylabel("equity in USDT")
equity.set_title(held_instead(stored["buy_and_hold_pct"]), loc="left", fontsize=9)
figure.suptitle("Thirty generated symbols on one account, scalper_micro", x=0.01, ha="left", fontsize=11)
underwater.fill_between(at, told["underwater_pct"], step="post", color=LOSS, alpha=0.35, linewidth=0)
underwater.set_ylabel("under its best, %")
tidy(equity, underwater)

# %% [markdown]
# Where the money went: each symbol, and each hour of the entry. With so few trades in a bar, which is high and which
# is low is mostly luck; the best bars are no rule to trade by.

# %%
trades = pd.DataFrame(stored["trades"])
trades["net"] = trades["net_usdt"].astype(float)
trades["hour"] = pd.to_datetime(trades["entry_at"], format="ISO8601").dt.hour
figure, panels = plt.subplots(1, 2, figsize=(11, 6), width_ratios=[1, 1], layout="constrained")
for panel, by in zip(panels, ("symbol", "hour"), strict=True):
    net = trades.groupby(by)["net"].agg(["sum", "size"])
    net = net.sort_values("sum") if by == "symbol" else net.sort_index(ascending=False)
    names = [f"{name} ({count})" for name, count in zip(net.index, net["size"], strict=True)]
    panel.barh(names, net["sum"], color=np.where(net["sum"] > 0, GAIN, LOSS))
    panel.set_title(f"net USDT by {by} (trades)", loc="left", fontsize=11)
    panel.tick_params(axis="y", labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## Is what is stored still true?
#
# No row of a replay depends on what comes after it. So the first three days, replayed here and now, have to give the
# first trades of the whole, to the last digit. Where mtf decides or trades otherwise by now, they do not, and the
# stored replay is stale: a test of mtf looks at this cell.

# %%
begin, listed_at = (to_ms(parse_instant(stored[name])) for name in ("from", "contracts_of"))
market = GeneratedMarket(stored["seed"], stored["listed"])
contracts = {one.symbol: one for one in market.contracts(listed_at)}
cut = begin + 3 * DAY_MS
sources = [
    CandleMarket(symbol, market.candles(symbol, Timeframe.M1, begin, cut - MINUTE_MS, cut), contract=contracts[symbol])
    for symbol in stored["symbols"]
]
again = [trade for trade in replayed(sources, None).to_json()["trades"] if trade["exit_at"] < format_instant(cut)]
names = list(stored["trades"][0])
first_stored = [trade for trade in stored["trades"] if trade["exit_at"] < format_instant(cut)]
[{name: trade[name] for name in names} for trade in again] == first_stored, len(first_stored)
