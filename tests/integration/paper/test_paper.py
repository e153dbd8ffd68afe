"""Paper over a real wire: BitMart's face is the venue, asked without a key; the account is this machine's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from mtf_core.market import EntryOrder, MarginMode, OrderType, Side, TimeInForce, WriteResult
from mtf_core.orders import EntryState, PositionState
from mtf_core.ports import TradingRefusedError
from mtf_core.reasons import Reason
from mtf_core.records import OrderStatus
from mtf_core.runs import RunRequest
from mtf_entrypoints.container import opened
from mtf_entrypoints.scraping import Scrape
from mtf_entrypoints.session import read_outcome
from tests.integration.bitmart.wire import UNHURRIED, settings_for
from tests.integration.faces.exchange import PRIVATE, SYMBOL, Exchange, exchange
from tests.integration.paper.trading import Trader, paper_trader, ready
from tests.unit.telemetry.exposition import value

ONE = {"symbols": (SYMBOL,)}
BROKEN = "faults: {calls: [{kind: server_error, on: reads}]}"


def private_calls(served: Exchange) -> list[tuple[str, int]]:
    return [call for call in served.sandbox.face.calls if call[0].startswith(PRIVATE)]


async def entered(trader: Trader) -> None:
    """A run that enters one symbol, whose order fills by the quotes that come."""
    report = await trader.run(**ONE)
    order = report.results[SYMBOL].order
    assert order is not None
    assert order.status is OrderStatus.SUBMITTED, order
    await trader.pass_by(30_000)
    (intent,) = await trader.supervisor.desk.orders.live()
    assert (intent.entry, intent.position) == (EntryState.DONE, PositionState.PROTECTED)


async def test_a_run_enters_fills_at_the_quotes_is_supervised_and_closes_and_nothing_private_was_asked(
    tmp_path: Path,
) -> None:
    async with exchange(UNHURRIED) as served, paper_trader(served, tmp_path) as trader:
        await trader.supervisor.look()
        await entered(trader)
        (position,) = (await trader.venue.account.account_state()).positions
        (intent,) = await trader.supervisor.desk.orders.live()
        assert served.engine_positions() == (), "the venue has no part in it"

        served.shown(f"{intent.stop.price - 50:f}")  # the market jumps below the stop
        await trader.watched.look_around()
        await trader.supervisor.look()
        await trader.pass_by(15_000)
        assert not await trader.supervisor.desk.orders.live()

        trading = trader.supervisor.desk.trading
        opening, closing = await trading.fills(SYMBOL, 0, trader.venue.clock.now_ms() + 60_000)
        contract = served.sandbox.world.engine.contract(SYMBOL)
        assert contract is not None
        assert closing.price == intent.stop.price - 50 - Decimal("0.1"), "the bid of that quote: worse than the stop"
        paid = sum(fill.size * contract.contract_size * fill.price * rate for fill, rate in fees(opening, closing))
        gross = position.size * contract.contract_size * (closing.price - opening.price)
        outcome = await read_outcome(trader.venue, trader.supervisor.desk.orders, trading, 0)
        (trade,) = outcome.trades.trades
        assert (trade.gross_usdt, trade.fees_usdt) == (gross, pytest.approx(paid, abs=Decimal("1e-7")))
        assert trade.net_usdt == trade.gross_usdt - trade.fees_usdt
        assert trade.r_net is not None
        assert trade.r_net < -1
        assert outcome.money.difference == 0
        assert trader.alarms == []
        assert private_calls(served) == []
        assert served.sandbox.face.calls, "it was asked in public"


def fees(opening: object, closing: object) -> list[tuple[object, Decimal]]:
    return [(opening, Decimal("0.0002")), (closing, Decimal("0.0006"))]


async def test_after_a_new_start_the_account_is_what_it_was_and_is_supervised_on(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served:
        async with paper_trader(served, tmp_path) as trader:
            await trader.supervisor.look()
            await entered(trader)
            before = await trader.venue.account.account_state()
            orders = await trader.supervisor.desk.trading.open_orders()
        async with paper_trader(served, tmp_path) as trader:
            after = await trader.venue.account.account_state()
            assert [evolve(one, unrealised_profit=0, mark_price=0) for one in after.positions] == [
                evolve(one, unrealised_profit=0, mark_price=0) for one in before.positions
            ]
            assert await trader.supervisor.desk.trading.open_orders() == orders
            await trader.pass_by(15_000)
            (intent,) = await trader.supervisor.desk.orders.live()
            assert intent.position is PositionState.PROTECTED
            assert trader.alarms == []


async def test_one_process_trades_on_the_account_and_others_only_look(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served, paper_trader(served, tmp_path) as trader:
        await trader.supervisor.look()
        await entered(trader)
        database = f"sqlite:///{tmp_path / 'mtf.db'}"
        settings = settings_for(served, MTF_PAPER="yes", DATABASE_URL=database)
        async with opened(settings, profiles=ready) as other:
            with pytest.raises(TradingRefusedError, match="another process of this machine trades") as refused:
                await other.orchestrator().desk()
            assert "stop it, and start `mtf run --every 1m --supervise --no-dry-run`" in str(refused.value)
            state = await other.venue().account.account_state()
            assert [one.symbol for one in state.positions] == [SYMBOL]
            assert len(await other.stores().orders.live()) == 1
            dry = await other.orchestrator().run(RunRequest(symbols=(SYMBOL,)))
            assert dry.results[SYMBOL].reason is Reason.HAS_OPEN_ORDERS_OR_POSITIONS


async def test_an_account_that_goes_on_is_not_traded_with_a_database_that_ends(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served:
        settings = settings_for(served, MTF_PAPER="yes", DATABASE_URL="memory")
        async with opened(settings, profiles=ready) as container:
            with pytest.raises(TradingRefusedError, match="the database ends with this process, and the account does"):
                await container.orchestrator().desk()
            dry = await container.orchestrator().run(RunRequest(**ONE))
            assert dry.account_error is None


async def test_a_venue_that_fails_stops_entries_and_loses_nothing(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served, paper_trader(served, tmp_path) as trader:
        await trader.supervisor.look()
        await entered(trader)
        trading = trader.supervisor.desk.trading
        before, stands = await trading.sync(), await trading.open_orders()

        served.sandbox.face.use_script(f"{UNHURRIED}\n{BROKEN}")
        report = await trader.run(symbols=("ETHUSDT",))
        assert not [one for one in report.results.values() if one.order and one.order.status is OrderStatus.SUBMITTED]
        assert (await trading.sync()).positions == before.positions
        assert await trading.open_orders() == stands

        served.sandbox.face.use_script(UNHURRIED)
        await trader.pass_by(15_000)
        (intent,) = await trader.supervisor.desk.orders.live()
        assert intent.position is PositionState.PROTECTED


async def test_by_quotes_that_are_too_old_nothing_is_entered(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served, paper_trader(served, tmp_path) as trader:
        await trader.watched.look((SYMBOL,))
        served.sandbox.face.use_script(f"{UNHURRIED}\n{BROKEN}")
        order = entry(served, trader)
        served.sandbox.face.use_script(UNHURRIED)
        await served.step(30_000)
        for _ in range(2):
            await trader.venue.market.server_time_ms()
        served.sandbox.face.use_script(f"{UNHURRIED}\n{BROKEN}")
        late = evolve(order, not_after_ms=trader.venue.clock.now_ms() + 60_000)
        outcome = await trader.supervisor.desk.trading.submit_entry(late)
        assert (outcome.result, outcome.code) == (WriteResult.REJECTED, "no_market")


def entry(served: Exchange, trader: Trader) -> EntryOrder:
    return EntryOrder(
        symbol=SYMBOL,
        side=Side.LONG,
        size=Decimal(6),
        order_type=OrderType.MARKET,
        price=None,
        time_in_force=TimeInForce.IOC,
        post_only=False,
        leverage=Decimal(5),
        margin_mode=MarginMode.ISOLATED,
        client_order_id="byhand1",
        not_after_ms=trader.venue.clock.now_ms() + 60_000,
        stop=None,
    )


async def test_what_paper_stores_bears_a_name_of_its_own_and_its_label_says_what_it_is(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served, paper_trader(served, tmp_path) as trader:
        real = settings_for(served)
        async with opened(real) as other:
            assert trader.venue.namespace == f"{other.venue().namespace}-paper"
            assert private_calls(served) == []
            await other.venue().account.account_state()
            assert private_calls(served), "else the count would count nothing"
        assert trader.venue.orders_namespace.startswith(f"{trader.venue.namespace}-paper-")
        assert trader.venue.label.startswith("paper account at the quotes of the sandbox that speaks as BitMart")
        assert any("is not used" in remark for remark in trader.venue.remarks), "a key is set"


async def test_what_prometheus_is_told_of_orders_and_money_says_that_it_is_paper(tmp_path: Path) -> None:
    async with exchange(UNHURRIED) as served, paper_trader(served, tmp_path) as trader:
        await trader.supervisor.look()
        await entered(trader)
        text = (await Scrape(trader.container.environment(), trader.container.metrics()).text()).decode()
        assert value(text, "mtf_positions", account="paper", state="protected") == 1
        assert value(text, "mtf_equity_usdt", account="paper") is not None
        assert 'account="live"' not in text
