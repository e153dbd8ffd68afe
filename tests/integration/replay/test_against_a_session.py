"""A session of the whole order path beside a replay of the same candles.

The session decides each minute as a process does: on windows of candles from its store, for symbols that are not busy.
The replay decides every minute over the whole history. Where the session decided at all, both have to say the same:
READY or not, and for READY side, timeframe and decision key (the reason of a no is compared as well). What may differ
by ADR 0004 and 0011 are the last digits of averages, because a window begins later than a history; a plan for the same
market facts may then move by a tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

import pytest
from attrs import define, frozen

import mtf_core as mtf
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import DAY_MS, MINUTE_MS, MarkPrice, Side, Timeframe, TopOfBook
from mtf_core.planning import MarketFacts, OrderPlan, plan_order
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.reasons import Reason
from mtf_core.replay.ledger import ReplayMarket
from mtf_core.replay.opportunities import Opportunities, find_opportunities
from mtf_core.run_request import RunRequest
from mtf_core.runs import SymbolResult
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.history import resolve_history
from mtf_entrypoints.container import Container
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from mtf_entrypoints.session import MEMORY, SessionPlan, _Trader, in_stepped_time, opened_in_stepped_time
from mtf_entrypoints.settings import SandboxOptions, Settings

PLAN = SessionPlan(seed=1, start_ms=DEFAULT_INSTANT_MS, minutes=60, settle_minutes=0)
SYMBOLS, HISTORY_DAYS = 60, 3
PROFILE = mtf.load_profile("scalper_micro")
_NOT_DECIDED = {
    Reason.HAS_OPEN_ORDERS_OR_POSITIONS,
    Reason.SYMBOL_SWITCHED_OFF,
    Reason.SYMBOL_LOCKED,
    Reason.CONTRACT_NOT_TRADING,
}


@frozen
class Said:
    """What a decision came to; the reason of one that is READY is None."""

    reason: Reason | None
    side: Side | None
    timeframe: Timeframe | None
    key: str | None


@define(eq=False)
class Compared:
    """By minute and symbol."""

    session: Mapping[tuple[int, str], Said]
    replay: Mapping[tuple[int, str], Said]
    planned: Mapping[tuple[int, str], OrderPlan]
    found: Mapping[str, Opportunities]
    markets: Mapping[str, ReplayMarket]


@pytest.fixture(scope="module")
def compared() -> Compared:
    clock = SteppedClock(PLAN.start_ms)
    settings = Settings(database_url=MEMORY, sandbox=SandboxOptions(seed=PLAN.seed, universe_size=SYMBOLS), stays=True)

    async def work() -> Compared:
        async with opened_in_stepped_time(settings, clock, PLAN.seed) as container:
            orchestrator = container.orchestrator()
            desk = await orchestrator.desk()
            trader = _Trader(desk, Supervisor(desk), orchestrator, clock, RunRequest(dry_run=False))
            results: dict[tuple[int, str], SymbolResult] = {}
            for number in range(PLAN.minutes):
                at_ms = PLAN.start_ms + number * MINUTE_MS
                report = await trader.minute(number, PLAN, lambda *_: None)
                results |= {(at_ms, symbol): result for symbol, result in report.results.items()}
            await trader.supervisor.end()
            return await _compare(container, results)

    return in_stepped_time(clock, work)


async def _compare(container: Container, results: Mapping[tuple[int, str], SymbolResult]) -> Compared:
    decided = {place: result for place, result in results.items() if result.reason not in _NOT_DECIDED}
    session = {place: _said(result) for place, result in decided.items()}
    markets = await _markets(container, {symbol for _, symbol in decided})
    compiled, replay, found = compile_profile(PROFILE), {}, {}
    last_ms = PLAN.start_ms + (PLAN.minutes - 1) * MINUTE_MS
    for symbol, market in markets.items():
        found[symbol] = find_opportunities(compiled, market, PLAN.start_ms, last_ms, 0.0)
        ready = {int(at_ms): row for row, at_ms in enumerate(found[symbol].at_ms)}
        signals = resolve_history(compiled, symbol, {Timeframe.M1: market.candles})
        for index in range(len(signals) - PLAN.minutes, len(signals)):
            at_ms = int(signals.instants_ms[index])
            if at_ms in ready:
                signal = found[symbol].signal(ready[at_ms])
                said = Said(None, signal.side, signal.execution_timeframe, signal.decision_key)
            else:
                said = Said(signals.reason(index), None, None, None)
            replay[at_ms, symbol] = said
    planned = {place: result.plan for place, result in decided.items() if result.plan is not None}
    return Compared(session, replay, planned, found, markets)


def _said(result: SymbolResult) -> Said:
    """A READY decision has an order, whatever became of it."""
    if result.order is not None:
        return Said(None, result.side, result.execution_timeframe, result.decision_key)
    return Said(result.reason, None, None, None)


async def _markets(container: Container, symbols: set[str]) -> dict[str, ReplayMarket]:
    """The candles of some days, as the exchange of the session has them."""
    venue = container.venue().market
    last_open_ms = PLAN.start_ms + (PLAN.minutes - 2) * MINUTE_MS
    first_open_ms = Timeframe.D1.last_closed_open(last_open_ms - HISTORY_DAYS * DAY_MS)
    contracts = {contract.symbol: contract for contract in await venue.contracts()}
    found = {}
    for symbol in sorted(symbols):
        candles = await venue.candles(symbol, Timeframe.M1, first_open_ms, last_open_ms)
        found[symbol] = ReplayMarket(symbol, candles, contracts[symbol], False, "", "the session's exchange")
    return found


def test_there_is_something_to_compare(compared: Compared) -> None:
    ready = [said for said in compared.session.values() if said.reason is None]
    assert len(compared.session) > PLAN.minutes * SYMBOLS / 2
    assert len({said.reason for said in compared.session.values()}) >= 3
    assert len({said.key for said in ready}) >= 10


def test_what_the_session_decided_the_replay_decides_too(compared: Compared) -> None:
    unlike = {
        place: (said, compared.replay[place])
        for place, said in compared.session.items()
        if said != compared.replay[place]
    }
    assert unlike == {}


def test_a_plan_for_the_same_market_facts_is_the_same_but_for_last_digits(compared: Compared) -> None:
    """The session's book, mark and balance, and features of the replay. Averages of a window and of a history differ
    by no more than the warm-up tolerance; where that crosses the border of two ticks, prices are one tick apart."""
    exact = 0
    for (at_ms, symbol), plan in compared.planned.items():
        again = _plan_again(compared, at_ms, symbol, plan)
        exact += _prices(again) == _prices(plan)
        for one, other in zip(_prices(again), _prices(plan), strict=True):
            assert abs(one - other) <= plan.tick_size, symbol
        assert again.zone is not None
        assert plan.zone is not None
        assert abs(again.zone.anchor - plan.zone.anchor) <= Decimal("1e-13") * plan.zone.anchor
        assert (again.size, again.leverage) == (plan.size, plan.leverage)
    assert exact >= len(compared.planned) * 0.7
    assert compared.planned


def _prices(plan: OrderPlan) -> list[Decimal]:
    assert plan.zone is not None
    targets = [target.price for target in plan.take_profits]
    return [plan.entry_price, plan.stop_price, *targets, plan.zone.low, plan.zone.high]


def _plan_again(compared: Compared, at_ms: int, symbol: str, plan: OrderPlan) -> OrderPlan:
    chances = compared.found[symbol]
    row = chances.at_ms.tolist().index(at_ms)
    assert plan.mark_price is not None
    facts = MarketFacts(
        book=TopOfBook(symbol, plan.best_bid, plan.best_ask, plan.planned_at_ms),
        mark=MarkPrice(symbol, plan.mark_price, plan.planned_at_ms),
        available_balance=Decimal(10_000),
        balance_time_ms=plan.planned_at_ms,
        features=chances.features(row),
        valid_timeframes=int(chances.valid_timeframes[row]),
    )
    contract = compared.markets[symbol].contract
    with localcontext(PLAN_CONTEXT):
        again = plan_order(chances.signal(row), contract, facts, PROFILE.trade_entry, plan.planned_at_ms)
    assert isinstance(again, OrderPlan), again
    return again
