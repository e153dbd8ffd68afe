"""How far each trade went against one and for one, as a picture that needs no program."""

from __future__ import annotations

from math import floor, log10

from mtf_adapters.reports.markup import Html, element
from mtf_core.replay.ledger import Ledger, ReplayedTrade
from mtf_core.replay.sums import by_close
from mtf_core.words import counted

_WIDE, _HIGH, _LEFT, _BELOW, _EDGE = 720, 420, 52, 44, 14
_ROUND = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 6.0, 8.0, 10.0)
"""Ends of an axis, of which the quarters are round as well."""
MOST_POINTS = 3_000


def scatter(ledger: Ledger) -> Html:
    """MAE to the right, MFE upwards, in R, a point for each trade; those beyond an edge lie on it."""
    known = [one for one in by_close(ledger.trades) if one.trade.mfe_r is not None and one.trade.mae_r is not None]
    shown = known[:: max(1, -(-len(known) // MOST_POINTS))]
    if not shown:
        return element("p", "No trade tells how far it went.")
    across, up = (_limit([_of(one)[place] for one in shown]) for place in (0, 1))
    parts = [*_grid(across, up), *(_point(one, across, up) for one in shown)]
    left_out = "" if len(shown) == len(known) else f"; {len(shown)} of {len(known)} trades are drawn"
    told = (
        "Each point is a trade: how far the price went against it (to the right) and for it (upwards), in R. A losing "
        f"trade high up had a gain in hand{left_out}{_beyond(shown, across, up)}."
    )
    picture = element(
        "svg", *parts, viewBox=f"0 0 {_WIDE} {_HIGH}", role="img", aria_label="MAE against MFE in R", class_="scatter"
    )
    return element("figure", picture, element("figcaption", told))


def _beyond(shown: list[ReplayedTrade], across: float, up: float) -> str:
    farther = sum(against > across or gained > up for against, gained in map(_of, shown))
    return f"; at the edge of the picture: {counted(farther, 'trade')} that went farther" if farther else ""


def _of(one: ReplayedTrade) -> tuple[float, float]:
    return abs(float(one.trade.mae_r or 0)), float(one.trade.mfe_r or 0)


def _limit(values: list[float]) -> float:
    """Where the axis ends: a round number clear of nineteen of twenty values. So stopped trades, most of which lie at
    1 R, do not lie on the edge, where those are that went farther."""
    ordered = sorted(values)
    high = 1.1 * max(ordered[-(-95 * len(ordered) // 100) - 1], 0.5)
    step = 10.0 ** floor(log10(high))
    return next(step * part for part in _ROUND if step * part >= high)


def _grid(across: float, up: float) -> list[Html]:
    parts = []
    right, bottom = str(_WIDE - _EDGE), str(_HIGH - _BELOW)
    for part in range(5):
        share = part / 4
        x, y = (f"{value:.1f}" for value in _place(share, share))
        parts.append(element("line", x1=x, x2=x, y1=str(_EDGE), y2=bottom, class_="grid"))
        parts.append(element("line", x1=str(_LEFT), x2=right, y1=y, y2=y, class_="grid"))
        against = f"−{across * share:.3g}" if part else "0"
        parts.append(element("text", against, x=x, y=str(_HIGH - _BELOW + 18), class_="middle"))
        parts.append(element("text", f"{up * share:.3g}", x=str(_LEFT - 8), y=y, dy="4", class_="end"))
    parts.append(element("text", "against it (MAE, R)", x=str(_WIDE // 2), y=str(_HIGH - 6), class_="middle"))
    turned = f"rotate(-90 14 {_HIGH // 2})"
    parts.append(element("text", "for it (MFE, R)", x="14", y=str(_HIGH // 2), transform=turned, class_="middle"))
    return parts


def _place(right: float, up: float) -> tuple[float, float]:
    return _LEFT + right * (_WIDE - _EDGE - _LEFT), _HIGH - _BELOW - up * (_HIGH - _BELOW - _EDGE)


def _point(one: ReplayedTrade, across: float, up: float) -> Html:
    against, gained = _of(one)
    x, y = _place(min(1.0, against / across), min(1.0, gained / up))
    trade = one.trade
    r = "" if trade.r_net is None else f", {trade.r_net:+.2f} R net"
    said = f"{trade.symbol} {trade.side}{r}: {gained:+.2f} R for it, {-against:+.2f} R against it"
    style = "gain" if trade.net_usdt > 0 else "loss" if trade.net_usdt < 0 else "even"
    return element("circle", element("title", said), cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5", class_=style)
