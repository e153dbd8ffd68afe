"""The source of month.ipynb, cell by cell; `python docs/generate.py --notebook` carries it out and writes it."""

# %% [markdown]
# # A month of decisions
#
# A profile over one month of one symbol: when would it have traded, what stopped it the rest of the time, why at one
# instant, and with which order. It needs no account, no network, no database and no file: the sandbox makes the
# candles out of a seed. With files of your own, `mtf.Candles.read_csv("btc-1m.csv.gz")` takes their place.

# %%
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mtf_core as mtf
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Side, Timeframe, parse_instant, to_ms

pd.set_option("display.max_colwidth", None, "display.max_columns", 20, "display.width", 200)

# %% [markdown]
# ## Profile and candles
#
# `regular` asks for a side on 4h and 1h, and enters on 15m, 5m or 1m. Its slowest feature, `ema_200`, needs 661
# candles and some more for looking back: on 4h that is 116 days before the first decision. So each timeframe begins as
# early as it must, and the minutes ten days before the month that we look at. Timeframes that are not given (5m) are
# built from the minutes.

# %%
profile = mtf.load_profile("regular")
symbol = "ETHUSDT"
first, end = (to_ms(parse_instant(text)) for text in ("2026-01-01T00:00Z", "2026-02-01T00:00Z"))
market = GeneratedMarket(seed=2, symbols=12)
days_before = {Timeframe.M1: 10, Timeframe.M15: 10, Timeframe.H1: 35, Timeframe.H4: 116}
candles = {
    timeframe: market.candles(symbol, timeframe, first - days * DAY_MS, end - timeframe.ms, now_ms=end)
    for timeframe, days in days_before.items()
}
list(candles.values())

# %% [markdown]
# ## Deciding at every minute
#
# `decide_over` decides at the close of each minute, from the candles that had closed by then, and gives arrays.

# %%
signals = mtf.decide_over(profile, candles, symbol=symbol)
month = signals.instants_ms > first
frame = pd.DataFrame(
    {
        "close": candles[Timeframe.M1].close[month],
        "reason": [str(signals.reason(i) or "READY") for i in np.flatnonzero(month)],
        "side": [str(signals.side(i) or "") for i in np.flatnonzero(month)],
    },
    index=pd.to_datetime(signals.instants_ms[month], unit="ms", utc=True),
)
frame["reason"].value_counts().to_frame("minutes")

# %% [markdown]
# ## Price, decisions, reasons
#
# Above, the price with the minutes at which the profile was READY. Below, for every six hours, the share of minutes
# that ended with each reason. READY comes in runs: while the higher timeframes agree, the lower ones give one
# opportunity after another.

# %%
colours = {
    "READY": "#2a9d5c",
    "no_timeframe_selected": "#9db4c8",
    "pragmatic_context_all_neutral": "#d9dee4",
    "pragmatic_context_side_conflict": "#e9c46a",
    "filters_mandatory_failed": "#c77d5b",
    "both_sides_hold": "#8e6c8a",
    "not_enough_candles": "#5c5c5c",
}
share = frame.groupby([pd.Grouper(freq="6h"), "reason"]).size().unstack(fill_value=0)
share = share.div(share.sum(axis=1), axis=0)
order = [reason for reason in colours if reason in share]

figure, (price, reasons) = plt.subplots(
    2, 1, figsize=(11, 6.5), sharex=True, height_ratios=[3, 2], layout="constrained"
)
price.plot(frame.index, frame["close"], color="#44546a", linewidth=0.8, zorder=1)
for side, colour, marker in ((Side.LONG, "#2a9d5c", "^"), (Side.SHORT, "#c0392b", "v")):
    ready = frame[(frame["reason"] == "READY") & (frame["side"] == side)]
    label = f"{side}: {len(ready)} minutes"
    price.scatter(ready.index, ready["close"], s=9, color=colour, marker=marker, linewidths=0, label=label, zorder=2)
price.set_ylabel("price in USDT")
price.set_title(f"{symbol}, profile {profile.name}: READY minutes by side", loc="left", fontsize=11)
price.legend(loc="upper right", frameon=False, markerscale=2.5)

base = np.zeros(len(share))
for reason in order:
    reasons.bar(share.index, share[reason], width=0.25, align="edge", bottom=base, color=colours[reason], label=reason)
    base += share[reason].to_numpy()
reasons.set_ylim(0, 1)
reasons.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
reasons.set_ylabel("share of minutes")
reasons.xaxis.set_major_locator(mdates.DayLocator(interval=3))
reasons.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
reasons.set_xlim(frame.index[0], frame.index[-1])
reasons.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False, fontsize=9)
for panel in (price, reasons):
    panel.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## From decisions to orders
#
# A plan needs facts that candles do not hold: the contract, the book, the mark price, the balance. `venue_facts`
# shows what the sandbox would have at an instant. The outcome is an `OrderPlan`, or a `Skip` with a reason: often the
# price has left the entry zone when the rules agree. Here, every tenth READY minute of the month:


# %%
def decided(at: int):
    """The decision at an instant (ms), from all candles closed by then, as in the arrays."""
    return mtf.decide(profile, symbol=symbol, candles=candles, at=at, history="all")


def planned(at: int) -> mtf.OrderPlan | mtf.Skip:
    facts = mtf.venue_facts(symbol, candles[Timeframe.M1], at)
    return mtf.plan_order(
        profile, decided(at), contract=facts.contract, book=facts.book, mark=facts.mark, balance=facts.balance
    )


instants = [int(at) for at in signals.instants_ms[month & signals.ready][::10]]
outcomes = {at: planned(at) for at in instants}
orders = [at for at, outcome in outcomes.items() if isinstance(outcome, mtf.OrderPlan)]
pd.Series(
    ["order" if isinstance(outcome, mtf.OrderPlan) else str(outcome.reason) for outcome in outcomes.values()]
).value_counts().to_frame("minutes")

# %% [markdown]
# ## One of them: why
#
# A decision shows itself: the verdict, and each timeframe with its trees to unfold. Every line has the numbers that
# were compared; an arrow marks what decides.

# %%
decided(orders[-1])

# %% [markdown]
# ## And its order
#
# Prices and sizes are exact decimals on the contract's grid.

# %%
plan = mtf.plan_to_json(outcomes[orders[-1]])
names = ["side", "order_type", "entry_price", "stop_price", "size", "leverage", "margin_usdt", "loss_at_stop_usdt"]
pd.Series({name: plan[name] for name in names}).to_frame("plan")

# %% [markdown]
# Every number of it, step by step:

# %%
pd.DataFrame(plan["steps"])[["name", "value", "unit", "formula"]].fillna("")
