"""Settings of the entry zone and of the entry inside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.trade_entry_choices import ZoneAnchor

T = TypeVar("T")


@frozen
class EntryZoneOptions:
    """The zone as a file states it; a key that is absent leaves the word to the other section, else to the default.

    The same keys may stand in `post_validation.entry_zone` and in `entry.entry_zone`; the latter wins key by key.
    """

    source: ZoneAnchor | None = setting(
        None, key="from", doc="anchor of the zone; the other kind is its fallback; absent: as `vwap_anchor` says"
    )
    vwap_anchor: bool | None = setting(
        None, doc="without `from`: true draws the zone around the VWAP, false around SMA21; default true"
    )
    anchor_timeframe: Timeframe | None = setting(None, doc="timeframe of VWAP and SMA21; default 5m")
    offset_atr_tf: Timeframe | None = setting(None, doc="timeframe of the zone's ATR; default: the anchor's timeframe")
    k_atr: Decimal | None = setting(None, doc="half width of the zone in ATRs; default 0.35", unit="ATR", ge=0)
    w_min: Decimal | None = ratio(None, doc="least half width relative to the anchor; default 0.0005", le="0.5")
    w_max: Decimal | None = ratio(
        None, doc="greatest half width relative to the anchor; default 0.0100", ge=None, gt=0, le="0.5"
    )
    asym_bias: Decimal | None = setting(
        None,
        doc="shifts the zone toward the better price: long from anchor − half·(1+b) to anchor + half·(1−b); default 0",
        ge=0,
        le="0.95",
    )
    ttl_sec: int | None = setting(None, doc="life of the zone; default 240", unit="seconds", gt=0)
    quantize_to_exchange_step: bool | None = setting(
        None, doc="puts the bounds outward onto the tick grid; the entry price is on the grid in any case; default true"
    )
    allow_open_zone: bool | None = setting(
        None, doc="plans without a zone when anchor or ATR is missing, instead of skipping; default false"
    )


@frozen
class ZoneSettings:
    """The entry zone in effect: both sections and the defaults put together."""

    source: ZoneAnchor
    anchor_timeframe: Timeframe
    offset_atr_tf: Timeframe
    k_atr: Decimal
    w_min: Decimal
    w_max: Decimal
    asym_bias: Decimal
    ttl_sec: int
    quantize_to_exchange_step: bool
    allow_open_zone: bool

    @property
    def average(self) -> ZoneAnchor:
        """The moving average that is the anchor, or the fallback of the VWAP."""
        return ZoneAnchor.SMA21 if self.source is ZoneAnchor.VWAP else self.source

    @property
    def anchors(self) -> tuple[ZoneAnchor, ZoneAnchor]:
        """The anchor and its fallback."""
        if self.source is ZoneAnchor.VWAP:
            return ZoneAnchor.VWAP, ZoneAnchor.SMA21
        return self.source, ZoneAnchor.VWAP


def resolved_zone(entry: EntryZoneOptions, post_validation: EntryZoneOptions) -> ZoneSettings:
    """`entry` over `post_validation` over the defaults."""

    def chosen(from_entry: T | None, from_post_validation: T | None, default: T) -> T:
        if from_entry is not None:
            return from_entry
        return default if from_post_validation is None else from_post_validation

    by_flag = ZoneAnchor.VWAP if chosen(entry.vwap_anchor, post_validation.vwap_anchor, True) else ZoneAnchor.SMA21
    anchor_timeframe = chosen(entry.anchor_timeframe, post_validation.anchor_timeframe, Timeframe.M5)
    return ZoneSettings(
        source=chosen(entry.source, post_validation.source, by_flag),
        anchor_timeframe=anchor_timeframe,
        offset_atr_tf=chosen(entry.offset_atr_tf, post_validation.offset_atr_tf, anchor_timeframe),
        k_atr=chosen(entry.k_atr, post_validation.k_atr, Decimal("0.35")),
        w_min=chosen(entry.w_min, post_validation.w_min, Decimal("0.0005")),
        w_max=chosen(entry.w_max, post_validation.w_max, Decimal("0.0100")),
        asym_bias=chosen(entry.asym_bias, post_validation.asym_bias, Decimal(0)),
        ttl_sec=chosen(entry.ttl_sec, post_validation.ttl_sec, 240),
        quantize_to_exchange_step=chosen(
            entry.quantize_to_exchange_step, post_validation.quantize_to_exchange_step, True
        ),
        allow_open_zone=chosen(entry.allow_open_zone, post_validation.allow_open_zone, False),
    )


@frozen
class EntrySettings:
    """The entry inside the zone."""

    entry_zone: EntryZoneOptions = setting(factory=EntryZoneOptions, doc="the zone; wins over `post_validation`")
    spread_guard_bps: Decimal | None = setting(
        None, doc="skips a limit entry when the spread is wider; absent: off", unit="bps", gt=0
    )
    slippage_guard_bps: Decimal | None = setting(
        None,
        doc="skips a limit entry whose price is worse than the mark (else mid) by more; absent: off",
        unit="bps",
        ge=0,
    )


@frozen
class PostValidationSettings:
    """What a validated signal starts from."""

    entry_zone: EntryZoneOptions = setting(factory=EntryZoneOptions, doc="the zone, unless `entry.entry_zone` differs")
