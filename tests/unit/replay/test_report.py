"""The report: what it warns of, whether its books add up, and the names of its document."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from attrs import evolve, fields
from hypothesis import given

from mtf_core.replay.assumed import assumptions_of
from mtf_core.replay.honesty import Trials
from mtf_core.replay.ledger import EquityPoint, Fate, ReplayedTrade
from mtf_core.replay.report import Report, ledger_report
from mtf_core.replay.report_words import NOTE, group_cells, headline_rows, honesty_rows, ready_rows
from mtf_core.settings.replay import ReplaySettings
from tests.unit.replay.ledgers import (
    BALANCE,
    HOUR_MS,
    ONE_R,
    START_MS,
    a_drawn_ledger,
    a_ledger,
    a_market,
    a_minute,
    a_trade,
    many_trades,
    minute_of,
)
from tests.unit.replay.test_figures import in_a_row

D = Decimal
TRADE = [
    *("symbol", "side", "decision_key", "decided_at", "entry_at", "exit_at", "entry_price", "exit_price", "size"),
    *("contract_size", "gross_usdt", "fees_usdt", "funding_usdt", "net_usdt", "r_gross", "r_net", "mfe_r", "mae_r"),
    "exit_reason",
]
SUMMARY = {
    *("trades", "gross_usdt", "net_usdt", "fees_usdt", "funding_usdt", "expectancy_r", "expectancy_r_low"),
    *("expectancy_r_high", "profit_factor", "win_rate", "max_drawdown_pct"),
}


@pytest.fixture(scope="module")
def report() -> Report:
    return ledger_report(a_drawn_ledger(), 12)


# --- the document ---------------------------------------------------------------------------------------------
def test_a_trade_has_exactly_the_names_of_the_contract() -> None:
    (trade,) = ledger_report(a_ledger([a_trade()])).to_json()["trades"]
    assert list(trade) == TRADE
    assert trade == {
        "symbol": "BTCUSDT",
        "side": "long",
        "decision_key": f"BTCUSDT:5m:{START_MS + HOUR_MS}:long",
        "decided_at": "2026-01-05T00:59:00Z",
        "entry_at": "2026-01-05T01:00:00Z",
        "exit_at": "2026-01-05T02:00:00Z",
        "entry_price": "100",
        "exit_price": "101",
        "size": "10",
        "contract_size": "0.001",
        "gross_usdt": "51.75",
        "fees_usdt": "1.5",
        "funding_usdt": "0.25",
        "net_usdt": "50",
        "r_gross": 1.035,
        "r_net": 1.0,
        "mfe_r": 1.3,
        "mae_r": -0.2,
        "exit_reason": "target",
    }


def test_the_summary_has_the_names_of_the_contract_and_its_sums_are_those_of_the_trades(report: Report) -> None:
    document = report.to_json()
    assert set(document["summary"]) >= SUMMARY
    for name in ("gross_usdt", "fees_usdt", "funding_usdt", "net_usdt"):
        assert D(document["summary"][name]) == sum(D(one[name]) for one in document["trades"])
    assert document["summary"]["trades"] == len(document["trades"]) == len(document["trade_details"])
    assert 0 < document["summary"]["max_drawdown_pct"] < 100


def test_the_document_is_json_without_any_number_that_json_has_not(report: Report) -> None:
    for one in (report, ledger_report(a_ledger()), ledger_report(a_ledger([a_trade()]))):
        document = one.to_json()
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        assert list(document)[:5] == ["replay", "honesty", "summary", "assumptions", "ready"]


def test_the_same_ledger_is_the_same_document(report: Report) -> None:
    assert ledger_report(a_drawn_ledger(), 12).to_json() == report.to_json()


def test_every_setting_of_the_replay_stands_among_what_is_assumed() -> None:
    document = ledger_report(a_ledger()).to_json()["assumptions"]
    for one in fields(ReplaySettings):
        assert document[one.name] is not None
        assert document["meanings"][one.name]
    assert document["slippage_bps"] == "2"
    assert document["spreads"][1] == {"turnover_usdt": "1000000", "bps": "10"}
    assert document["always"]


def test_a_changed_setting_is_told_as_it_was() -> None:
    settings = ReplaySettings(slippage_bps=D("7.5"), stop_before_target=False)
    told = {one.name: one.text for one in assumptions_of(a_ledger(settings=settings))}
    assert (told["slippage_bps"], told["stop_before_target"]) == ("7.5 bps", "no")
    assert told["spreads"].startswith("0 USDT 20 bps; 1,000,000 USDT 10 bps; ")


def test_the_curve_of_the_document_has_its_deepest_point(report: Report) -> None:
    document = report.to_json()
    deepest = min(one["underwater_pct"] for one in document["equity"])
    assert deepest == pytest.approx(-document["summary"]["max_drawdown_pct"], abs=1e-5)
    assert len(document["equity"]) <= 2_002


# --- whether it adds up ---------------------------------------------------------------------------------------
def held(report: Report) -> list[bool]:
    return [one.holds for one in report.checks]


@given(many_trades(max_size=6))
def test_a_ledger_that_adds_up_passes_every_check(trades: list[ReplayedTrade]) -> None:
    assert held(ledger_report(a_ledger(trades))) == [True, True, True]


def test_money_that_no_trade_explains_is_told_to_the_last_digit() -> None:
    ledger = a_ledger([a_trade()])
    last = evolve(ledger.equity[-1], equity=ledger.equity[-1].equity + D("0.0000001"))
    last = evolve(last, balance=last.balance + D("0.0000001"))
    broken = ledger_report(evolve(ledger, equity=(*ledger.equity[:-1], last)))
    assert held(broken) == [True, False, True]
    assert broken.checks[1].difference == D("0.0000001")
    assert broken.to_json()["checks"][1]["difference_usdt"] == "0.0000001"


def test_a_trade_whose_net_is_not_gross_less_costs_is_named() -> None:
    wrong = a_trade(net_usdt=D(99), key="wrong")
    broken = ledger_report(a_ledger([wrong, a_trade(key="right")]))
    assert broken.checks[0].holds is False
    assert broken.checks[0].why == "not so for wrong"


def test_a_traded_minute_without_its_trade_is_named() -> None:
    trade = a_trade()
    assert held(ledger_report(a_ledger([trade], ready=())))[2] is False
    twice = ledger_report(a_ledger([trade], ready=(minute_of(trade), minute_of(trade))))
    assert twice.checks[2].why == f"not so for {trade.trade.decision_key}"


def test_what_is_open_belongs_to_equity_with_all_that_it_has_paid() -> None:
    paid = (EquityPoint(START_MS + HOUR_MS, BALANCE + 7, BALANCE - 1, D(500)),)
    ready = (a_minute("BTCUSDT", START_MS, Fate.STILL_OPEN),)
    assert held(ledger_report(a_ledger(equity=paid, ready=ready, open_usdt=D(7)))) == [True, True, True]
    found = ledger_report(a_ledger(equity=paid, ready=ready, open_usdt=D(8)))
    assert held(found) == [True, False, True]
    assert found.checks[1].difference == -1
    assert found.to_json()["summary"]["open_usdt"] == "8"
    assert dict(headline_rows(found))["still open at the end"].startswith("+8.00 USDT")


# --- honesty --------------------------------------------------------------------------------------------------
def test_below_fifty_trades_every_ratio_says_too_few() -> None:
    few = ledger_report(a_ledger(in_a_row(*[1, -1, 2, -1] * 5)))
    assert few.honesty.too_few
    assert few.to_json()["summary"]["note"] == "too few"
    assert "too few trades: 20" in few.honesty.warnings[0]
    told = dict([*headline_rows(few), *honesty_rows(few.honesty)])
    for name in ("expectancy, net", "profit factor", "won", "costs of gross profit", "deflated Sharpe ratio"):
        assert "too few" in told[name], name
    assert "too few" in told["trades"]
    assert "too few" in told["Sharpe ratio, a year"]
    assert group_cells(few.figures.sums)[NOTE] == "too few"


def test_from_fifty_trades_on_no_ratio_says_too_few() -> None:
    many = ledger_report(a_ledger(in_a_row(*[1, -1, 2, -1, -1] * 10)))
    told = [*headline_rows(many), *honesty_rows(many.honesty)]
    assert not [text for _, text in told if "too few" in text]
    assert many.to_json()["summary"]["note"] == ""
    assert group_cells(many.figures.sums)[NOTE] == ""


def test_without_a_trade_nothing_is_claimed() -> None:
    told = dict(headline_rows(ledger_report(a_ledger())))
    assert {told[name] for name in ("profit factor", "won", "expectancy, net")} == {"–"}


def test_one_lucky_trade_symbol_or_week_is_told() -> None:
    trades = [*in_a_row(1, -1, 1, -1), a_trade(8, symbol="ETHUSDT", key="lucky")]
    honesty = ledger_report(a_ledger(trades)).honesty
    assert honesty.best_trade is not None
    assert (honesty.best_trade.name, honesty.best_trade.net_usdt, honesty.best_trade.share) == ("lucky", 8 * ONE_R, 1)
    assert honesty.best_week is not None
    assert honesty.best_week.name == "2026-W02"
    assert "the best trade alone (lucky) made 100 % of the net profit" in honesty.warnings
    assert "the best symbol alone (ETHUSDT) made 100 % of the net profit" in honesty.warnings


def test_what_there_is_only_one_of_is_no_concentration() -> None:
    honesty = ledger_report(a_ledger(in_a_row(2, 1, -1))).honesty
    assert not any("alone (BTCUSDT)" in text for text in honesty.warnings)
    assert dict(honesty_rows(honesty))["share of the best symbol"] == "there is only one: BTCUSDT"


def test_where_nothing_was_earned_there_is_no_share_of_it() -> None:
    honesty = ledger_report(a_ledger(in_a_row(1, -2))).honesty
    assert honesty.best_trade is not None
    assert honesty.best_trade.share is None
    assert "no profit to share" in dict(honesty_rows(honesty))["share of the best trade"]


def test_how_many_configurations_were_tried_lowers_what_is_believed() -> None:
    ledger = a_drawn_ledger()
    one, many = ledger_report(ledger).honesty, ledger_report(ledger, Trials(500, 0.01)).honesty
    assert (one.trials, many.trials) == (1, 500)
    assert one.deflated_sharpe is not None
    assert many.deflated_sharpe is not None
    assert many.deflated_sharpe.probability < one.deflated_sharpe.probability
    assert any("500 configurations" in text for text in many.warnings)
    assert not any("configurations" in text for text in one.warnings)


def test_liquidations_and_guessed_contracts_are_warned_of() -> None:
    guessed = a_market("ETHUSDT", minutes=60, contract_is_guessed=True)
    honesty = ledger_report(a_ledger(liquidations=2, markets=(guessed,))).honesty
    assert honesty.warnings[0].startswith("2 positions reached the liquidation price")
    assert "the contract (tick, size, fees) is guessed for ETHUSDT" in honesty.warnings
    assert dict(honesty_rows(honesty))["guessed contracts"] == "ETHUSDT"


# --- words and the notebook -----------------------------------------------------------------------------------
def test_the_funnel_names_each_reason_once(report: Report) -> None:
    told = [name.strip() for name, _, _ in ready_rows(report.figures.ready)]
    assert told == list(dict.fromkeys(told))
    assert {"traded", "sent, not filled", "order_timeout", "max_concurrent_positions_reached"} <= set(told)


def test_a_report_prints_itself_in_one_line() -> None:
    shown = repr(ledger_report(a_ledger([a_trade()])))
    assert shown.startswith("Report(")
    assert ": 1 symbol, 1 trade, net " in shown
    assert len(shown) < 200


def test_a_notebook_shows_what_speaks_against_it_first_and_nothing_of_the_data_is_markup() -> None:
    ledger = a_ledger([a_trade(symbol="<b>X")], profile="<script>")
    shown = ledger_report(evolve(ledger, ready=()))._repr_html_()
    assert "<script>" not in shown
    assert "<b>X" not in shown
    assert shown.index("does not add up") < shown.index("too few trades") < shown.index("net profit")
