"""Every path with its method, who may call it, how often, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from mtf_adapters.sandbox.faces.okx import accounts, algo_orders, candles, changing, placing, public, queries
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.limits import Limit, Per
from mtf_adapters.sandbox.faces.okx.rows import Row

PREFIX = "/api/v5/"

Handler = Callable[[Desk], Sequence[Any]]
RowHandler = Callable[[Desk], Row]


@frozen
class Endpoint:
    """A call that answers with data or with a refusal of its own."""

    method: str
    path: str
    is_signed: bool
    limit: Limit | None
    """None: not known, so none."""
    handle: Handler

    @property
    def name(self) -> str:
        """What faults call it: the last part of its path, behind `GET` where a POST has the same."""
        last = self.path.rpartition("/")[2]
        return f"GET {last}" if self.method == "GET" and last in _POSTED else last

    @property
    def writes(self) -> bool:
        return self.method == "POST"

    @property
    def is_of_account(self) -> bool:
        """Whether it reads what an account holds."""
        return self.is_signed and not self.writes


@frozen
class TradeEndpoint:
    """A call whose every row is taken or refused by itself."""

    path: str
    limit: Limit
    act: RowHandler
    refused: RowHandler
    """What the row of a refusal shows beside its code."""
    most_rows: int | None = None
    """None: its body is one row, no array."""
    places: bool = False
    """Whether its rows count against what an account may place and amend."""

    method = "POST"
    is_signed = True
    writes = True
    is_of_account = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


_POSTED = frozenset({"order", "order-algo"})


def _public(path: str, requests: int, handle: Handler, per: Per = Per.IP, window_s: float = 2) -> Endpoint:
    return Endpoint("GET", PREFIX + path, False, Limit(per, requests, window_s), handle)


def _read(path: str, requests: int, handle: Handler, per: Per = Per.USER, window_s: float = 2) -> Endpoint:
    return Endpoint("GET", PREFIX + path, True, Limit(per, requests, window_s), handle)


def _write(path: str, requests: int, handle: Handler, per: Per = Per.USER, window_s: float = 2) -> Endpoint:
    return Endpoint("POST", PREFIX + path, True, Limit(per, requests, window_s), handle)


def _trade(
    path: str,
    requests: int,
    act: RowHandler,
    refused: RowHandler,
    most_rows: int | None = None,
    *,
    places: bool = False,
) -> TradeEndpoint:
    limit = Limit(Per.USER_AND_CONTRACT, requests)
    return TradeEndpoint(PREFIX + path, limit, act, refused, most_rows, places)


_ALL: tuple[Endpoint | TradeEndpoint, ...] = (
    _public("public/time", 10, public.server_time),
    _public("public/instruments", 20, public.instruments, Per.IP_AND_CONTRACT),
    _public("public/position-tiers", 10, public.position_tiers),
    _public("public/mark-price", 10, public.mark_price, Per.IP_AND_CONTRACT),
    _public("public/funding-rate", 10, public.funding_rate, Per.IP_AND_CONTRACT),
    _public("public/funding-rate-history", 10, public.funding_rate_history, Per.IP_AND_CONTRACT),
    _public("public/price-limit", 20, public.price_limit),
    _public("market/candles", 40, candles.candles),
    _public("market/history-candles", 20, candles.history_candles),
    _public("market/mark-price-candles", 20, candles.mark_price_candles),
    _public("market/ticker", 20, public.ticker),
    _public("market/tickers", 20, public.tickers),
    _public("market/books", 40, public.books),
    _public("system/status", 1, public.system_status, window_s=5),
    _read("asset/currencies", 12, public.nothing),
    _read("account/config", 5, accounts.config),
    _read("account/instruments", 20, public.instruments, Per.USER_AND_CONTRACT),
    _read("account/balance", 10, accounts.balance),
    _read("account/positions", 10, accounts.positions),
    _read("account/leverage-info", 20, accounts.leverage_info),
    _read("account/max-size", 20, accounts.max_size),
    _read("account/trade-fee", 5, accounts.trade_fee),
    _read("account/bills", 10, accounts.bills),
    _write("account/set-position-mode", 5, accounts.set_position_mode),
    _write("account/set-leverage", 20, accounts.set_leverage),
    _read("trade/account-rate-limit", 1, accounts.rate_limit, window_s=1),
    _read("trade/order", 60, queries.order, Per.USER_AND_CONTRACT),
    _read("trade/orders-pending", 60, queries.orders_pending),
    _read("trade/orders-history", 40, queries.orders_history),
    _read("trade/orders-history-archive", 20, queries.orders_history_archive),
    _read("trade/fills", 60, queries.fills),
    _read("trade/fills-history", 10, queries.fills_history),
    _read("trade/order-algo", 20, queries.algo),
    _read("trade/orders-algo-pending", 20, queries.algos_pending),
    _read("trade/orders-algo-history", 20, queries.algos_history),
    _trade("trade/order", 60, placing.place_order, placing.refused_order, places=True),
    _trade("trade/batch-orders", 300, placing.place_order, placing.refused_order, 20, places=True),
    _trade("trade/cancel-order", 60, changing.cancel_order, changing.refused_change),
    _trade("trade/cancel-batch-orders", 300, changing.cancel_order, changing.refused_change, 20),
    _trade("trade/amend-order", 60, changing.amend_order, changing.refused_change, places=True),
    _trade("trade/amend-batch-orders", 300, changing.amend_order, changing.refused_change, 20, places=True),
    _trade("trade/order-algo", 20, algo_orders.place_algo, algo_orders.refused_algo),
    _trade("trade/amend-algos", 20, algo_orders.amend_algo, algo_orders.refused_algo),
    _trade("trade/cancel-algos", 20, algo_orders.cancel_algo, algo_orders.refused_algo, 10),
    _write("trade/close-position", 20, changing.close_position, Per.USER_AND_CONTRACT),
    _write("trade/cancel-all-after", 1, changing.cancel_all_after, window_s=1),
)

ENDPOINTS: Mapping[tuple[str, str], Endpoint | TradeEndpoint] = {(each.method, each.path): each for each in _ALL}
"""By method and path; what is not here answers 404."""
