"""Orders of a comparison as clients read them: live, replay and the difference beside each other, money as text."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from mtf_core.market import format_instant
from mtf_core.orders import Trade
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.comparing.orders import OrderPair
from mtf_core.replay.comparing.totals import Totals

_AMOUNTS = (
    "size",
    "entry_price",
    "exit_price",
    "gross_usdt",
    "fees_usdt",
    "funding_usdt",
    "net_usdt",
    "entry_slippage_usdt",
    "exit_slippage_usdt",
    "r_gross",
    "r_net",
)
_TIMES = ("opened_ms", "closed_ms")


def totals_to_json(totals: Totals) -> dict[str, Any]:
    return {
        "compared": totals.keys,
        "equal": totals.equal,
        "not_compared": totals.not_compared,
        "live_sent": totals.live_sent,
        "replay_sent": totals.replay_sent,
        "live_trades": totals.live_trades,
        "replay_trades": totals.replay_trades,
        "both_traded": totals.both_traded,
        "live_net_usdt": f"{totals.live_net:f}",
        "replay_net_usdt": f"{totals.replay_net:f}",
        "difference_usdt": f"{totals.difference:f}",
        "by_cause": {
            str(cause): {"keys": share.keys, "difference_usdt": f"{share.usdt:f}"}
            for cause, share in totals.by_cause.items()
        },
    }


def pair_to_json(pair: OrderPair) -> dict[str, Any]:
    replay = None if pair.replay_trade is None else pair.replay_trade.trade
    return {
        "decision_key": pair.key,
        "symbol": pair.symbol,
        "side": str(pair.side),
        "decided_at": format_instant(pair.decided_ms),
        "cause": None if pair.cause is None else str(pair.cause),
        "why": pair.why,
        "not_compared": pair.not_compared or None,
        "missing_from": _instant(pair.missing_from_ms),
        "live": {
            "fate": str(pair.live.fate),
            "reason": pair.live.reason,
            "on_exchange_at": _instant(pair.live.on_exchange_ms),
            "trade": None if pair.live.trade is None else _trade(pair.live.trade),
        },
        "replay": {
            "fate": "not_ready" if pair.replay is None else str(pair.replay.fate),
            "reason": "" if pair.replay is None else str(pair.replay.reason or pair.replay.ended),
            "trade": None if replay is None else _trade(replay),
        },
        "difference": _difference(pair.live.trade, replay),
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        **{name: _text(getattr(trade, name)) for name in _AMOUNTS},
        **{name.replace("_ms", "_at"): _instant(getattr(trade, name)) for name in _TIMES},
        "exit_reason": None if trade.exit_reason is None else str(trade.exit_reason),
    }


def _difference(live: Trade | None, replay: Trade | None) -> dict[str, Any] | None:
    """Live less replay, of what both have; seconds for times. Without a trade on one side, of the net alone."""
    if live is None and replay is None:
        return None
    if live is None or replay is None:
        net = live.net_usdt if live is not None else -replay.net_usdt if replay is not None else Decimal(0)
        return {"net_usdt": f"{net:f}"}
    found: dict[str, Any] = {name: _text(_less(live, replay, name)) for name in _AMOUNTS}
    for name in _TIMES:
        there, here = getattr(live, name), getattr(replay, name)
        found[name.replace("_ms", "_seconds")] = None if there is None or here is None else (there - here) / 1000
    return found


def _less(live: Trade, replay: Trade, name: str) -> Decimal | None:
    there, here = getattr(live, name), getattr(replay, name)
    if there is None or here is None:
        return None
    with localcontext(PLAN_CONTEXT):
        result: Decimal = there - here
        return result


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_instant(at_ms)
