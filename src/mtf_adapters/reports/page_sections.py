"""The parts of a replay's page that are tables: all of it can be read without a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from mtf_adapters.reports.markup import Cell, Html, element, pairs, section, table
from mtf_core.market import format_instant
from mtf_core.replay.assumed import ALWAYS, assumptions_of
from mtf_core.replay.checks import Check
from mtf_core.replay.groups import GroupedBy
from mtf_core.replay.ledger import ReplayedTrade
from mtf_core.replay.report import Report
from mtf_core.replay.report_json import money
from mtf_core.replay.report_words import (
    GROUP_COLUMNS,
    NET,
    NOTE,
    UNKNOWN,
    group_cells,
    headline_rows,
    honesty_rows,
    percent,
    ready_rows,
    two_digits,
    usdt,
)
from mtf_core.replay.sums import Sums, by_close
from mtf_core.words import counted

MOST_TRADES = 500
"""Rows of the table of trades; the files beside the page have all of them."""
_TRADE = (
    *("", "symbol", "side", "tf", "entered", "left", "entry", "exit"),
    *("net USDT", "R net", "MFE R", "MAE R", "left by"),
)
_TITLES = {
    GroupedBy.SYMBOL: "Symbol",
    GroupedBy.EXIT_REASON: "Why it was left",
    GroupedBy.TIMEFRAME: "Timeframe of the entry",
    GroupedBy.SIDE: "Side",
    GroupedBy.TREND: "Trend at the entry",
    GroupedBy.VOLATILITY: "Volatility at the entry",
    GroupedBy.HOUR: "Hour of the entry, UTC",
    GroupedBy.WEEKDAY: "Weekday of the entry, UTC",
}
_NUMBERS = (1, 3, 4, 5, 6, 7)


def head(report: Report) -> Html:
    ledger = report.ledger
    span = f"{format_instant(ledger.first_ms)} to {format_instant(ledger.last_ms)}"
    looked = f"{counted(len(ledger.markets), 'symbol')}, {ledger.minutes:,} decisions, mtf {ledger.version}"
    return element("header", element("h1", f"{ledger.profile}: a replay"), element("p", f"{span}; {looked}"))


def honesty(report: Report) -> Html:
    """The box at the top: what a reader has to know before believing a figure."""
    wrong = [_wrong(check) for check in report.checks if not check.holds]
    warned = [element("li", text, class_="warning") for text in report.honesty.warnings]
    remarks = [element("li", text) for text in report.ledger.remarks]
    listed = [element("ul", *wrong, *warned, *remarks)] if wrong or warned or remarks else []
    inside = (element("h2", "Before you believe it"), pairs(honesty_rows(report.honesty)), *listed)
    return element("section", *inside, id="honesty")


def _wrong(check: Check) -> Html:
    off = "" if check.difference is None else f", off by {money(check.difference)} USDT"
    why = f" ({check.why})" if check.why else ""
    return element("li", f"The books do not add up: {check.what}{off}{why}", class_="wrong")


def summary(report: Report) -> Html:
    return section("Figures", pairs(headline_rows(report)), ident="summary")


def months(report: Report) -> Html:
    rows = [
        [one.name, _signed(percent(one.returned, 2, sign=True), one.returned), *_sums(one.sums)]
        for one in report.figures.months
    ]
    columns = ("month", "return", *GROUP_COLUMNS)
    return section("Month by month", table(columns, rows, numbers=(1, 2, 4, 5, 6, 7, 8)), ident="months")


def groups(report: Report) -> Html:
    parts = []
    for by, title in _TITLES.items():
        rows = [[one.name, *_sums(one.sums)] for one in report.figures.groups[by]]
        parts.append(
            element(
                "div", element("h3", title), table((str(by).replace("_", " "), *GROUP_COLUMNS), rows, numbers=_NUMBERS)
            )
        )
    said = "Symbols, sides and so on: the worst first. A row of fewer than 50 trades says “too few”."
    return section(
        "What the trades have in common", element("p", said), element("div", *parts, class_="groups"), ident="groups"
    )


def _sums(sums: Sums) -> Sequence[Cell | str]:
    cells: list[Cell | str] = list(group_cells(sums))
    cells[NOTE] = Cell(str(cells[NOTE]), "few")
    cells[NET] = _signed(str(cells[NET]), sums.net_usdt)
    return cells


def _signed(text: str, value: Decimal | float) -> Cell:
    """Gains green and losses red; the sign says the same."""
    return Cell(text, "gain" if value > 0 else "loss" if value < 0 else "")


def ready(report: Report) -> Html:
    rows = [_ready_row(what, count, more) for what, count, more in ready_rows(report.figures.ready)]
    waiting = report.figures.waiting
    said = (
        f"A context had a side and nothing confirmed it: {counted(waiting.stretches, 'time')}, "
        f"{counted(waiting.minutes, 'minute')} in all, the longest {counted(waiting.longest_minutes, 'minute')}."
    )
    found = table(("what", "minutes", "more"), rows, numbers=(1,))
    told = [element("p", said)] if waiting.stretches else []
    return section("What became of the READY minutes", found, *told, ident="ready")


def _ready_row(what: str, count: str, more: str) -> list[Cell | str]:
    return [Cell(what.strip(), "part" if what.startswith(" ") else ""), count, more]


def trades(report: Report) -> Html:
    closed = by_close(report.ledger.trades)
    # Numbered as in the document, so that the program of the page finds them.
    chosen = sorted(range(len(closed)), key=lambda row: (-abs(closed[row].trade.net_usdt), row))[:MOST_TRADES]
    rows = [_trade_row(number, closed[number]) for number in sorted(chosen)]
    left_out = len(closed) - len(rows)
    told = (
        f"The {len(rows)} that moved the most money; trades.csv beside this page has the other {left_out}, too."
        if left_out
        else "Money in USDT, after costs. Times in UTC."
    )
    return section("Trades", element("p", told), table(_TRADE, rows, numbers=(0, 6, 7, 8, 9, 10, 11)), ident="trades")


def _trade_row(number: int, one: ReplayedTrade) -> list[Cell | str]:
    trade = one.trade
    return [
        str(number + 1),
        trade.symbol,
        str(trade.side),
        str(trade.execution_timeframe),
        UNKNOWN if trade.opened_ms is None else _minute(trade.opened_ms),
        _minute(trade.closed_ms),
        money(trade.entry_price) or UNKNOWN,
        money(trade.exit_price) or UNKNOWN,
        _signed(usdt(trade.net_usdt), trade.net_usdt),
        *map(two_digits, (trade.r_net, trade.mfe_r, trade.mae_r)),
        "unknown" if trade.exit_reason is None else str(trade.exit_reason),
    ]


def _minute(at_ms: int) -> str:
    return format_instant(at_ms)[:16].replace("T", " ")


def assumptions(report: Report) -> Html:
    settings = ([one.name, one.text, one.meaning] for one in assumptions_of(report.ledger))
    return section(
        "What is assumed",
        table(("setting", "value", "meaning"), settings),
        element("ul", *(element("li", text) for text in ALWAYS)),
        element("h3", "Data"),
        table(("symbol", "candles", "contract", "digest", "from"), _markets(report), numbers=(1,)),
        ident="assumptions",
    )


def _markets(report: Report) -> Iterator[list[Cell | str]]:
    for one in report.ledger.markets:
        contract = "guessed" if one.contract_is_guessed else "known"
        yield [one.symbol, f"{len(one.candles):,}", contract, one.digest[:16], one.origin]
