"""The JSON document of a replay's report. Its names are a contract: they may be added to, never changed.

Money, prices and sizes are texts with every digit, R and ratios numbers, times instants in UTC. Costs (`fees_usdt`,
`funding_usdt`) are positive where they were paid: net = gross - fees - funding. `_pct` here is a percent, 0 to 100.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mtf_core.market import DAY_MS, format_instant
from mtf_core.replay.assumed import ALWAYS, assumptions_of
from mtf_core.replay.curve import thinned
from mtf_core.replay.groups import Group, Month
from mtf_core.replay.honesty import Concentration, Honesty
from mtf_core.replay.ledger import Ledger, ReplayedTrade
from mtf_core.replay.outcomes import Missed, ReadyOutcomes, Waiting
from mtf_core.replay.sums import FEWEST_TRADES, TOO_FEW, Sums, by_close

if TYPE_CHECKING:
    from mtf_core.replay.report import Report

MOST_POINTS = 2_000
"""Of the equity curve in the document; all of them are in the figures."""


def document_of(report: Report) -> dict[str, Any]:
    """The whole document, as JSON types."""
    ledger, figures = report.ledger, report.figures
    return {
        "replay": _head(ledger),
        "honesty": _honesty(report.honesty),
        "summary": _summary(report),
        "assumptions": _assumptions(ledger),
        "ready": _ready(figures.ready),
        "contexts": _contexts(figures.waiting),
        "months": [_month(one) for one in figures.months],
        "groups": {str(by): [_group(one) for one in rows] for by, rows in figures.groups.items()},
        "buy_and_hold": _hold(report),
        "equity": _equity(report),
        "checks": [
            {"what": one.what, "holds": one.holds, "difference_usdt": money(one.difference), "why": one.why}
            for one in report.checks
        ],
        "remarks": list(ledger.remarks),
        "reasons": dict(ledger.reasons),
        "trades": [trade_to_json(one) for one in by_close(ledger.trades)],
        "trade_details": [trade_details(one) for one in by_close(ledger.trades)],
    }


def trade_to_json(one: ReplayedTrade) -> dict[str, Any]:
    """One trade, under exactly the names of the contract.

    `mfe_r` is 0 or above, `mae_r` 0 or below, from the first fill to the last exit.
    """
    trade = one.trade
    return {
        "symbol": trade.symbol,
        "side": str(trade.side),
        "decision_key": trade.decision_key,
        "decided_at": format_instant(one.decided_ms),
        "entry_at": _instant(trade.opened_ms),
        "exit_at": format_instant(trade.closed_ms),
        "entry_price": money(trade.entry_price),
        "exit_price": money(trade.exit_price),
        "size": money(trade.size),
        "contract_size": money(trade.contract_size),
        "gross_usdt": money(trade.gross_usdt),
        "fees_usdt": money(trade.fees_usdt),
        "funding_usdt": money(trade.funding_usdt),
        "net_usdt": money(trade.net_usdt),
        "r_gross": _number(trade.r_gross),
        "r_net": _number(trade.r_net),
        "mfe_r": _number(trade.mfe_r),
        "mae_r": _number(trade.mae_r),
        "exit_reason": None if trade.exit_reason is None else str(trade.exit_reason),
    }


def trade_details(one: ReplayedTrade) -> dict[str, Any]:
    """What else there is to say of a trade."""
    trade = one.trade
    return {
        "decision_key": trade.decision_key,
        "timeframe": str(trade.execution_timeframe),
        "planned_entry": money(trade.planned_entry),
        "planned_stop": money(trade.planned_stop),
        "slippage_usdt": money(one.slippage_usdt),
        "holding_seconds": None if trade.holding_ms is None else trade.holding_ms / 1000,
        "trend": str(one.regime.trend),
        "volatility": str(one.regime.volatility),
    }


def _head(ledger: Ledger) -> dict[str, Any]:
    return {
        "profile": ledger.profile,
        "profile_digest": ledger.profile_digest,
        "version": ledger.version,
        "from": format_instant(ledger.first_ms),
        "to": format_instant(ledger.last_ms),
        "decisions": ledger.minutes,
        "markets": [
            {
                "symbol": one.symbol,
                "candles": len(one.candles),
                "digest": one.digest,
                "origin": one.origin,
                "contract_is_guessed": one.contract_is_guessed,
            }
            for one in ledger.markets
        ],
    }


def _honesty(honesty: Honesty) -> dict[str, Any]:
    luck = honesty.deflated_sharpe
    return {
        "trades": honesty.trades,
        "too_few": honesty.too_few,
        "fewest_trades": FEWEST_TRADES,
        "configurations": honesty.trials,
        "deflated_sharpe": None if luck is None else luck.probability,
        "sharpe_of_luck_daily": None if luck is None else luck.expected_best,
        "days": None if luck is None else luck.days,
        "best_trade": _concentration(honesty.best_trade),
        "best_symbol": _concentration(honesty.best_symbol),
        "best_week": _concentration(honesty.best_week),
        "liquidations": honesty.liquidations,
        "guessed_contracts": list(honesty.guessed_contracts),
        "warnings": list(honesty.warnings),
    }


def _concentration(one: Concentration | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"name": one.name, "net_usdt": money(one.net_usdt), "among": one.among, "share": one.share}


def _summary(report: Report) -> dict[str, Any]:
    figures = report.figures
    sums, drawdown, exposure, sharpe = figures.sums, figures.drawdown, figures.exposure, figures.sharpe
    expected, won = figures.expectancy_interval, figures.win_interval
    return {
        **_sums(sums),
        "expectancy_r_low": None if expected is None else expected.low,
        "expectancy_r_high": None if expected is None else expected.high,
        "win_rate_low": None if won is None else won.low,
        "win_rate_high": None if won is None else won.high,
        "cost_share_of_gross": sums.cost_share,
        "balance_usdt": money(report.ledger.settings.balance_usdt),
        "open_usdt": money(report.ledger.open_usdt),
        "return_pct": 100 * figures.returned,
        "max_drawdown_pct": 100 * drawdown.depth,
        "max_drawdown_from": format_instant(drawdown.from_ms),
        "max_drawdown_bottom": format_instant(drawdown.bottom_ms),
        "longest_drawdown_days": drawdown.longest_ms / DAY_MS,
        "sharpe_daily": None if sharpe is None else sharpe.ratio,
        "sharpe_annual": None if sharpe is None else sharpe.annual,
        "time_in_market_pct": 100 * exposure.time_share,
        "mean_notional_usdt": f"{exposure.mean_notional:.2f}",
        "mean_notional_open_usdt": f"{exposure.mean_notional_open:.2f}",
        "longest_streak_won": figures.streaks.longest_won,
        "longest_streak_lost": figures.streaks.longest_lost,
        "buy_and_hold_pct": None if figures.hold is None else 100 * figures.hold.returned,
    }


def _sums(sums: Sums) -> dict[str, Any]:
    """What the summary, a group and a month have in common."""
    return {
        "trades": sums.trades,
        "note": TOO_FEW if sums.is_too_few else "",
        "won": sums.won,
        "lost": sums.lost,
        "gross_usdt": money(sums.gross_usdt),
        "fees_usdt": money(sums.fees_usdt),
        "funding_usdt": money(sums.funding_usdt),
        "net_usdt": money(sums.net_usdt),
        "slippage_usdt": money(sums.slippage_usdt),
        "expectancy_r": sums.expectancy_r,
        "expectancy_usdt": money(sums.expectancy_usdt),
        "profit_factor": sums.profit_factor,
        "win_rate": sums.win_rate,
        "mean_holding_seconds": None if sums.mean_holding_ms is None else sums.mean_holding_ms / 1000,
    }


def _group(group: Group) -> dict[str, Any]:
    return {"name": group.name, **_sums(group.sums)}


def _month(month: Month) -> dict[str, Any]:
    return {"month": month.name, "return_pct": 100 * month.returned, **_sums(month.sums)}


def _assumptions(ledger: Ledger) -> dict[str, Any]:
    told = assumptions_of(ledger)
    return {
        **{one.name: one.value for one in told},
        "meanings": {one.name: f"{one.meaning} ({one.unit})" if one.unit else one.meaning for one in told},
        "always": list(ALWAYS),
    }


def _ready(ready: ReadyOutcomes) -> dict[str, Any]:
    return {
        "minutes": ready.minutes,
        "planned": ready.planned,
        "filled": ready.filled,
        "still_open": ready.still_open,
        "refused": dict(ready.refused),
        "not_filled": _missed(ready.not_filled),
        "not_filled_by_ending": {ended: _missed(one) for ended, one in ready.by_ending.items()},
    }


def _missed(missed: Missed) -> dict[str, Any]:
    return {
        "count": missed.count,
        "followed": missed.followed,
        "first": dict(missed.first),
        "median_best_r": missed.best_r,
        "median_worst_r": missed.worst_r,
    }


def _contexts(waiting: Waiting) -> dict[str, Any]:
    return {
        "stretches": waiting.stretches,
        "minutes": waiting.minutes,
        "longest_minutes": waiting.longest_minutes,
        "minutes_by_reason": dict(waiting.by_reason),
        "minutes_by_symbol": dict(waiting.by_symbol),
    }


def _hold(report: Report) -> dict[str, Any] | None:
    hold, balance = report.figures.hold, float(report.ledger.settings.balance_usdt)
    if hold is None:
        return None
    return {
        "return_pct": 100 * hold.returned,
        "return_pct_by_symbol": {symbol: 100 * returned for symbol, returned in hold.by_symbol},
        "worth_usdt": [
            {"at": format_instant(int(at)), "worth_usdt": f"{balance * worth:.2f}"}
            for at, worth in zip(hold.time_ms.tolist(), hold.worth.tolist(), strict=True)
        ],
    }


def _equity(report: Report) -> list[dict[str, Any]]:
    """At most about `MOST_POINTS` points, the best and the worst of each stretch among them."""
    curve = report.figures.curve
    rows = thinned(curve, MOST_POINTS)
    columns: Iterable[tuple[int, float, float, float, float]] = zip(
        curve.time_ms[rows].tolist(),
        curve.equity[rows].tolist(),
        curve.balance[rows].tolist(),
        curve.at_risk[rows].tolist(),
        curve.underwater[rows].tolist(),
        strict=True,
    )
    return [
        {
            "at": format_instant(at),
            "equity_usdt": f"{equity:.4f}",
            "balance_usdt": f"{balance:.4f}",
            "at_risk_usdt": f"{at_risk:.2f}",
            "underwater_pct": round(100 * below, 6),
        }
        for at, equity, balance, at_risk, below in columns
    ]


def money(value: Decimal | None) -> str | None:
    """Every digit, without an exponent and without the zeros behind them."""
    if value is None:
        return None
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_instant(at_ms)
