"""The entry zone and the entry price, by hand-computed examples."""

import pytest
from attrs import evolve

from mtf_core.market import MarkPrice, OrderType, Side, Timeframe, TimeInForce
from mtf_core.planning import ZoneCategory, ZoneCheck
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import (
    EntrySettings,
    EntryZoneOptions,
    MarketEntrySettings,
    ZoneAnchor,
)
from tests.strategies import NOW_MS, SYMBOL, PlanCase
from tests.unit.planning.examples import D, example, plan_of, skip_of, with_book, with_contract, with_settings


def with_zone(case: PlanCase, **options: object) -> PlanCase:
    return with_settings(case, entry=EntrySettings(entry_zone=EntryZoneOptions(**options)))


def bounds(case: PlanCase) -> tuple[D, D]:
    zone = plan_of(case).zone
    assert zone
    return zone.low, zone.high


# --- zone -----------------------------------------------------------------------------------------------------
def test_the_zone_is_k_atrs_around_the_anchor_and_expires():
    zone = plan_of(example()).zone
    assert zone
    assert (zone.low, zone.high) == (D("99.3"), D("100.7"))  # 100 ∓ 0.35 · 2
    assert zone.anchor_source == "5m.vwap"
    assert zone.expires_at_ms == NOW_MS + 240_000


def test_the_zone_is_never_wider_or_narrower_than_its_bounds():
    assert bounds(with_zone(example(), k_atr=D(3))) == (D("99.0"), D("101.0"))  # w_max 0.01
    assert bounds(with_zone(example(), k_atr=D(0), w_min=D("0.004"))) == (D("99.6"), D("100.4"))


def test_a_bias_shifts_the_zone_toward_the_better_price():
    # half 0.7, b 0.5: long 100 − 1.05 … 100 + 0.35, outward to the tick; short mirrored
    assert bounds(with_zone(example(), asym_bias=D("0.5"))) == (D("98.9"), D("100.4"))
    assert bounds(with_zone(example(Side.SHORT), asym_bias=D("0.5"))) == (D("99.6"), D("101.1"))


def test_the_zone_may_stay_off_the_grid_while_the_entry_does_not():
    case = with_zone(example(), k_atr=D("0.123"), quantize_to_exchange_step=False)
    assert bounds(case) == (D("99.754"), D("100.246"))
    assert plan_of(with_book(case, "100.2", "100.4")).entry_price == D("100.2")


@pytest.mark.parametrize(
    ("options", "missing", "source"),
    [
        ({}, None, "5m.vwap"),
        ({}, "anchor_vwap", "5m.sma_21"),
        ({"vwap_anchor": False}, None, "5m.sma_21"),
        ({"source": ZoneAnchor.SMA21}, None, "5m.sma_21"),
        ({"source": ZoneAnchor.SMA21}, "anchor_average", "5m.vwap"),
        ({"source": ZoneAnchor.MA21, "anchor_timeframe": Timeframe.M15}, None, "15m.ma_21"),
        ({"source": ZoneAnchor.VWAP, "vwap_anchor": False}, None, "5m.vwap"),
    ],
)
def test_the_anchor_follows_the_settings_and_the_other_kind_is_its_fallback(options, missing, source):
    case = with_zone(example(), **options)
    zone = plan_of(case.with_features(**{missing: None}) if missing else case).zone
    assert zone
    assert zone.anchor_source == source


@pytest.mark.parametrize("absent", [{"anchor_vwap": None, "anchor_average": float("nan")}, {"zone_atr": None}])
def test_without_anchor_or_atr_there_is_no_plan_unless_an_open_zone_is_allowed(absent):
    assert skip_of(example().with_features(**absent)).reason is Reason.ENTRY_ZONE_NO_ANCHOR
    assert plan_of(with_zone(example(), allow_open_zone=True).with_features(**absent)).zone is None


def test_a_zone_far_from_the_mark_is_skipped_with_its_numbers():
    skip = skip_of(example(zone_max_deviation_pct=D("0.005")))
    facts = dict(skip.facts)
    assert skip.reason is Reason.SKIPPED_OUT_OF_ZONE
    # the low bound 99.3 is 0.9 away from the mark 100.2
    assert facts["zone_low"] == D("99.3")
    assert facts["reference"] == D("100.2")
    assert abs(facts["deviation"] - D("0.9") / D("100.2")) < D("1e-20")
    assert (facts["check"], facts["allowed"]) == ("zone_max_deviation_pct", D("0.005"))


# --- limit ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "ticks", "entry"),
    [
        (Side.LONG, 1, "100.1"),
        (Side.LONG, 0, "100.0"),
        (Side.LONG, 9, "100.4"),
        (Side.SHORT, 1, "100.3"),
        (Side.SHORT, 0, "100.4"),
        (Side.SHORT, 9, "100.0"),
    ],
)
def test_a_limit_entry_starts_inside_the_spread_and_never_beyond_the_touch(side, ticks, entry):
    assert plan_of(example(side, inside_ticks=ticks)).entry_price == D(entry)


@pytest.mark.parametrize(("side", "entry"), [(Side.LONG, "100.3"), (Side.SHORT, "100.1")])
def test_a_post_only_entry_stays_a_tick_from_the_other_side(side, entry):
    plan = plan_of(example(side, post_only=True, inside_ticks=9))
    assert plan.entry_price == D(entry)


@pytest.mark.parametrize(("side", "entry"), [(Side.LONG, "100.0"), (Side.SHORT, "100.1")])
def test_a_post_only_entry_joins_the_touch_of_a_one_tick_spread(side, entry):
    case = with_book(example(side, post_only=True), "100.0", "100.1")
    assert plan_of(case).entry_price == D(entry)


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
def test_an_entry_that_must_fill_at_once_starts_at_the_other_sides_touch(time_in_force):
    assert plan_of(example(time_in_force=time_in_force)).entry_price == D("100.4")
    assert plan_of(example(Side.SHORT, time_in_force=time_in_force)).entry_price == D("100.0")


def narrow(case: PlanCase, anchor: float) -> PlanCase:
    """The case with a zone of 0.05 % on either side of an anchor, outward to the tick."""
    return with_zone(case, k_atr=D(0), w_min=D("0.0005")).with_features(anchor_vwap=anchor)


def test_a_zone_above_the_bid_pulls_the_entry_up_to_its_bound():
    assert plan_of(narrow(example(), 100.3)).entry_price == D("100.2")  # zone 100.24985 … 100.35015, outward


@pytest.mark.parametrize(
    ("side", "anchor", "entry"),
    [(Side.LONG, 99.8, "99.9"), (Side.SHORT, 100.6, "100.5")],  # zones 99.7 … 99.9 and 100.5 … 100.7
)
def test_a_limit_waits_in_a_zone_behind_the_book(side, anchor, entry):
    plan = plan_of(narrow(example(side), anchor))
    assert plan.entry_price == plan.worst_entry_price == D(entry)
    assert plan.zone_event
    assert plan.zone_event.category is ZoneCategory.WAITING


@pytest.mark.parametrize(("side", "anchor"), [(Side.LONG, 100.6), (Side.SHORT, 99.8)])
@pytest.mark.parametrize("post_only", [False, True])
def test_a_price_beyond_the_zone_on_the_far_side_is_skipped(side, anchor, post_only):
    """The long's price fell below its zone of 100.5 … 100.7: the ask is 100.4."""
    skip = skip_of(narrow(example(side, post_only=post_only), anchor))
    assert skip.reason is Reason.SKIPPED_OUT_OF_ZONE
    assert dict(skip.facts)["check"] == "price_beyond_zone"
    assert skip.zone_event
    assert skip.zone_event.failed_check is ZoneCheck.BEYOND_ZONE


@pytest.mark.parametrize(
    ("anchor", "category"),
    # a zone to 99.6 is 0.599 % below the mark of 100.2, to 99.5 0.699 %, to 99.3 0.898 %
    [(99.5, "close_to_threshold"), (99.4, "moderate_gap"), (99.2, "far_outside")],
)
def test_a_zone_farther_from_the_mark_than_allowed_is_skipped_and_says_by_how_much(anchor, category):
    skip = skip_of(narrow(example(max_deviation_pct=D("0.0058")), anchor))
    assert dict(skip.facts)["check"] == "max_deviation_pct"
    assert skip.zone_event
    assert skip.zone_event.category == category
    away = D("100.2") - skip.zone_event.candidate_price
    assert abs(skip.zone_event.deviation - away / D("100.2")) < D("1e-11")


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
@pytest.mark.parametrize(("side", "anchor"), [(Side.LONG, 99.8), (Side.SHORT, 100.6)])
def test_an_order_that_fills_at_once_never_waits_for_the_zone(side, anchor, time_in_force):
    skip = skip_of(narrow(example(side, time_in_force=time_in_force), anchor))
    assert dict(skip.facts)["check"] == "touch_outside_zone"


def test_a_zone_event_tells_the_market_around_the_zone():
    event = plan_of(example().with_features(volume_ratio=1.5)).zone_event
    assert event
    assert (event.category, event.failed_check) == (ZoneCategory.INSIDE, None)
    assert (event.candidate_price, event.reference_price) == (D("100.1"), D("100.2"))
    assert event.volume_ratio == D("1.5")
    assert event.width_ratio == D("0.014")  # 99.3 … 100.7 around 100
    assert abs(event.spread_ratio - D("0.4") / D("100.2")) < D("1e-11")
    assert abs(event.atr_ratio - 2 / D("100.2")) < D("1e-11")


def test_a_skip_after_the_zone_keeps_its_event_and_one_before_it_has_none():
    assert skip_of(example().with_features(leverage_atr=None)).zone_event
    assert skip_of(example().with_features(zone_atr=None)).zone_event is None


def test_an_entry_stays_within_the_allowed_deviation_from_the_mark():
    # mark 100.2 · (1 − 0.0005) = 100.1499: the start 100.1 is pulled up to 100.2
    assert plan_of(example(max_deviation_pct=D("0.0005"))).entry_price == D("100.2")


def test_without_a_mark_the_middle_of_the_book_is_the_reference():
    case = example(max_deviation_pct=D("0.0005"))
    case = evolve(case, facts=evolve(case.facts, mark=None))
    assert plan_of(with_book(case, "100.0", "100.4")).entry_price == D("100.2")


def test_an_implausible_entry_is_skipped():
    skip = skip_of(example(implausible_pct=D("0.0005")))
    assert skip.reason is Reason.SKIPPED_OUT_OF_ZONE
    assert dict(skip.facts)["check"] == "implausible_pct"


def test_the_spread_guard_stops_limit_entries():
    # spread 0.4 / 100.2 = 39.9 bps
    wide = with_settings(example(), entry=EntrySettings(spread_guard_bps=D(39)))
    assert skip_of(wide).reason is Reason.SPREAD_TOO_WIDE
    assert plan_of(with_settings(example(), entry=EntrySettings(spread_guard_bps=D(40))))


def test_the_slippage_guard_stops_limit_entries_worse_than_the_mark():
    # 100.4 is 20.0 bps above the mark of 100.2
    ioc = example(time_in_force=TimeInForce.IOC)
    assert skip_of(with_settings(ioc, entry=EntrySettings(slippage_guard_bps=D(19)))).reason is (
        Reason.SKIPPED_OUT_OF_ZONE
    )
    assert plan_of(with_settings(ioc, entry=EntrySettings(slippage_guard_bps=D(20))))


# --- market ---------------------------------------------------------------------------------------------------
MARKET = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}


def test_a_market_entry_is_reckoned_at_the_touch():
    plan = plan_of(example(**MARKET, market_max_spread_pct=D("0.004")))
    assert (plan.entry_price, plan.order_type) == (D("100.4"), OrderType.MARKET)
    assert plan.worst_entry_price == D("100.6")  # 20 bps worse: 100.6008, down


def test_a_market_entry_is_sized_for_its_worst_fill():
    # stop 98.9; a contract loses 0.01 · (100.6 − 98.9) = 0.017 from the worst fill: 5 / 0.017 = 294.1
    plan = plan_of(example(**MARKET, market_max_spread_pct=D("0.004")))
    assert (plan.stop_price, plan.size, plan.loss_at_stop_usdt) == (D("98.9"), D(294), D("4.998"))
    assert plan.margin_usdt * plan.leverage == 294 * D("0.01") * D("100.6")


@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_a_market_entry_never_rests(time_in_force):
    plan = plan_of(example(**{**MARKET, "time_in_force": time_in_force}, market_max_spread_pct=D("0.004")))
    assert plan.time_in_force is (TimeInForce.FOK if time_in_force is TimeInForce.FOK else TimeInForce.IOC)


def test_a_market_entry_is_skipped_when_the_spread_is_too_wide():
    skip = skip_of(example(**MARKET, market_max_spread_pct=D("0.0039")))  # 0.4 / 100.2 = 0.00399
    assert skip.reason is Reason.SPREAD_TOO_WIDE


def test_a_market_entry_outside_the_zone_is_skipped():
    case = with_zone(example(**MARKET, market_max_spread_pct=D("0.004")), k_atr=D("0.1"))  # zone to 100.2
    assert skip_of(case).reason is Reason.SKIPPED_OUT_OF_ZONE


def upgradable(**changes: object) -> PlanCase:
    """A limit entry that may become a market entry on 5m from an ADX of 20 on."""
    terms = MarketEntrySettings(
        enabled=True, allowed_execution_timeframes=(Timeframe.M5,), adx_min_1h=D(20), max_slippage_bps=D(25)
    )
    case = example(post_only=True, market_max_spread_pct=D("0.004"))
    return with_settings(case, market_entry=evolve(terms, **changes))


def test_a_limit_entry_becomes_a_market_entry_with_a_bound_on_its_fill():
    plan = plan_of(upgradable())
    assert plan.order_type is OrderType.MARKET
    assert (plan.time_in_force, plan.post_only) == (TimeInForce.IOC, False)
    assert plan.entry_price == D("100.4")
    assert plan.worst_entry_price == D("100.6")  # 100.4 · 1.0025 = 100.651, down


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled": False},
        {"allowed_execution_timeframes": (Timeframe.M1,)},
        {"adx_min_1h": D(23)},  # the ADX is 22
        {"max_slippage_bps": D(19)},  # the touch is 20.0 bps worse than the mark
    ],
)
def test_a_limit_entry_stays_one_when_a_term_of_the_market_entry_fails(changes):
    assert plan_of(upgradable(**changes)).order_type is OrderType.LIMIT


@pytest.mark.parametrize("adx", [None, float("nan")])
def test_a_missing_adx_never_makes_a_market_entry(adx):
    assert plan_of(upgradable().with_features(adx_1h=adx)).order_type is OrderType.LIMIT


def test_every_entry_is_small_enough_for_one_market_stop():
    case = with_contract(example(**MARKET, market_max_spread_pct=D("0.004")), max_market_size=D(200))
    assert plan_of(case).size == D(200)
    assert plan_of(with_contract(example(), max_market_size=D(200))).size == D(200)


def test_a_book_off_the_grid_keeps_the_entry_on_it():
    case = with_book(example(), "100.04", "100.36")
    assert plan_of(case).entry_price == D("100.1")  # 100.14, passive
    case = evolve(case, facts=evolve(case.facts, mark=MarkPrice(SYMBOL, D("100.2"), NOW_MS)))
    assert plan_of(case).entry_price == D("100.1")
