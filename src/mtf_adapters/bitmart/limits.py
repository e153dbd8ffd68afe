"""BitMart's rate limits (sheet §2), and what the headers of an answer say of them."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_adapters.limits import Bucket, BucketTable, Limiter, Reading, Scope, leaves_left

_EXITS_SHARE = 0.25
"""What of a limit is kept for exits where an exit may need the endpoint."""


def _buckets(scope: Scope, limit: int, *names: str, window_ms: int = 2000, exits: bool = False) -> dict[str, Bucket]:
    share = _EXITS_SHARE if exits else 0.0
    return {name: Bucket(name, limit, window_ms, scope, exits_share=share) for name in names}


BUCKETS = BucketTable(
    {
        **_buckets(Scope.IP, 10, "time", "service", window_ms=1000),
        **_buckets(
            Scope.IP,
            12,
            *("details", "depth", "market-trade", "kline", "markprice-kline", "funding-rate", "funding-rate-v2"),
            *("funding-rate-history", "leverage-bracket"),
        ),
        **_buckets(Scope.IP, 2, "open-interest"),
        **_buckets(Scope.KEY, 50, "order", "get-open-orders", "current-plan-order", exits=True),
        **_buckets(Scope.KEY, 40, "cancel-order", exits=True),
        **_buckets(Scope.KEY, 24, "submit-order", exits=True),
        **_buckets(Scope.KEY, 24, "submit-leverage", "position-risk"),
        **_buckets(Scope.KEY, 12, "assets-detail", exits=True),
        **_buckets(Scope.KEY, 6, "position", "position-v2", "order-history", "trades", exits=True),
        **_buckets(Scope.KEY, 6, "transaction-history"),
        **_buckets(Scope.KEY, 2, "cancel-orders", "trade-fee-rate", "get-position-mode", "set-position-mode"),
        **_buckets(Scope.ACCOUNT, 40, "cancel-plan-order", exits=True),
        **_buckets(Scope.ACCOUNT, 24, "submit-tp-sl-order", "modify-tp-sl-order", "modify-limit-order", exits=True),
        **_buckets(
            Scope.ACCOUNT,
            24,
            *("submit-plan-order", "modify-plan-order", "modify-preset-plan-order", "submit-trail-order"),
            "cancel-trail-order",
        ),
        **_buckets(Scope.ACCOUNT, 4, "cancel-all-after"),
    },
    group="BITMART",
)


_CALLS_OF_AN_EXIT = {
    "submit-order": 2,
    "submit-tp-sl-order": 2,
    "cancel-order": 1,
    "cancel-plan-order": 2,
    "current-plan-order": 2,
    "order": 2,
}
"""What protecting and closing one position may call at once, each of it once more where an answer is lost."""


def exits_left(limiter: Limiter) -> int | None:
    """How many positions could be protected and closed now without waiting; None: any number."""
    return leaves_left(limiter, _CALLS_OF_AN_EXIT)


def reading_of(headers: Mapping[str, str]) -> Reading:
    """What the rate headers say. `Remaining` counts the calls *made* and `Reset` is the window's length (§2)."""
    window_s = _number(headers.get("X-BM-RateLimit-Reset"))
    return Reading(
        used=_number(headers.get("X-BM-RateLimit-Remaining")),
        limit=_number(headers.get("X-BM-RateLimit-Limit")) or None,
        window_ms=window_s * 1000 if window_s else None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None
