"""What trades add up to is what the account earned: on the real engine, with real executions, to the last digit."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from mtf_adapters.sandbox import native_words
from mtf_adapters.sandbox.matching.commands import Deleverage, Funding
from mtf_core.market import PositionMode, Side, TriggerLevel, TriggerPrice
from mtf_core.orders import ExitReason, Intent, Progress, WantedTarget, trade_of
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, tick
from tests.unit.orders.intents import an_attempt, an_intent, terms

prices = st.integers(150, 250).map(lambda half: D(half) / 2)


@frozen
class Story:
    """One intent: how much is opened at which prices, what happens meanwhile, and where it is left."""

    side: Side
    opening: tuple[tuple[int, Decimal], ...]
    closing: tuple[tuple[int, Decimal], ...]
    funding: tuple[Decimal, ...]
    thin: bool
    """Whether the book holds so little that orders fill in several executions."""


@st.composite
def stories(draw: st.DrawFn) -> Story:
    opening = draw(st.lists(st.tuples(st.integers(1, 40), prices), min_size=1, max_size=3))
    closing = draw(st.lists(st.tuples(st.integers(1, 40), prices), max_size=3))
    rates = draw(st.lists(st.integers(-20, 20).map(lambda rate: D(rate) / 10_000), max_size=2))
    return Story(draw(st.sampled_from(Side)), tuple(opening), tuple(closing), tuple(rates), draw(st.booleans()))


class Account:
    """An account that trades by intents alone."""

    def __init__(self) -> None:
        self.desk = Desk(mode=PositionMode.HEDGE, balance=100_000)

    def at(self, price: Decimal, thin: bool) -> None:
        rows = [(D("0.5") * step, 7 if thin else 1000) for step in range(1, 60)]
        self.desk.do(
            tick(price, bids=[(price - d, size) for d, size in rows], asks=[(price + d, size) for d, size in rows])
        )

    def live(self, story: Story) -> Intent:
        """The intent as it is when everything of it is over."""
        began_ms, orders = self.desk.now_ms + 1, []
        for size, price in story.opening:
            self.at(price, story.thin)
            orders.append(str(accepted(self.desk.place(f"open {story.side}", size))))
        for rate in story.funding:
            self.desk.do(Funding(SYMBOL, rate))
        for size, price in story.closing:
            self.leave(story, size, price)
        while self.held(story):
            self.leave(story, 40, D(100))
        attempts = [an_attempt(number=n, order_id=order, created_ms=began_ms) for n, order in enumerate(orders, 1)]
        intent = an_intent(attempt=attempts[-1], earlier=tuple(attempts[:-1]))
        wanted = evolve(intent.wanted, symbol=SYMBOL, side=story.side, size=D(120))
        return evolve(
            intent,
            wanted=wanted,
            terms=terms(contract_size=D("0.01")),
            progress=Progress(exit_reason=ExitReason.HAND),
        )

    def leave(self, story: Story, size: int, price: Decimal) -> None:
        self.at(price, story.thin)
        if self.held(story):
            accepted(self.desk.place(f"close {story.side}", min(D(size), self.held(story))))

    def held(self, story: Story) -> Decimal:
        position = self.desk.position(story.side)
        return D(0) if position is None else position.size

    def rows(self) -> tuple[list, list]:  # type: ignore[type-arg]
        flows = self.desk.engine.flows("me", self.desk.now_ms)
        return [native_words.fill(one) for one in self.desk.fills()], [native_words.cash_flow(one) for one in flows]


@settings(max_examples=150, deadline=None)
@given(st.lists(stories(), min_size=1, max_size=4))
def test_the_sum_of_all_trades_is_the_change_of_the_balance(told: list[Story]) -> None:
    account = Account()
    before = account.desk.balance.equity
    earned, value = D(0), D(0)
    for story in told:
        intent = account.live(story)
        fills, flows = account.rows()
        trade = trade_of(intent, fills, flows, account.desk.now_ms)
        assert trade.size == trade.closed_size == sum(size for size, _ in story.opening)
        earned += trade.net_usdt
        assert trade.entry_price is not None
        assert trade.exit_price is not None
        by_prices = (trade.exit_price - trade.entry_price) * trade.size * D("0.01") * story.side.sign
        assert abs(trade.gross_usdt - by_prices) <= D("1e-8"), "the exchange books to the grain"
        value += by_prices
    assert account.desk.balance.equity - before == earned


def test_a_liquidation_costs_the_margin_and_the_trade_says_so() -> None:
    account = Account()
    before = account.desk.balance.equity
    account.at(D(100), thin=False)
    order = accepted(account.desk.place("open long", 500, leverage=D(50)))
    account.at(D(80), thin=False)
    assert account.desk.position() is None
    intent = an_intent(attempt=an_attempt(order_id=str(order)), progress=Progress(exit_reason=ExitReason.LIQUIDATION))
    intent = evolve(
        intent,
        wanted=evolve(
            intent.wanted,
            symbol=SYMBOL,
            size=D(500),
            stop=TriggerLevel(D(99), TriggerPrice.MARK),
            targets=(WantedTarget(D(110), D(1)),),
        ),
        terms=terms(contract_size=D("0.01")),
    )
    fills, flows = account.rows()
    trade = trade_of(intent, fills, flows, account.desk.now_ms)
    assert trade.net_usdt == account.desk.balance.equity - before
    assert trade.net_usdt < 0


def test_a_winner_that_the_exchange_closes_for_others_is_a_trade_like_any_other() -> None:
    account = Account()
    before = account.desk.balance.equity
    account.at(D(100), thin=False)
    order = accepted(account.desk.place("open long", 50))
    account.at(D(110), thin=False)
    account.desk.do(Deleverage("me", SYMBOL, Side.LONG, D(50)))
    assert account.desk.position() is None
    intent = an_intent(attempt=an_attempt(order_id=str(order)), progress=Progress(exit_reason=ExitReason.ADL))
    intent = evolve(intent, wanted=evolve(intent.wanted, symbol=SYMBOL), terms=terms(contract_size=D("0.01")))
    fills, flows = account.rows()
    assert trade_of(intent, fills, flows, account.desk.now_ms).net_usdt == account.desk.balance.equity - before
