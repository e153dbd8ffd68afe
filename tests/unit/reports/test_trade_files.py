"""Trades as files."""

from __future__ import annotations

import csv
import io
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from mtf_adapters.reports.ready_csv import ready_csv
from mtf_adapters.reports.trade_columns import COLUMNS
from mtf_adapters.reports.trades_csv import trades_csv
from mtf_adapters.reports.trades_parquet import ParquetNotInstalledError, trades_parquet
from mtf_core.market import parse_instant
from mtf_core.reasons import Reason
from mtf_core.replay.ledger import Fate, Ledger, ReplayedTrade
from mtf_core.replay.report import ledger_report
from tests.unit.replay.ledgers import START_MS, a_drawn_ledger, a_ledger, a_minute, a_trade, many_trades

D = Decimal


def rows_of_csv(ledger: Ledger) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(trades_csv(ledger).decode(), newline="")))


def told(ledger: Ledger) -> list[dict[str, object]]:
    document = ledger_report(ledger).to_json()
    return [{**one, **more} for one, more in zip(document["trades"], document["trade_details"], strict=True)]


@given(many_trades(max_size=4))
def test_a_csv_has_every_digit_of_the_document(trades: list[ReplayedTrade]) -> None:
    ledger = a_ledger(trades)
    for row, trade in zip(rows_of_csv(ledger), told(ledger), strict=True):
        assert row == {name: "" if value is None else str(value) for name, value in trade.items()}


def test_the_columns_are_the_names_of_the_document() -> None:
    (trade,) = told(a_ledger([a_trade()]))
    assert list(trade) == list(COLUMNS)


def test_a_parquet_file_has_types_and_the_same_values() -> None:
    ledger = a_drawn_ledger()
    table = pq.read_table(io.BytesIO(trades_parquet(ledger)))
    assert table.schema.field("net_usdt").type == pa.decimal128(38, 18)
    assert table.schema.field("exit_at").type == pa.timestamp("ms", tz="UTC")
    for row, trade in zip(table.to_pylist(), told(ledger), strict=True):
        assert row["net_usdt"] == D(str(trade["net_usdt"]))
        assert row["exit_at"] == parse_instant(str(trade["exit_at"]))
        assert (row["r_net"], row["exit_reason"]) == (trade["r_net"], trade["exit_reason"])


def test_files_of_two_replays_can_be_put_together_also_where_one_has_no_trade() -> None:
    some, none = (pq.read_table(io.BytesIO(trades_parquet(a_ledger(trades)))) for trades in ([a_trade()], []))
    assert some.schema == none.schema
    assert pa.concat_tables([some, none]).num_rows == 1


def test_what_is_not_known_is_empty() -> None:
    ledger = a_ledger([a_trade(r_net=None, mfe_r=None, mae_r=None, exit_price=None)])
    (row,) = rows_of_csv(ledger)
    assert {row[name] for name in ("r_net", "mfe_r", "mae_r", "exit_price")} == {""}
    (stored,) = pq.read_table(io.BytesIO(trades_parquet(ledger))).to_pylist()
    assert {stored[name] for name in ("r_net", "mfe_r", "mae_r", "exit_price")} == {None}


def test_the_same_ledger_gives_the_same_bytes() -> None:
    one, other = a_drawn_ledger(), a_drawn_ledger()
    assert trades_csv(one) == trades_csv(other)
    assert trades_parquet(one) == trades_parquet(other)


def test_digits_beyond_the_eighteenth_are_rounded_in_parquet_alone() -> None:
    third = D(1) / 3
    ledger = a_ledger([a_trade(entry_price=third)])
    assert rows_of_csv(ledger)[0]["entry_price"] == f"{third:f}"
    (row,) = pq.read_table(io.BytesIO(trades_parquet(ledger))).to_pylist()
    assert row["entry_price"] == D("0.333333333333333333")


def test_every_ready_minute_is_a_row_that_says_what_became_of_it() -> None:
    ledger = a_drawn_ledger()
    rows = list(csv.DictReader(io.StringIO(ready_csv(ledger).decode(), newline="")))
    assert len(rows) == len(ledger.ready)
    for row, minute in zip(rows, ledger.ready, strict=True):
        assert (row["decision_key"], row["fate"]) == (minute.decision_key, str(minute.fate))
        assert bool(row["entry_price"]) == (minute.plan is not None)
        assert bool(row["then_first"]) == (minute.afterwards is not None)
        assert row["reason"] == ("" if minute.reason is None else str(minute.reason))


def test_the_numbers_behind_a_refusal_stand_in_its_row() -> None:
    refused = a_minute("A", START_MS, Fate.REFUSED, Reason.SYMBOL_BUSY, facts={"open": "3", "limit": "2"})
    (row,) = csv.DictReader(io.StringIO(ready_csv(a_ledger(ready=(refused,))).decode(), newline=""))
    assert (row["facts"], row["entry_price"], row["at"]) == ("open 3; limit 2", "", "2026-01-05T00:00:00Z")


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetNotInstalledError, match=r"pip install 'mtf-orchestrator\[parquet\]'"):
        trades_parquet(a_ledger())
