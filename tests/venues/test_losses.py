"""The day's loss by a venue's rows: to the last digit what the account lost, whatever is transferred meanwhile."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Transfer
from mtf_core.market import FlowKind, Side
from mtf_core.risk import Span, day_from_rows, result_by_rows
from mtf_core.settings.trade_entry import RiskSettings
from tests.venues.stages import BALANCE, Stage

HOURS_MS = 3_600_000


async def test_what_a_venue_booked_adds_up_to_what_the_account_lost(stage: Stage) -> None:
    """A loss, a gain of the other side, fees, funding while a position is held, and money that comes and goes."""
    price = stage.price()
    await stage.holds(9)
    stage.show(price * Decimal("0.98"))
    assert (await stage.trading.submit_exit(stage.exit(4))).is_done
    await stage.step(9 * HOURS_MS)
    stage.accounts.do(Transfer(stage.account, Decimal("-1234.56")))
    stage.accounts.do(Transfer(stage.account, Decimal("200")))
    assert (await stage.trading.submit_exit(stage.exit(5))).is_done
    assert (await stage.trading.submit_entry(stage.entry(3, side=Side.SHORT))).is_done
    await stage.step(2000)

    account = await stage.trading.sync()
    start_ms = Span.DAY.start_of(account.time_ms)
    flows = await stage.trading.cash_flows(start_ms, account.time_ms)
    assert {flow.kind for flow in flows} >= {FlowKind.REALISED_PROFIT, FlowKind.FEE, FlowKind.FUNDING}
    day = day_from_rows(start_ms, account, flows)
    result = result_by_rows(RiskSettings(), Span.DAY, day, account, flows)
    lost = BALANCE - Decimal("1034.56") - account.equity
    assert day.opening_equity == BALANCE
    assert result.loss == lost
