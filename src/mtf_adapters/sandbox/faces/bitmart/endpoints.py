"""Every path with its method, who may call it, how often, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart import accounts, changing, placing, public, queries
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.limits import Limit, Per


class Auth(StrEnum):
    """What a call has to bring."""

    NONE = "none"
    KEYED = "keyed"
    """The key alone; a signature is not looked at."""
    SIGNED = "signed"


Handler = Callable[[Desk], Any]


@frozen
class Endpoint:
    method: str
    path: str
    auth: Auth
    limit: Limit | None
    """None: not known, so none."""
    handle: Handler

    @property
    def name(self) -> str:
        """What faults and limits call it: the last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def writes(self) -> bool:
        return self.method == "POST"

    @property
    def is_of_account(self) -> bool:
        """Whether it reads what an account holds."""
        return self.auth is Auth.KEYED


_SYSTEM, _PUBLIC, _PRIVATE = "/system/", "/contract/public/", "/contract/private/"


def _public(name: str, requests: int, handle: Handler) -> Endpoint:
    return Endpoint("GET", _PUBLIC + name, Auth.NONE, Limit(Per.IP, requests), handle)


def _read(name: str, requests: int | None, handle: Handler) -> Endpoint:
    limit = None if requests is None else Limit(Per.KEY, requests)
    return Endpoint("GET", _PRIVATE + name, Auth.KEYED, limit, handle)


def _write(name: str, per: Per, requests: int | None, handle: Handler) -> Endpoint:
    limit = None if requests is None else Limit(per, requests)
    return Endpoint("POST", _PRIVATE + name, Auth.SIGNED, limit, handle)


_ALL = (
    Endpoint("GET", _SYSTEM + "time", Auth.NONE, Limit(Per.IP, 10, window_s=1), public.server_time),
    Endpoint("GET", _SYSTEM + "service", Auth.NONE, Limit(Per.IP, 10, window_s=1), public.service_status),
    _public("details", 12, public.details),
    _public("depth", 12, public.depth),
    _public("market-trade", 12, public.market_trade),
    _public("kline", 12, public.kline),
    _public("markprice-kline", 12, public.markprice_kline),
    _public("funding-rate", 12, public.funding_rate),
    _public("funding-rate-v2", 12, public.funding_rate_v2),
    _public("funding-rate-history", 12, public.funding_rate_history),
    _public("leverage-bracket", 12, public.leverage_bracket),
    _public("open-interest", 2, public.open_interest),
    _read("order", 50, queries.order),
    _read("get-open-orders", 50, queries.open_orders),
    _read("current-plan-order", 50, queries.plan_orders),
    _read("order-history", 6, queries.order_history),
    _read("trades", 6, queries.trades),
    _read("position", 6, accounts.positions),
    _read("position-v2", 6, accounts.positions_v2),
    _read("position-risk", 24, accounts.position_risk),
    _read("assets-detail", 12, accounts.assets_detail),
    _read("transaction-history", 6, accounts.transaction_history),
    _read("trade-fee-rate", 2, accounts.trade_fee_rate),
    _read("get-position-mode", 2, accounts.get_position_mode),
    _read("auto_repayment", None, accounts.nothing_listed),
    _read("cross_collateral/interest_log", None, accounts.nothing_listed),
    _write("submit-order", Per.KEY, 24, placing.submit_order),
    _write("cancel-order", Per.KEY, 40, changing.cancel_order),
    _write("cancel-orders", Per.KEY, 2, changing.cancel_orders),
    _write("submit-leverage", Per.KEY, 24, accounts.submit_leverage),
    _write("set-position-mode", Per.KEY, 2, accounts.set_position_mode),
    _write("submit-plan-order", Per.UID, 24, placing.submit_plan_order),
    _write("submit-tp-sl-order", Per.UID, 24, placing.submit_tp_sl_order),
    _write("submit-trail-order", Per.UID, 24, placing.submit_trail_order),
    _write("modify-limit-order", Per.UID, 24, changing.modify_limit_order),
    _write("modify-plan-order", Per.UID, 24, changing.modify_plan_order),
    _write("modify-tp-sl-order", Per.UID, 24, changing.modify_tp_sl_order),
    _write("modify-preset-plan-order", Per.UID, 24, changing.modify_preset_plan_order),
    _write("cancel-plan-order", Per.UID, 40, changing.cancel_plan_order),
    _write("cancel-trail-order", Per.UID, 24, changing.cancel_trail_order),
    _write("cancel-all-after", Per.UID, 4, changing.cancel_all_after),
    _write("close-all-position", Per.UID, None, accounts.close_all_position),
    _write("account/v1/transfer", Per.UID, None, accounts.transfer),
    _write("claim", Per.UID, None, accounts.claim),
    Endpoint("POST", "/account/v1/transfer-contract", Auth.SIGNED, Limit(Per.UID, 1), accounts.transfer),
    Endpoint("POST", "/account/v1/transfer-contract-list", Auth.SIGNED, Limit(Per.UID, 1), accounts.transfer_list),
    Endpoint("GET", "/account/v1/currencies", Auth.NONE, None, public.no_currencies),
    Endpoint("GET", "/spot/v1/symbols/details", Auth.NONE, None, public.no_spot_symbols),
)

ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {(each.method, each.path): each for each in _ALL}
"""By method and path; what is not here answers 404 with 30000."""
