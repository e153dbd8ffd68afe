"""What came of an intent in money: exact, the same however it was filled, and never more than what was ours."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import CashFlow, Fill, FillCause, FlowKind, Side, TriggerLevel, TriggerPrice
from mtf_core.orders import Booking, ExitReason, Intent, Progress, Trade, WantedTarget, trade_booked_by_hand, trade_of
from mtf_core.orders.trade import UnreadableTradeError
from tests.unit.orders.intents import SYMBOL, an_attempt, an_intent, terms

D = Decimal
ENTRY, FOREIGN = "7", "99"
SIZE = D("0.001")
"""Base currency per contract: a slip of units shows."""
OPENED_MS, CLOSED_MS, READ_MS = 2_000_000, 2_600_000, 2_605_000


def intent(exit_reason: ExitReason | None = ExitReason.TARGET, **progress: object) -> Intent:
    """Long ten contracts, planned at 100 with a stop at 95 and a target at 110."""
    return an_intent(attempt=an_attempt(order_id=ENTRY), progress=Progress(exit_reason=exit_reason, **progress))


def fill(
    price: object,
    size: object,
    *,
    opens: bool = False,
    profit: object = 0,
    fee: object = 0,
    at_ms: int | None = None,
    order_id: str | None = None,
    name: str = "",
    **more: object,
) -> Fill:
    values = {
        "symbol": SYMBOL,
        "fill_id": name or f"{price}-{size}-{opens}-{at_ms}-{order_id}",
        "order_id": order_id or (ENTRY if opens else "8"),
        "side": Side.LONG,
        "opens": opens,
        "price": D(str(price)),
        "size": D(str(size)),
        "fee": D(str(fee)),
        "realised_profit": D(str(profit)),
        "is_maker": opens,
        "time_ms": at_ms if at_ms is not None else OPENED_MS if opens else CLOSED_MS,
    }
    return Fill(**(values | more))


def flow(amount: object, kind: FlowKind = FlowKind.FUNDING, at_ms: int = OPENED_MS + 1000, **more: object) -> CashFlow:
    values = {"flow_id": f"{kind}-{amount}-{at_ms}", "kind": kind, "symbol": SYMBOL}
    return CashFlow(**(values | {"amount": D(str(amount)), "time_ms": at_ms} | more))


BOUGHT = fill("100.2", 10, opens=True, fee="0.0002")
SOLD = fill("109.9", 10, profit="0.097", fee="0.0006")


def test_a_trade_says_what_was_earned_and_what_it_cost() -> None:
    trade = trade_of(intent(), [BOUGHT, SOLD], [flow("-0.0004")], READ_MS)
    assert (trade.gross_usdt, trade.fees_usdt, trade.funding_usdt) == (D("0.097"), D("0.0008"), D("0.0004"))
    assert trade.net_usdt == D("0.0958")
    assert (trade.size, trade.closed_size, trade.entry_price, trade.exit_price) == (10, 10, D("100.2"), D("109.9"))
    assert (trade.opened_ms, trade.closed_ms, trade.holding_ms) == (OPENED_MS, CLOSED_MS, 600_000)
    assert (trade.exit_reason, trade.profile, trade.run_id) == (ExitReason.TARGET, "scalper_micro", "run")


def test_slippage_is_how_much_worse_than_planned_both_ways() -> None:
    trade = trade_of(intent(), [BOUGHT, SOLD], [], READ_MS)
    assert (trade.entry_slippage, trade.entry_slippage_usdt) == (D("0.2"), D("0.002"))
    assert (trade.exit_slippage, trade.exit_slippage_usdt) == (D("0.1"), D("0.001"))
    better = trade_of(intent(), [evolve(BOUGHT, price=D("99.5")), evolve(SOLD, price=D(111))], [], READ_MS)
    assert (better.entry_slippage, better.exit_slippage) == (D("-0.5"), D(-1))


def test_each_exit_is_measured_against_the_level_that_it_was_meant_for() -> None:
    half, rest = fill("109.8", 5), fill("94.6", 5)
    trade = trade_of(intent(), [BOUGHT, half, rest], [], READ_MS)
    assert trade.exit_slippage == (D("0.2") + D("0.4")) / 2


def test_a_stop_that_was_moved_is_what_its_exit_is_measured_against() -> None:
    moved = TriggerLevel(D("100.5"), TriggerPrice.MARK)
    trade = trade_of(intent(ExitReason.BREAK_EVEN, stop=moved), [BOUGHT, fill("100.3", 10)], [], READ_MS)
    assert trade.exit_slippage == D("0.2")
    assert trade.planned_stop == 95, "R stays what was risked at first"


@pytest.mark.parametrize("reason", [None, ExitReason.HAND, ExitReason.TIME_STOP, ExitReason.LIQUIDATION])
def test_an_exit_at_no_level_has_no_slippage(reason: ExitReason | None) -> None:
    trade = trade_of(intent(reason), [BOUGHT, SOLD], [], READ_MS)
    assert trade.exit_slippage is None
    assert trade.exit_slippage_usdt is None


def test_one_r_is_the_distance_to_the_first_stop_for_what_was_filled_and_net_adds_its_planned_fees() -> None:
    whole = trade_of(intent(), [BOUGHT, SOLD], [], READ_MS)
    assert whole.r_gross == D("1.94"), "0.097 of |100 - 95| * 10 * 0.001 = 0.05"
    assert whole.r_net == (D("0.0962") / (D("0.05") + D("0.0012"))).quantize(D("0.000001"))
    four = trade_of(
        intent(), [fill(100, 4, opens=True), fill(95, 4, profit="-0.02"), fill(95, 6, order_id="other")], [], READ_MS
    )
    assert four.r_gross == -1
    assert four.r_net == (D("-0.02") / (D("0.02") + D("0.0012") * 4 / 10)).quantize(D("0.000001"))


def test_excursions_go_from_the_average_entry_and_never_change_their_sign() -> None:
    trade = trade_of(intent(best_mark=D("105.2"), worst_mark=D("97.2")), [BOUGHT, SOLD], [], READ_MS)
    assert (trade.mfe_price, trade.mae_price) == (D(5), D(-3))
    assert (trade.mfe_r, trade.mae_r) == (D(1), D("-0.6"))
    assert (trade.mfe_percent, trade.mae_percent) == (D("4.990020"), D("-2.994012"))
    never_won = trade_of(intent(best_mark=D(99), worst_mark=D(98)), [BOUGHT, SOLD], [], READ_MS)
    assert (never_won.mfe_price, never_won.mfe_r) == (0, 0)
    unseen = trade_of(intent(), [BOUGHT, SOLD], [], READ_MS)
    assert (unseen.mfe_price, unseen.mae_r) == (None, None)


def test_what_the_exchange_keeps_at_a_liquidation_is_a_cost() -> None:
    fills = [BOUGHT, fill(90, 10, profit="-0.102", cause=FillCause.LIQUIDATION)]
    trade = trade_of(intent(ExitReason.LIQUIDATION), fills, [flow("-0.03", FlowKind.LIQUIDATION)], READ_MS)
    assert (trade.fees_usdt, trade.net_usdt) == (D("0.0302"), D("-0.1322"))


def test_money_of_other_symbols_other_times_and_rows_that_executions_tell_already_are_not_counted() -> None:
    others = [
        flow("-9", symbol="ETHUSDT"),
        flow("-9", at_ms=OPENED_MS - 1),
        flow("-9", at_ms=READ_MS + 1),
        flow("-9", FlowKind.FEE),
        flow("9", FlowKind.REALISED_PROFIT),
        flow("9", FlowKind.TRANSFER, symbol=""),
    ]
    assert trade_of(intent(), [BOUGHT, SOLD], others, READ_MS).net_usdt == D("0.0962")


def test_a_row_that_was_read_twice_counts_once() -> None:
    funding = flow("-0.0004")
    assert trade_of(intent(), [SOLD, BOUGHT, SOLD, BOUGHT], [funding, funding], READ_MS) == trade_of(
        intent(), [BOUGHT, SOLD], [funding], READ_MS
    )


def test_executions_of_the_other_side_and_of_before_are_none_of_ours() -> None:
    before = [fill(90, 3, opens=True, at_ms=1, order_id=FOREIGN), fill(91, 3, at_ms=2, profit=9)]
    short = [evolve(BOUGHT, side=Side.SHORT, fill_id="s"), evolve(SOLD, side=Side.SHORT, fill_id="t")]
    assert trade_of(intent(), [*before, BOUGHT, *short, SOLD], [], READ_MS) == trade_of(
        intent(), [BOUGHT, SOLD], [], READ_MS
    )


def test_of_a_position_that_a_person_enlarged_only_our_share_is_counted() -> None:
    added = fill(104, 30, opens=True, at_ms=OPENED_MS + 500, order_id=FOREIGN)
    sold = fill(110, 40, profit="0.28", fee="0.004")
    trade = trade_of(intent(), [BOUGHT, added, sold], [flow("-0.004")], READ_MS)
    assert (trade.size, trade.closed_size) == (10, 10)
    assert trade.gross_usdt == D("0.098"), "from our own entry, not from the average of both"
    assert trade.fees_usdt == D("0.0002") + D("0.004") / 4
    assert trade.funding_usdt == D("0.001")


def test_our_attempts_are_ours_by_either_id() -> None:
    two = evolve(
        intent(),
        earlier=(an_attempt(order_id="5"),),
        attempt=an_attempt(number=2, client_order_id="entry-2"),
    )
    fills = [
        fill(100, 4, opens=True, order_id="5"),
        fill(101, 6, opens=True, order_id="unknown", client_order_id="entry-2"),
        SOLD,
    ]
    assert trade_of(two, fills, [], READ_MS).entry_price == D("100.6")


def test_without_executions_there_is_a_trade_of_nothing() -> None:
    trade = trade_of(intent(None), [], [flow("-1")], READ_MS)
    assert (trade.size, trade.net_usdt, trade.entry_price, trade.r_gross) == (0, 0, None, None)
    assert (trade.opened_ms, trade.closed_ms) == (None, READ_MS)


def test_a_close_that_the_operator_booked_is_marked_and_no_execution_is_made_of_it() -> None:
    booking = Booking(D(98), D(6), D("-0.0132"), D("0.0003"), "closed in the app")
    fills = [BOUGHT, fill(110, 4, profit="0.0392", fee="0.0002")]
    trade = trade_booked_by_hand(intent(ExitReason.HAND), fills, [], booking, READ_MS)
    assert (trade.size, trade.closed_size, trade.exit_price) == (10, 10, D("102.8"))
    assert (trade.gross_usdt, trade.fees_usdt, trade.net_usdt) == (D("0.026"), D("0.0007"), D("0.0253"))
    assert (trade.booked_by_hand, trade.note) == (True, "closed in the app")
    assert trade.r_gross == D("0.52")
    unknown = trade_booked_by_hand(intent(ExitReason.HAND), [], [], booking, READ_MS)
    assert (unknown.size, unknown.entry_price, unknown.opened_ms) == (6, None, None)


def test_what_was_booked_by_hand_costs_its_funding_too() -> None:
    booking = Booking(D(98), D(10), D("-0.02"), D("0.0003"), "closed in the app")
    trade = trade_booked_by_hand(intent(ExitReason.HAND), [BOUGHT], [flow("-0.004")], booking, READ_MS)
    assert trade.net_usdt == D("-0.02") - D("0.0005") - D("0.004")


def test_a_position_lasts_from_its_first_execution_to_its_last() -> None:
    fills = [
        fill(100, 4, opens=True, at_ms=OPENED_MS),
        fill(100, 6, opens=True, at_ms=OPENED_MS + 100),
        fill(110, 3, at_ms=CLOSED_MS),
        fill(110, 7, at_ms=CLOSED_MS + 900),
    ]
    trade = trade_of(intent(), fills, [flow("-0.001", at_ms=OPENED_MS), flow("-0.002", at_ms=READ_MS)], READ_MS)
    assert (trade.opened_ms, trade.closed_ms, trade.holding_ms) == (OPENED_MS, CLOSED_MS + 900, 600_900)
    assert trade.funding_usdt == D("0.003"), "at the very first and the very last instant, too"


def test_what_opened_and_closed_in_the_same_instant_opened_first() -> None:
    fills = [fill(110, 10, at_ms=OPENED_MS, name="1", profit="0.1"), fill(100, 10, opens=True, name="2")]
    assert (trade_of(intent(), fills, [], READ_MS).closed_size, trade_of(intent(), fills, [], READ_MS).gross_usdt) == (
        10,
        D("0.1"),
    )


def test_what_was_there_before_us_does_not_make_our_position_a_shared_one() -> None:
    before = [fill(90, 3, opens=True, at_ms=1, order_id=FOREIGN), fill(91, 3, at_ms=2, profit=9)]
    sold = evolve(SOLD, realised_profit=D("0.09700001"))
    assert trade_of(intent(), [*before, BOUGHT, sold], [], READ_MS).gross_usdt == D("0.09700001"), "as it was booked"


def test_a_target_that_was_moved_is_what_its_exit_is_measured_against() -> None:
    moved = intent(targets=(WantedTarget(D(120), D(1)),))
    assert trade_of(moved, [BOUGHT, fill("119.5", 10)], [], READ_MS).exit_slippage == D("0.5")


def test_funding_in_the_instant_in_which_somebody_enlarged_the_position_was_ours_alone() -> None:
    added = fill(104, 30, opens=True, at_ms=OPENED_MS + 500, order_id=FOREIGN)
    sold = fill(110, 40, profit="0.28")
    trade = trade_of(intent(), [BOUGHT, added, sold], [flow("-0.004", at_ms=OPENED_MS + 500)], READ_MS)
    assert trade.funding_usdt == D("0.004")


def test_funding_in_the_instant_in_which_we_enlarged_a_shared_position_counts_what_we_held_before() -> None:
    fills = [
        fill(100, 4, opens=True),
        fill(100, 4, opens=True, at_ms=OPENED_MS + 100, order_id=FOREIGN),
        fill(100, 6, opens=True, at_ms=OPENED_MS + 500),
        fill(110, 14),
    ]
    assert trade_of(intent(), fills, [flow("-0.004", at_ms=OPENED_MS + 500)], READ_MS).funding_usdt == D("0.002")


# Laws

prices = st.integers(1, 4000).map(lambda steps: D(steps) * D("0.1"))
money = st.integers(-(10**6), 10**6).map(lambda grains: D(grains) * D("1e-8"))


@st.composite
def executions(draw: st.DrawFn) -> list[Fill]:
    """An entry in one to four executions and exits in as many, of the same size together; each can be halved."""
    opening = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    cuts = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    total, closing = sum(opening), []
    for cut in (*cuts, total):
        closing.append(min(cut, total - sum(closing)))
    halves = [(2 * size, True) for size in opening] + [(2 * size, False) for size in closing if size]
    return [
        fill(
            draw(prices),
            size,
            opens=opens,
            profit=0 if opens else 2 * draw(money),
            fee=2 * draw(money),
            at_ms=OPENED_MS + number,
            name=str(number),
        )
        for number, (size, opens) in enumerate(halves)
    ]


def halved(fills: Sequence[Fill]) -> list[Fill]:
    return [
        evolve(
            one,
            fill_id=f"{one.fill_id}{half}",
            size=one.size / 2,
            fee=one.fee / 2,
            realised_profit=one.realised_profit / 2,
        )
        for one in fills
        for half in "ab"
    ]


def drawn_intent(best: Decimal, worst: Decimal, reason: ExitReason) -> Intent:
    return intent(reason, best_mark=max(best, worst), worst_mark=min(best, worst))


reasons = st.sampled_from(ExitReason)


@given(executions(), st.lists(money, max_size=3), prices, prices, reasons)
def test_net_is_gross_less_fees_less_funding_and_everything_ours_was_counted(
    fills: list[Fill], funding: list[Decimal], best: Decimal, worst: Decimal, reason: ExitReason
) -> None:
    rows = [flow(amount, at_ms=OPENED_MS + 1000 + number) for number, amount in enumerate(funding)]
    trade = trade_of(drawn_intent(best, worst, reason), fills, rows, READ_MS)
    assert trade.net_usdt == trade.gross_usdt - trade.fees_usdt - trade.funding_usdt
    assert trade.gross_usdt == sum(one.realised_profit for one in fills)
    assert trade.fees_usdt == sum(one.fee for one in fills)
    assert trade.funding_usdt == -sum(funding)
    assert trade.size == trade.closed_size
    assert trade.mfe_price is not None
    assert trade.mfe_price >= 0
    assert trade.mae_price is not None
    assert trade.mae_price <= 0


@given(executions(), prices, prices, reasons, st.randoms())
def test_whatever_an_order_filled_in_the_trade_is_the_same(
    fills: list[Fill], best: Decimal, worst: Decimal, reason: ExitReason, random: object
) -> None:
    given_intent = drawn_intent(best, worst, reason)
    parts = halved(fills)
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert trade_of(given_intent, parts, [], READ_MS) == trade_of(given_intent, fills, [], READ_MS)
    assert trade_of(given_intent, parts, [], READ_MS).details() == trade_of(given_intent, fills, [], READ_MS).details()


def mirrored(price: Decimal) -> Decimal:
    return D(1000) - price


@given(executions(), prices, prices, reasons)
def test_a_short_trade_in_a_mirrored_market_is_the_same_trade(
    fills: list[Fill], best: Decimal, worst: Decimal, reason: ExitReason
) -> None:
    long = drawn_intent(best, worst, reason)
    wanted = evolve(
        long.wanted,
        side=Side.SHORT,
        stop=TriggerLevel(mirrored(D(95)), TriggerPrice.MARK),
        targets=(WantedTarget(mirrored(D(110)), D(1)),),
    )
    progress = evolve(long.progress, best_mark=mirrored(max(best, worst)), worst_mark=mirrored(min(best, worst)))
    short = evolve(long, wanted=wanted, progress=progress, terms=terms(planned_entry=mirrored(D(100))))
    turned = [evolve(one, side=Side.SHORT, price=mirrored(one.price)) for one in fills]
    there, here = trade_of(short, turned, [], READ_MS), trade_of(long, fills, [], READ_MS)
    of_level = {"side", "planned_entry", "planned_stop", "entry_price", "exit_price", "mfe_percent", "mae_percent"}
    for one in fields(Trade):
        if one.name not in of_level:
            assert getattr(there, one.name) == getattr(here, one.name), one.name


@given(executions(), prices, prices, reasons)
def test_what_the_details_hold_is_the_trade(
    fills: list[Fill], best: Decimal, worst: Decimal, reason: ExitReason
) -> None:
    trade = trade_of(drawn_intent(best, worst, reason), fills, [flow("-0.001")], READ_MS)
    details = trade.details()
    assert all(type(value) is str for value in details.values())
    assert Trade.from_details(details) == trade


def test_details_of_an_older_version_are_read_and_what_a_newer_one_added_is_passed_over() -> None:
    trade = trade_of(intent(best_mark=D(105), worst_mark=D(97)), [BOUGHT, SOLD], [], READ_MS)
    details = dict(trade.details()) | {"added_later": "what it is"}
    for name in ("mfe_price", "exit_reason", "booked_by_hand", "note", "holding_ms"):
        details.pop(name, None)
    assert Trade.from_details(details) == evolve(trade, mfe_price=None, exit_reason=None, holding_ms=None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"net_usdt": "much"}, "net_usdt: 'much' is no Decimal"),
        ({"net_usdt": "NaN"}, "net_usdt: 'NaN' is no number"),
        ({"side": "up"}, "side: 'up' is no Side"),
        ({"booked_by_hand": "yes"}, "booked_by_hand: 'yes' is no bool"),
        ({"closed_ms": "1.5"}, "closed_ms: '1.5' is no int"),
    ],
)
def test_details_that_hold_no_trade_say_so(change: dict[str, str], said: str) -> None:
    details = dict(trade_of(intent(), [BOUGHT, SOLD], [], READ_MS).details())
    with pytest.raises(UnreadableTradeError, match=said.replace(".", r"\.")):
        Trade.from_details(details | change)
    with pytest.raises(UnreadableTradeError, match="net_usdt is missing"):
        Trade.from_details({name: text for name, text in details.items() if name != "net_usdt"})


@pytest.mark.parametrize("hostile", ["NaN", "Infinity", "1E+400", "-1E-400", "0"])
def test_numbers_that_no_market_shows_break_nothing(hostile: str) -> None:
    number = D(hostile)
    fills = [evolve(BOUGHT, price=number), evolve(SOLD, size=number), evolve(SOLD, fill_id="x", fee=number)]
    trade_of(intent(best_mark=number, worst_mark=number), fills, [flow(hostile)], READ_MS).details()


def test_a_trade_that_an_earlier_version_told_was_not_booked_by_hand() -> None:
    told = trade_of(intent(), [BOUGHT, SOLD], [], READ_MS)
    details = {name: text for name, text in told.details().items() if name not in {"booked_by_hand", "note"}}
    read = Trade.from_details(details)
    assert (read.booked_by_hand, read.note) == (False, "")
