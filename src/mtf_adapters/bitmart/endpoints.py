"""The endpoints that the adapter uses: path, method, who may call them, and the bucket that counts the calls."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Auth(StrEnum):
    """What a request has to prove (sheet §1.2)."""

    NONE = "none"
    KEYED = "keyed"
    """Only the key; every private GET."""
    SIGNED = "signed"
    """Key, time and signature; every POST."""


@frozen
class Endpoint:
    path: str
    auth: Auth

    @property
    def bucket(self) -> str:
        """Limits are counted per endpoint; buckets are named after the end of the path."""
        return self.path.rpartition("/")[2]


def _public(name: str) -> Endpoint:
    return Endpoint(f"/contract/public/{name}", Auth.NONE)


def _read(name: str) -> Endpoint:
    return Endpoint(f"/contract/private/{name}", Auth.KEYED)


def _write(name: str) -> Endpoint:
    return Endpoint(f"/contract/private/{name}", Auth.SIGNED)


TIME = Endpoint("/system/time", Auth.NONE)

DETAILS = _public("details")
LEVERAGE_BRACKET = _public("leverage-bracket")
DEPTH = _public("depth")
KLINE = _public("kline")
MARK_KLINE = _public("markprice-kline")

ASSETS = _read("assets-detail")
POSITIONS = _read("position-v2")
POSITION_MODE = _read("get-position-mode")
FEE_RATE = _read("trade-fee-rate")
ORDER = _read("order")
OPEN_ORDERS = _read("get-open-orders")
PLAN_ORDERS = _read("current-plan-order")
ORDER_HISTORY = _read("order-history")
TRADES = _read("trades")
TRANSACTIONS = _read("transaction-history")

SUBMIT_ORDER = _write("submit-order")
MODIFY_LIMIT_ORDER = _write("modify-limit-order")
CANCEL_ORDER = _write("cancel-order")
SUBMIT_PROTECTION = _write("submit-tp-sl-order")
MODIFY_PROTECTION = _write("modify-tp-sl-order")
MODIFY_PLAN_ORDER = _write("modify-plan-order")
CANCEL_PLAN_ORDER = _write("cancel-plan-order")
CANCEL_ALL_AFTER = _write("cancel-all-after")
SET_LEVERAGE = _write("submit-leverage")
SET_POSITION_MODE = _write("set-position-mode")
