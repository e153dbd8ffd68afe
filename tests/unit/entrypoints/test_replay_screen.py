"""A replay's report on the terminal."""

from __future__ import annotations

import io

import pytest
from attrs import evolve, fields
from rich.console import Console

from mtf_core.replay.ledger import Ledger
from mtf_core.replay.report import ledger_report
from mtf_core.settings.replay import ReplaySettings
from mtf_entrypoints.cli.render.replay import print_replay
from tests.unit.replay.ledgers import Drawn, a_drawn_ledger, a_ledger, a_trade


def screen(ledger: Ledger, width: int = 100, trials: int = 1) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False)
    print_replay(ledger_report(ledger, trials), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def said(shown: str) -> str:
    """Without the folds and the frame."""
    return " ".join(shown.replace("│", " ").split())


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_longer_than_the_screen_or_a_hundred_columns(width: int) -> None:
    shown = screen(a_drawn_ledger(Drawn(symbols=8)), width)
    assert max(map(len, shown.splitlines())) <= min(width, 100)


def test_what_speaks_against_the_figures_stands_above_them() -> None:
    shown = said(screen(a_ledger([a_trade()]), trials=40))
    assert shown.index("Before you believe it") < shown.index("! too few trades: 1") < shown.index("gross and costs")
    assert "! 40 configurations were tried" in shown


def test_a_row_of_too_few_trades_says_so_whatever_the_width() -> None:
    for width in (50, 100):
        (row,) = [
            line for line in screen(a_ledger([a_trade()]), width).splitlines() if line.strip().startswith("long ")
        ]
        assert "too few" in row


def test_books_that_do_not_add_up_are_told_first() -> None:
    broken = evolve(a_ledger([a_trade()]), equity=())
    shown = said(screen(broken))
    assert shown.index("! the books do not add up: the change of equity") < shown.index("! too few trades")
    assert "off by -50 USDT" in shown


def test_every_setting_and_every_remark_is_printed() -> None:
    shown = screen(a_ledger(remarks=("ETHUSDT: 3 gaps",)))
    assert all(f"\n{one.name} " in shown for one in fields(ReplaySettings))
    assert "- ETHUSDT: 3 gaps" in shown
    assert "funding_rate         0.0001 = 0.01 %" in shown
    assert "0 USDT 20 bps; 1,000,000 USDT 10 bps" in shown


def test_of_many_symbols_the_worst_and_the_best_are_shown_and_the_rest_is_counted() -> None:
    trades = [a_trade(number, symbol=f"S{number:02}USDT") for number in range(1, 15)]
    shown = screen(a_ledger(trades))
    assert "  … 4 between" in shown
    assert "  S05USDT" in shown
    assert "  S06USDT" not in shown
    assert "  S10USDT" in shown


def test_a_replay_without_a_trade_shows_no_empty_tables() -> None:
    shown = screen(a_ledger())
    assert "Month by month" not in shown
    assert "READY minutes" in shown
