"""What may happen on an exchange, sense and nonsense: commands of two accounts on two symbols, and the market."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from mtf_adapters.sandbox.matching.commands import (
    Action,
    AmendOrder,
    AmendPresets,
    AmendTrigger,
    CancelAll,
    CancelAllAfter,
    CancelEverythingAfter,
    CancelOrder,
    CloseAll,
    Command,
    Deleverage,
    Direction,
    Funding,
    Leg,
    Level,
    MarketEvent,
    PlaceOrder,
    PlacePair,
    PlaceTrailing,
    PlaceTrigger,
    Preset,
    PresetsFail,
    Restart,
    SelfTrade,
    SetLeverage,
    SetPositionMode,
    StatusChange,
    Tick,
    TimePasses,
    Transfer,
)
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import (
    ArmsAt,
    ContractStatus,
    MarginMode,
    OrderType,
    OversizedExit,
    PositionMode,
    ProtectionScope,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
    UniqueFor,
)
from tests.unit.matching.moves import KINDS

D = Decimal
SYMBOLS = ("ABCUSDT", "XYZUSDT")
ACCOUNTS = ("me", "you")

symbols = st.sampled_from((*SYMBOLS, *SYMBOLS, *SYMBOLS, "NONEUSDT"))
accounts = st.sampled_from((*ACCOUNTS, *ACCOUNTS, *ACCOUNTS, *ACCOUNTS, "nobody"))
nonsense = st.sampled_from([D(0), D(-1), D("NaN"), D("Infinity"), D("1E+40"), D("0.123456789"), D("1E-30")])
near = st.integers(170, 230).map(lambda halves: D(halves) / 2)
prices = st.one_of(near, near, near, near, nonsense)
sizes = st.one_of(st.integers(1, 40).map(D), st.integers(1, 4000).map(D), nonsense)
leverages = st.one_of(st.none(), st.sampled_from([D(1), D(5), D(5), D(20), D(50), D(51), D(0)]))
margin_modes = st.one_of(st.none(), st.sampled_from(MarginMode))
order_ids = st.integers(0, 40)
client_ids = st.one_of(st.just(""), st.just(""), st.sampled_from(["a", "b", "c-1", "d", "not allowed", "x" * 65]))
position_sides = st.sampled_from((Side.LONG, Side.SHORT, Side.LONG, Side.SHORT, None))
presets = st.one_of(st.none(), st.none(), st.builds(Preset, near, st.sampled_from(TriggerPrice)))


@st.composite
def orders(draw: st.DrawFn) -> PlaceOrder:
    order_type = draw(st.sampled_from(OrderType))
    sensible = draw(st.booleans()) or draw(st.booleans())
    side = draw(position_sides)
    action = draw(st.sampled_from(Action))
    reduce_only = draw(st.booleans())
    if sensible and side is not None:
        reduce_only = (action is Action.BUY) is not (side is Side.LONG)
    return PlaceOrder(
        account=draw(accounts),
        symbol=draw(symbols),
        action=action,
        size=draw(sizes),
        order_type=order_type,
        price=draw(near) if order_type is OrderType.LIMIT else draw(st.one_of(st.none(), st.none(), prices)),
        time_in_force=draw(st.sampled_from((*[TimeInForce.GTC] * 3, *TimeInForce))),
        post_only=draw(st.integers(0, 5)) == 0,
        reduce_only=reduce_only,
        position_side=side,
        leverage=draw(leverages),
        margin_mode=draw(margin_modes),
        client_order_id=draw(client_ids),
        stop=None if reduce_only and sensible else draw(presets),
        target=None if reduce_only and sensible else draw(presets),
        self_trade=draw(st.sampled_from(SelfTrade)),
    )


triggers = st.builds(
    PlaceTrigger,
    account=accounts,
    symbol=symbols,
    action=st.sampled_from(Action),
    size=st.one_of(st.none(), sizes),
    purpose=st.sampled_from(TriggerPurpose),
    trigger_price=prices,
    by=st.sampled_from(TriggerPrice),
    direction=st.sampled_from(Direction),
    limit_price=st.one_of(st.none(), st.none(), prices),
    time_in_force=st.sampled_from(TimeInForce),
    reduce_only=st.booleans(),
    position_side=position_sides,
    leverage=leverages,
    margin_mode=margin_modes,
    client_order_id=client_ids,
    stop=presets,
    target=presets,
)
trailing = st.builds(
    PlaceTrailing,
    account=accounts,
    symbol=symbols,
    action=st.sampled_from(Action),
    size=sizes,
    activation_price=prices,
    by=st.sampled_from(TriggerPrice),
    callback_ratio=st.sampled_from([D("0.01"), D("0.05"), D(0), D(1), D("NaN")]),
    reduce_only=st.booleans(),
    position_side=position_sides,
    leverage=leverages,
    margin_mode=margin_modes,
    client_order_id=client_ids,
)
legs = st.builds(Leg, prices, st.sampled_from(TriggerPrice), st.one_of(st.none(), st.none(), prices))
pairs = st.builds(
    PlacePair,
    account=accounts,
    symbol=symbols,
    action=st.sampled_from(Action),
    size=st.one_of(st.none(), sizes),
    stop=legs,
    target=legs,
    position_side=position_sides,
    client_order_id=client_ids,
)
maybe_prices, maybe_sizes = st.one_of(st.none(), prices), st.one_of(st.none(), sizes)
by_id = {"account": accounts, "symbol": symbols, "order_id": order_ids}
others: st.SearchStrategy[Command] = st.one_of(
    st.builds(AmendOrder, **by_id, price=maybe_prices, size=maybe_sizes),
    st.builds(
        AmendTrigger,
        **by_id,
        trigger_price=maybe_prices,
        by=st.one_of(st.none(), st.sampled_from(TriggerPrice)),
        limit_price=maybe_prices,
        size=maybe_sizes,
    ),
    st.builds(AmendPresets, **by_id, stop=presets, target=presets),
    st.builds(CancelOrder, **by_id),
    st.builds(CancelAll, accounts, symbols, st.booleans(), st.booleans(), st.booleans()),
    st.builds(CancelAllAfter, accounts, symbols, st.integers(-1, 5)),
    st.builds(CancelEverythingAfter, accounts, st.integers(-1, 5)),
    st.builds(SetLeverage, accounts, symbols, st.sampled_from([D(1), D(5), D(20), D(99)]), st.sampled_from(MarginMode)),
    st.builds(SetPositionMode, accounts, st.sampled_from(PositionMode)),
    st.builds(CloseAll, accounts, st.one_of(st.none(), symbols), st.one_of(st.none(), st.sampled_from(Side))),
    st.builds(
        Transfer, accounts, st.one_of(st.integers(-2000, 2000).map(D), st.sampled_from([D("0.000000001"), D("NaN")]))
    ),
)
commands = st.one_of(orders(), orders(), orders(), orders(), triggers, pairs, trailing, others, others)


@st.composite
def ticks(draw: st.DrawFn) -> Tick:
    last = draw(near)
    spread = draw(st.integers(1, 3))

    def side(sign: int) -> list[Level]:
        count = draw(st.sampled_from((0, 1, 2, 3, 3, 3)))
        volumes = [D(draw(st.sampled_from((1, 7, 100, 3000, 100_000)))) for _ in range(count)]
        return [Level(last + sign * D(spread + number) / 2, volume) for number, volume in enumerate(volumes)]

    return Tick(
        draw(st.sampled_from(SYMBOLS)),
        side(-1),
        side(1),
        last,
        last + D(draw(st.integers(-4, 4))) / 2,
        D(draw(st.sampled_from((0, 0, 5, 1000)))),
    )


happenings: st.SearchStrategy[MarketEvent] = st.one_of(
    st.builds(
        Funding, st.sampled_from(SYMBOLS), st.sampled_from([D("0.0001"), D("-0.003"), D("0.01"), D("0.3"), D("NaN")])
    ),
    st.builds(StatusChange, symbols, st.sampled_from((*[ContractStatus.TRADING] * 4, *ContractStatus))),
    st.just(TimePasses()),
    st.builds(Deleverage, accounts, symbols, st.sampled_from(Side), sizes),
    st.just(Restart()),
    st.builds(PresetsFail, st.one_of(st.just(""), symbols)),
)
nonsense_steps = st.one_of(commands, ticks(), happenings)
"""Commands that nobody in his senses gives."""


@st.composite
def steps(draw: st.DrawFn) -> tuple[object, int]:
    """A move of some sense, or one time in twelve nonsense, and how many milliseconds pass before it."""
    sensible = draw(st.integers(0, 11))
    what = (draw(st.sampled_from(KINDS)), draw(st.integers(0, 2**32))) if sensible else draw(nonsense_steps)
    return what, draw(st.sampled_from((1, 0, 1, 400, 1500)))


@st.composite
def rules(draw: st.DrawFn) -> VenueRules:
    """Often the plain ones, else any."""
    if draw(st.booleans()):
        return VenueRules()
    return VenueRules(
        presets_arm_at=draw(st.sampled_from(ArmsAt)),
        presets_scope=draw(st.sampled_from(ProtectionScope)),
        presets_end_with_rest=draw(st.booleans()),
        oversized_exit=draw(st.sampled_from(OversizedExit)),
        triggers_see_frozen=draw(st.booleans()),
        presets_are_pairs=draw(st.booleans()),
        one_whole_position_trigger=draw(st.booleans()),
        triggers_end_with_position=draw(st.booleans()),
        whole_triggers_end_with_position=draw(st.booleans()),
        protection_needs_position=draw(st.booleans()),
        client_ids_unique_for=draw(st.sampled_from(UniqueFor)),
        visible_after_ms=draw(st.sampled_from((0, 500))),
        live_after_ms=draw(st.sampled_from((0, 0, 300))),
        orders_kept_ms=draw(st.sampled_from((2000, 10**9))),
        cancelled_orders_kept_ms=draw(st.sampled_from((0, 10**9))),
        cancelled_triggers_kept_ms=draw(st.sampled_from((None, 10**9))),
        fills_kept_ms=10**9,
        cancel_all_drops_triggers=draw(st.booleans()),
        timed_cancel_drops_triggers=draw(st.booleans()),
        post_only_rejected_late=draw(st.booleans()),
        fill_or_kill_rejected_late=draw(st.booleans()),
        amend_failure_cancels=draw(st.booleans()),
        price_band=draw(st.sampled_from((None, None, D("0.1")))),
        market_reach=draw(st.sampled_from((None, None, D("0.01")))),
        most_open_orders=draw(st.sampled_from((None, 3))),
        most_triggers=draw(st.sampled_from((None, 3))),
        restart_forgets_triggers=draw(st.booleans()),
        restart_forgets_history=False,
    )
