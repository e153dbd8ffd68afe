"""OKX's rate limits (sheet §3), less a reserve, and how many positions could be left within them.

Its windows are counted by rolling in practice, and users who went to the limit were refused: a tenth is left alone.
What it counts per user and instrument, or per address and instrument, is counted here for all instruments together,
which is stricter. The cap of a sub-account (1000 new and amended orders in 2 s) is beyond all buckets of orders
together, so it has none; its refusals pause the bucket that was refused.
"""

from __future__ import annotations

from mtf_adapters.limits import Bucket, BucketTable, Limiter, Scope, leaves_left

_RESERVE = 0.1
_EXITS_SHARE = 0.25
"""What of a limit is kept for exits where an exit may need the endpoint."""


def _buckets(scope: Scope, limit: int, *names: str, window_ms: int = 2000, exits: bool = False) -> dict[str, Bucket]:
    share = _EXITS_SHARE if exits else 0.0
    if limit == 1:  # a tenth of one call is its time
        return {name: Bucket(name, 1, round(window_ms * (1 + _RESERVE)), scope, exits_share=share) for name in names}
    most = int(limit * (1 - _RESERVE))
    return {name: Bucket(name, most, window_ms, scope, exits_share=share) for name in names}


BUCKETS = BucketTable(
    {
        **_buckets(Scope.IP, 40, "candles", "books"),
        **_buckets(
            Scope.IP,
            20,
            *("history-candles", "mark-price-candles", "ticker", "tickers", "price-limit", "instruments"),
        ),
        **_buckets(Scope.IP, 10, "time", "position-tiers", "funding-rate", "mark-price"),
        **_buckets(Scope.IP, 1, "status", window_ms=5000),
        **_buckets(Scope.ACCOUNT, 10, "balance", "positions", exits=True),
        **_buckets(Scope.ACCOUNT, 5, "config", "set-position-mode", "trade-fee"),
        **_buckets(Scope.ACCOUNT, 5, "bills", "bills-archive"),
        **_buckets(Scope.ACCOUNT, 20, "leverage-info", "max-size", "set-leverage", "account-instruments"),
        **_buckets(
            Scope.ACCOUNT, 60, "order", "amend-order", "cancel-order", "get-order", "orders-pending", exits=True
        ),
        **_buckets(Scope.ACCOUNT, 60, "fills", exits=True),
        **_buckets(Scope.ACCOUNT, 40, "orders-history", exits=True),
        **_buckets(Scope.ACCOUNT, 20, "orders-history-archive", exits=True),
        **_buckets(Scope.ACCOUNT, 10, "fills-history", exits=True),
        **_buckets(Scope.ACCOUNT, 20, "order-algo", "amend-algos", "cancel-algos", "close-position", exits=True),
        **_buckets(Scope.ACCOUNT, 20, "get-order-algo", "orders-algo-pending", "orders-algo-history", exits=True),
        **_buckets(Scope.ACCOUNT, 1, "cancel-all-after", "account-rate-limit", window_ms=1000),
    },
    group="OKX",
)

_CALLS_OF_AN_EXIT = {
    "order": 2,
    "order-algo": 2,
    "amend-algos": 1,
    "cancel-order": 1,
    "cancel-algos": 2,
    "orders-algo-pending": 2,
    "get-order": 2,
}
"""What protecting and closing one position may call at once, each of it once more where an answer is lost."""


def exits_left(limiter: Limiter) -> int | None:
    """How many positions could be protected and closed now without waiting; None: any number."""
    return leaves_left(limiter, _CALLS_OF_AN_EXIT)
