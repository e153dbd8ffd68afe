"""The endpoints that the adapter uses: path, method, who may call them, and the bucket that counts the calls."""

from __future__ import annotations

from attrs import frozen


@frozen
class Endpoint:
    path: str
    """From `/api/v5` on, without a query."""
    method: str
    is_private: bool
    """Whether it is signed."""
    bucket: str
    """Limits are counted per endpoint; buckets are named after the end of the path, and differ."""
    writes: bool = False


def _named(path: str, bucket: str) -> str:
    return bucket or path.rpartition("/")[2]


def _public(path: str) -> Endpoint:
    return Endpoint(f"/api/v5/{path}", "GET", False, _named(path, ""))


def _read(path: str, bucket: str = "") -> Endpoint:
    return Endpoint(f"/api/v5/{path}", "GET", True, _named(path, bucket))


def _write(path: str) -> Endpoint:
    return Endpoint(f"/api/v5/{path}", "POST", True, _named(path, ""), writes=True)


TIME = _public("public/time")
INSTRUMENTS = _public("public/instruments")
POSITION_TIERS = _public("public/position-tiers")
MARK_PRICE = _public("public/mark-price")
CANDLES = _public("market/candles")
HISTORY_CANDLES = _public("market/history-candles")
TICKER = _public("market/ticker")
TICKERS = _public("market/tickers")
STATUS = _public("system/status")

CONFIG = _read("account/config")
BALANCE = _read("account/balance")
POSITIONS = _read("account/positions")
LEVERAGE_INFO = _read("account/leverage-info")
TRADE_FEE = _read("account/trade-fee")
BILLS = _read("account/bills")
BILLS_ARCHIVE = _read("account/bills-archive")
ACCOUNT_RATE_LIMIT = _read("trade/account-rate-limit")

ORDER = _read("trade/order", "get-order")
ORDERS_PENDING = _read("trade/orders-pending")
ORDERS_HISTORY = _read("trade/orders-history")
ORDERS_ARCHIVE = _read("trade/orders-history-archive")
FILLS = _read("trade/fills")
FILLS_HISTORY = _read("trade/fills-history")
ALGO_ORDER = _read("trade/order-algo", "get-order-algo")
ALGOS_PENDING = _read("trade/orders-algo-pending")
ALGO_HISTORY = _read("trade/orders-algo-history")

PLACE_ORDER = _write("trade/order")
AMEND_ORDER = _write("trade/amend-order")
CANCEL_ORDER = _write("trade/cancel-order")
PLACE_ALGO = _write("trade/order-algo")
AMEND_ALGOS = _write("trade/amend-algos")
CANCEL_ALGOS = _write("trade/cancel-algos")
CANCEL_ALL_AFTER = _write("trade/cancel-all-after")
SET_LEVERAGE = _write("account/set-leverage")
SET_POSITION_MODE = _write("account/set-position-mode")
