"""What goes wrong does so where it was drawn: in its span, or when an intent is in the state that it waits for."""

from __future__ import annotations

from decimal import Decimal

from attrs import define, field

from tests.simulation.coverage import ENTRY_STATES, IMPOSSIBLE, POSITION_STATES, REGIMES, possible, targets
from tests.simulation.faults import LEADS_TO, FaultKind, Plan, Weather, Window, aimed_plan, drawn_plan
from tests.simulation.market import SYMBOLS, WanderingMarket

LOST = frozenset({FaultKind.LOST_REQUEST})
SYMBOL = SYMBOLS[0]


@define
class Intents:
    """Symbols by the state of their intents."""

    states: dict[str, str] = field(factory=dict)

    def holding(self, state: str, symbol: str) -> str | None:
        return next((one for one, its in self.states.items() if its == state and symbol in {"", one}), None)


def test_a_fault_of_calls_strikes_within_its_span_alone() -> None:
    weather = Weather(Plan((Window(FaultKind.LOST_REQUEST, 10, 20),)), 1)
    assert [at for at in range(30) if weather.now(at, LOST)] == list(range(10, 20))
    assert weather.now(15, frozenset({FaultKind.LOST_ANSWER})) is None


def test_an_aimed_fault_waits_for_an_intent_in_its_state_and_for_a_call_about_its_symbol() -> None:
    intents = Intents()
    weather = Weather(Plan((Window(FaultKind.LOST_REQUEST, 10, 100, when="resting"),)), 1, intents)
    assert weather.now(20, LOST, SYMBOL) is None
    intents.states[SYMBOL] = "planned"
    assert weather.now(21, LOST, SYMBOL) is None
    intents.states[SYMBOL] = "resting"
    assert weather.now(5, LOST, SYMBOL) is None
    assert weather.now(22, LOST, SYMBOLS[1]) is None
    assert weather.now(23, LOST, SYMBOL) is not None
    assert weather.now(24, LOST, SYMBOL) is None


def test_an_aimed_fault_excuses_nobody_before_it_strikes() -> None:
    intents = Intents()
    weather = Weather(Plan((Window(FaultKind.LOST_REQUEST, 0, 1000, when="resting"),)), 1, intents)
    assert not weather.lasts(500, LOST, tail_s=15)
    intents.states[SYMBOL] = "resting"
    assert weather.now(500, LOST)
    assert weather.lasts(514, LOST, tail_s=15)
    assert not weather.lasts(516, LOST, tail_s=15)


def test_aims_are_drawn_from_what_can_be_reached() -> None:
    drawn = {(one.kind, one.when) for seed in range(600) for one in aimed_plan(seed, 1000, targets()).windows}
    assert drawn == set(targets())


def test_an_aimed_episode_looks_at_one_state_and_at_what_leads_to_it() -> None:
    for seed in range(50):
        drawn = {(window.kind, window.when) for window in aimed_plan(seed, 1000, targets()).windows}
        leads = {(kind, when) for lead in LEADS_TO.values() for kind, when, _ in lead} | {
            (FaultKind.DRY_BOOK, "resting")
        }
        assert len({when for kind, when in drawn if (kind, when) not in leads}) == 1


def test_what_can_be_reached_is_each_fault_in_each_state_but_for_what_is_told_to_be_impossible() -> None:
    everything = len(FaultKind) * len(ENTRY_STATES + POSITION_STATES)
    assert len(targets()) == everything - len(IMPOSSIBLE)
    assert len(possible()) == len(REGIMES) * len(targets())
    assert all(IMPOSSIBLE.values())


def test_hours_are_mostly_quiet() -> None:
    """A long episode has less going wrong in a minute than a short one."""
    short = sum(len(drawn_plan(seed, 1200).windows) for seed in range(200)) / 20
    long = sum(len(drawn_plan(seed, 14_400).windows) for seed in range(200)) / 240
    assert long < 0.6 * short


def test_a_book_that_is_dry_has_a_few_steps_and_an_end() -> None:
    market = WanderingMarket(1, 0, 1_000_000_000)
    contract, prices = market.contracts(0)[0], market.prices(SYMBOL, 5000)
    deep = market.book(contract, prices, 5000, Decimal(0))
    market.dries_up(SYMBOL, 6000)
    dry = market.book(contract, prices, 5000, Decimal(0))
    assert sum(level.size for level in deep.bids) >= contract.max_size
    assert sum(level.size for level in dry.bids) < 20
    assert deep.bids[0].price == dry.bids[0].price == prices.bid
    assert market.book(contract, prices, 6000, Decimal(0)) == WanderingMarket(1, 0, 1_000_000_000).book(
        contract, prices, 6000, Decimal(0)
    )


def test_a_jump_comes_in_the_next_second_and_changes_nothing_before() -> None:
    calm, jumping = (WanderingMarket(3, 0, 1_000_000_000) for _ in range(2))
    before = [market.prices(SYMBOL, 9000).last for market in (calm, jumping)]
    jumping.jumps(SYMBOL, 9000, -5000)
    assert before[0] == before[1] == jumping.prices(SYMBOL, 9000).last
    assert jumping.prices(SYMBOL, 10_000).last - calm.prices(SYMBOL, 10_000).last == Decimal(-50)
