"""OKX's answers as types: each is checked here, once, and nowhere else.

Every answer is a list of rows. Fields that nothing reads are left out, fields that nobody knows are ignored. A field
that a row of its kind always has is required, also where its value may be `""`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from mtf_adapters.okx.wire_fields import (
    flag,
    identifier_or_empty,
    number_or_none,
    price_or_none,
    text_or_empty,
    time_or_zero,
)
from mtf_adapters.online.fields import identifier, number, optional, required, shown, text, whole


@frozen(kw_only=True)
class TimeRow:
    """`public/time`."""

    ts: int = required(whole)


@frozen
class ListedRow:
    """Contracts of many kinds, some without numbers yet: each is read by itself."""

    content: Mapping[str, Any]

    @classmethod
    def from_wire(cls, row: object) -> ListedRow:
        if not isinstance(row, dict):
            raise ValueError(f"{shown(row)} is no instrument")
        return cls(row)


@frozen(kw_only=True)
class InstrumentRow:
    """A row of `public/instruments` that can be traded; those that only will be have `""` in most fields."""

    instId: str = required(text)
    instFamily: str = required(text)
    ctVal: Decimal = required(number)
    """Base coin per contract."""
    ctMult: Decimal = required(number)
    ctValCcy: str = required(text)
    settleCcy: str = required(text)
    lever: Decimal = required(number)
    tickSz: Decimal = required(number)
    lotSz: Decimal = required(number)
    minSz: Decimal = required(number)
    maxLmtSz: Decimal = required(number)
    maxMktSz: Decimal = required(number)
    state: str = required(text)
    listTime: int = required(time_or_zero)
    expTime: int = required(time_or_zero)
    groupId: str = optional(identifier_or_empty, "")


@frozen(kw_only=True)
class TierRow:
    """A row of `public/position-tiers`; sizes are contracts."""

    instFamily: str = required(text)
    minSz: Decimal = required(number)
    maxSz: Decimal = required(number)
    mmr: Decimal = required(number)
    maxLever: Decimal = required(number)


@frozen(kw_only=True)
class TickerRow:
    """What has never traded, or has nobody on a side, has `""` there."""

    instId: str = required(text)
    last: Decimal | None = required(price_or_none)
    askPx: Decimal | None = required(price_or_none)
    bidPx: Decimal | None = required(price_or_none)
    volCcy24h: Decimal | None = required(number_or_none)
    """Base coin."""
    ts: int = required(whole)


@frozen(kw_only=True)
class MarkRow:
    instId: str = required(text)
    markPx: Decimal | None = required(price_or_none)
    ts: int = required(whole)


@frozen(kw_only=True)
class CandleRow:
    """A row of candles: on the wire a list of nine, told apart by their place."""

    open_ms: int = required(whole)
    open: Decimal = required(number)
    high: Decimal = required(number)
    low: Decimal = required(number)
    close: Decimal = required(number)
    volume: Decimal = required(number)
    """Contracts."""
    confirm: str = required(text)
    """`1`: it has closed, `0`: it runs."""

    @classmethod
    def from_wire(cls, row: object) -> CandleRow:
        """Raises ValueError for what is no such list."""
        if not isinstance(row, list) or len(row) < 9:
            raise ValueError(f"{shown(row)} is no candle")
        names = ("open_ms", "open", "high", "low", "close", "volume")
        told: dict[str, Any] = dict(zip(names, row, strict=False))
        return cls(**told, confirm=row[8])


@frozen(kw_only=True)
class ConfigRow:
    """`account/config`."""

    acctLv: str = required(text)
    posMode: str = required(text)
    uid: str = optional(text_or_empty, "")
    settleCcy: str = optional(text_or_empty, "")
    perm: str = optional(text_or_empty, "")
    """Rights of the key: `read_only`, `trade`, `withdraw`."""
    ip: str = optional(text_or_empty, "")
    """Addresses that the key is bound to."""


@frozen(kw_only=True)
class RateRow:
    """`trade/account-rate-limit`."""

    accRateLimit: str = required(text)
    """New and amended orders that the account may send in 2 s."""
    fillRatio: str = optional(text_or_empty, "")


@frozen(kw_only=True)
class NoticeRow:
    """Of `system/status`: work on the exchange, past, going on or to come."""

    title: str = optional(text_or_empty, "")
    state: str = required(text)
    begin: int = optional(time_or_zero, 0)
    end: int = optional(time_or_zero, 0)
    env: str = optional(text_or_empty, "")
    """`1` production, `2` demo."""


@frozen(kw_only=True)
class CoinRow:
    """A coin of `account/balance`; one that holds nothing has no row."""

    ccy: str = required(text)
    eq: Decimal = required(number)
    availEq: Decimal | None = required(number_or_none)
    availBal: Decimal | None = optional(number_or_none, None)


@frozen(kw_only=True)
class BalanceRow:
    uTime: int = required(whole)
    details: list[CoinRow]


@frozen(kw_only=True)
class PositionRow:
    instId: str = required(text)
    posSide: str = required(text)
    """`long` or `short`, or `net` where the sign of `pos` tells."""
    pos: Decimal = required(number)
    avgPx: Decimal | None = required(price_or_none)
    lever: Decimal | None = required(number_or_none)
    mgnMode: str = required(text)
    upl: Decimal | None = required(number_or_none)
    margin: Decimal | None = optional(number_or_none, None)
    """Of an isolated position."""
    imr: Decimal | None = optional(number_or_none, None)
    """What a cross position takes of the account's margin."""
    markPx: Decimal | None = optional(price_or_none, None)
    liqPx: Decimal | None = optional(price_or_none, None)
    cTime: int = optional(time_or_zero, 0)


@frozen(kw_only=True)
class AttachedRow:
    """A stop and a target that travel inside an order."""

    slTriggerPx: Decimal | None = optional(price_or_none, None)
    slTriggerPxType: str = optional(text_or_empty, "")
    tpTriggerPx: Decimal | None = optional(price_or_none, None)
    tpTriggerPxType: str = optional(text_or_empty, "")
    failCode: str = optional(text_or_empty, "")
    """Why it could not be placed; empty: nothing stands against it, or nothing was tried yet."""


@frozen(kw_only=True)
class OrderRow:
    """An order of `trade/order`, of the pending ones, of the history, and of the stream."""

    instId: str = required(text)
    ordId: str = required(identifier)
    ordType: str = required(text)
    side: str = required(text)
    posSide: str = required(text_or_empty)
    sz: Decimal = required(number)
    accFillSz: Decimal = required(number)
    state: str = required(text)
    clOrdId: str = required(text_or_empty)
    px: Decimal | None = required(price_or_none)
    avgPx: Decimal | None = required(price_or_none)
    reduceOnly: bool = optional(flag, False)
    algoClOrdId: str = optional(text_or_empty, "")
    """The client id of the algo that placed it."""
    attachAlgoOrds: list[AttachedRow] = field(factory=list)
    cTime: int = required(whole)
    uTime: int = required(time_or_zero)


@frozen(kw_only=True)
class AlgoRow:
    """An order that waits for a price: of the pending ones, of the history, and of the stream."""

    instId: str = required(text)
    algoId: str = required(identifier)
    ordType: str = required(text)
    side: str = required(text)
    posSide: str = required(text_or_empty)
    state: str = required(text)
    sz: Decimal | None = required(number_or_none)
    algoClOrdId: str = required(text_or_empty)
    closeFraction: Decimal | None = optional(number_or_none, None)
    reduceOnly: bool = optional(flag, False)
    slTriggerPx: Decimal | None = optional(price_or_none, None)
    slTriggerPxType: str = optional(text_or_empty, "")
    slOrdPx: Decimal | None = optional(price_or_none, None)
    tpTriggerPx: Decimal | None = optional(price_or_none, None)
    tpTriggerPxType: str = optional(text_or_empty, "")
    tpOrdPx: Decimal | None = optional(price_or_none, None)
    triggerPx: Decimal | None = optional(price_or_none, None)
    triggerPxType: str = optional(text_or_empty, "")
    ordPx: Decimal | None = optional(price_or_none, None)
    moveTriggerPx: Decimal | None = optional(price_or_none, None)
    """Where a trailing stop would fire now."""
    actualSide: str = optional(text_or_empty, "")
    """Which of its two levels fired: `tp` or `sl`."""
    cTime: int = required(whole)
    uTime: int = optional(time_or_zero, 0)


@frozen(kw_only=True)
class FillRow:
    instId: str = required(text)
    tradeId: str = required(identifier)
    """Unique of its instrument only; below zero for what a liquidation executed."""
    ordId: str = required(identifier)
    billId: str = required(identifier)
    side: str = required(text)
    posSide: str = required(text_or_empty)
    fillPx: Decimal = required(number)
    fillSz: Decimal = required(number)
    fillPnl: Decimal | None = optional(number_or_none, None)
    fee: Decimal | None = required(number_or_none)
    """Negative is a cost."""
    execType: str = required(text_or_empty)
    """`T` taker, `M` maker; `""` for liquidation and ADL."""
    subType: str = optional(text_or_empty, "")
    clOrdId: str = optional(text_or_empty, "")
    fillTime: int = optional(time_or_zero, 0)
    ts: int = required(whole)
    """When the row was made: later than `fillTime`."""


@frozen(kw_only=True)
class BillRow:
    """One change of the balance."""

    billId: str = required(identifier)
    type: str = required(text)
    subType: str = required(text_or_empty)
    ccy: str = required(text)
    balChg: Decimal = required(number)
    pnl: Decimal | None = required(number_or_none)
    fee: Decimal | None = required(number_or_none)
    """Negative is a cost."""
    instType: str = optional(text_or_empty, "")
    instId: str = optional(text_or_empty, "")
    mgnMode: str = optional(text_or_empty, "")
    ts: int = required(whole)


@frozen(kw_only=True)
class FeeGroupRow:
    groupId: str = required(identifier)
    maker: Decimal = required(number)
    """Negative is a cost."""
    taker: Decimal = required(number)


@frozen(kw_only=True)
class FeeRow:
    feeGroup: list[FeeGroupRow]


@frozen(kw_only=True)
class LeverageRow:
    """`account/leverage-info`: a row for each side."""

    instId: str = required(text)
    lever: Decimal = required(number)


@frozen(kw_only=True)
class Written:
    """A row of an answer to a write; each has the fields of its kind, and those others are empty."""

    sCode: str = optional(text_or_empty, "")
    sMsg: str = optional(text_or_empty, "")
    ordId: str = optional(identifier_or_empty, "")
    clOrdId: str = optional(text_or_empty, "")
    algoId: str = optional(identifier_or_empty, "")
    algoClOrdId: str = optional(text_or_empty, "")
