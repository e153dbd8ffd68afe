"""The page of a replay: whole in itself, true to the report, and nothing of the data is markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.reports.markup import unpacked
from mtf_adapters.reports.page import CHARTS_HOME, report_page
from mtf_adapters.reports.page_candles import Room, candles_for_page, encoded
from mtf_adapters.reports.page_scatter import MOST_POINTS, scatter
from mtf_adapters.reports.page_sections import MOST_TRADES
from mtf_adapters.reports.vendoring import CHARTS, PLOT_STYLE, PLOTS, asset, vendored
from mtf_core.market import MINUTE_MS, Candles, Timeframe
from mtf_core.replay.ledger import Ledger
from mtf_core.replay.report import Report, ledger_report
from mtf_core.replay.report_words import headline_rows, honesty_rows, ready_rows
from tests.unit.replay.ledgers import START_MS, Drawn, a_drawn_ledger, a_ledger, a_market, a_trade

_EMPTY = {"meta", "link", "img", "br", "hr", "input"}
_LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "ping", "formaction", "xlink:href"}


@define
class Read(HTMLParser):
    """A page as a reader without a program sees it, and what its scripts hold."""

    texts: list[str] = field(factory=list)
    scripts: list[tuple[dict[str, str | None], str]] = field(factory=list)
    styles: list[str] = field(factory=list)
    loading: list[tuple[str, str, str | None]] = field(factory=list)
    handlers: list[str] = field(factory=list)
    tags: list[str] = field(factory=list)
    policies: list[str | None] = field(factory=list)
    _open: list[tuple[str, dict[str, str | None]]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loading += [(tag, name, value) for name, value in attrs if name in _LOADING]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policies.append(dict(attrs)["content"])
        if tag not in _EMPTY:
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        name, _ = self._open.pop()
        assert name == tag, "elements end in the order in which they began"

    def handle_data(self, data: str) -> None:
        tag, attributes = self._open[-1] if self._open else ("", {})
        if tag == "script":
            self.scripts.append((attributes, data))
        elif tag == "style":
            self.styles.append(data)
        elif data.strip():
            self.texts.append(data.strip())

    def packed(self, ident: str) -> object:
        (found,) = [text for attributes, text in self.scripts if attributes.get("id") == ident]
        return unpacked(found)

    @property
    def programs(self) -> list[str]:
        return [text for attributes, text in self.scripts if attributes.get("type") is None]


def read(page: str) -> Read:
    found = Read()
    found.feed(page)
    found.close()
    assert not found._open
    return found


@pytest.fixture(scope="module")
def report() -> Report:
    return ledger_report(a_drawn_ledger(), 12)


@pytest.fixture(scope="module")
def page(report: Report) -> Read:
    return read(report_page(report))


# --- whole in itself ------------------------------------------------------------------------------------------
def test_nothing_in_a_page_is_loaded_from_anywhere(page: Read) -> None:
    assert page.loading == [("a", "href", CHARTS_HOME)], "the link that the licence of the charts asks for"
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not any("url(" in style or "@import" in style for style in page.styles)
    (policy,) = page.policies
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy


def test_no_program_runs_in_a_page_but_the_three_that_were_put_there(page: Read) -> None:
    (policy,) = page.policies
    digests = [base64.b64encode(hashlib.sha256(program.encode()).digest()).decode() for program in page.programs]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert f"script-src {allowed};" in str(policy)


def test_outside_of_the_libraries_a_page_names_one_address(report: Report) -> None:
    text = report_page(report)
    for library in (CHARTS, PLOTS, PLOT_STYLE):
        assert vendored(library) in text
        text = text.replace(vendored(library), "")
    assert set(re.findall(r"https?://[^\s\"'<)]*", text)) == {CHARTS_HOME}


def test_the_libraries_name_their_licences_their_home_and_nothing_else() -> None:
    """They cannot load anything either: the page's policy forbids it."""
    texts = [vendored(name) for name in (CHARTS, PLOTS, PLOT_STYLE)]
    found = {address for text in texts for address in re.findall(r"https?://[\w./-]*", text)}
    assert found == {
        "https://www.apache.org/licenses/LICENSE-2.0",
        "https://www.tradingview.com/",
        "http://www.w3.org/2000/svg",  # the name of a vocabulary
        "https://github.com/leeoniya/uPlot",
    }


def test_the_page_has_three_programs_and_no_handlers_in_its_elements(page: Read) -> None:
    assert page.programs == [vendored(PLOTS), vendored(CHARTS), asset("page.js")]
    assert page.handlers == []


def test_the_libraries_are_those_that_the_manifest_says_with_the_notices_that_they_ask_for(page: Read) -> None:
    folder = files("mtf_adapters.reports").joinpath("vendored")
    manifest = json.loads(folder.joinpath("manifest.json").read_text())
    told = {name: digest for library in manifest.values() for name, digest in library["files"].items()}
    there = {one.name for one in folder.iterdir()} - {"manifest.json", "README.md"}
    assert there == set(told)
    for name, digest in told.items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest, name
    shown = " ".join(page.texts)
    assert "TradingView Lightweight Charts™" in shown
    assert "The MIT License (MIT)" in shown


# --- true to the report ---------------------------------------------------------------------------------------
def test_the_embedded_document_is_the_report(page: Read, report: Report) -> None:
    assert page.packed("report") == report.to_json()


def test_without_a_program_every_figure_can_be_read(page: Read, report: Report) -> None:
    told = [*honesty_rows(report.honesty), *headline_rows(report)]
    for row in (*told, *((what.strip(), count) for what, count, _ in ready_rows(report.figures.ready))):
        for text in row:
            assert text in page.texts
    for groups in report.figures.groups.values():
        assert {one.name for one in groups} <= set(page.texts)
    for warning in (*report.honesty.warnings, *report.ledger.remarks):
        assert warning in page.texts


def test_what_speaks_against_the_figures_stands_above_them(page: Read) -> None:
    headings = ["Before you believe it", "Figures", "Equity", "Month by month", "Trades", "What is assumed"]
    assert sorted(headings, key=page.texts.index) == headings


def test_few_trades_say_so_wherever_there_is_a_ratio() -> None:
    few = read(report_page(ledger_report(a_ledger([a_trade(), a_trade(-1, key="b")]))))
    assert few.texts.count("too few") == 1 + 8 + 1, "the month, each kind of group, a second exit reason"


def test_books_that_do_not_add_up_are_told_in_the_box(report: Report) -> None:
    broken = read(report_page(ledger_report(evolve(a_ledger([a_trade()]), equity=()))))
    assert any(text.startswith("The books do not add up: the change of equity") for text in broken.texts)


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert report_page(report) == report_page(ledger_report(a_drawn_ledger(), 12))


@pytest.mark.parametrize("hostile", ["</script><script>alert(1)//", "<img src=x onerror=alert(1)>", "\"'><b>&amp;"])
def test_nothing_of_the_data_is_markup(hostile: str) -> None:
    market = a_market(hostile, minutes=1440, origin=hostile, digest=hostile)
    trade = a_trade(symbol=hostile, key=hostile)
    ledger = a_ledger([trade], profile=hostile, markets=(market,), remarks=(hostile,), version=hostile)
    missed = evolve(ledger.ready[0], ended=hostile)
    shown = read(report_page(ledger_report(evolve(ledger, ready=(*ledger.ready, missed)))))
    plain = read(report_page(ledger_report(a_ledger([a_trade()], markets=(a_market(minutes=1440),), remarks=("x",)))))
    assert sorted(set(shown.tags)) == sorted(set(plain.tags))
    assert shown.handlers == []
    assert hostile in shown.texts
    assert len(shown.scripts) == len(plain.scripts)


def test_a_replay_without_a_trade_has_a_page() -> None:
    shown = read(report_page(ledger_report(a_ledger())))
    assert shown.packed("candles") == {}
    assert "No trade tells how far it went." in shown.texts


# --- size -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def large() -> Ledger:
    return a_drawn_ledger(Drawn(symbols=8, days=60, trades=12_000))


def test_a_page_of_very_many_trades_stays_below_five_megabytes(large: Ledger) -> None:
    text = report_page(ledger_report(large))
    assert len(text.encode()) < 5_000_000
    shown = read(text)
    assert shown.tags.count("circle") <= MOST_POINTS
    assert any(f"the other {12_000 - MOST_TRADES}" in said for said in shown.texts)


def test_candles_have_room_for_the_trades_that_moved_the_most_money(large: Ledger) -> None:
    room = Room(far=2_000, near=3_000)
    found = candles_for_page(large, room)
    near = {int(number) for one in found.values() for number in one["near"]}
    assert sum(len(one["close"]) for symbol in found.values() for one in symbol["far"]) <= room.far
    assert sum(len(one["close"]) for symbol in found.values() for one in symbol["near"].values()) <= room.near
    moved = [abs(float(one["net_usdt"])) for one in ledger_report(large).to_json()["trades"]]
    assert min(moved[number] for number in near) > np.median(moved)


# --- candles --------------------------------------------------------------------------------------------------
def decoded(stretch: dict[str, list[int]], decimals: int) -> list[tuple[int, float, float, float, float]]:
    """As the page's program does it."""
    minute, before, rows = stretch["at"], 0, []
    for row, step in enumerate(stretch["close"]):
        if row:
            minute += stretch["step"] * (stretch["times"][row] if "times" in stretch else 1)
        close, open_ = before + step, before + stretch["open"][row]
        high, low = max(open_, close) + stretch["high"][row], min(open_, close) - stretch["low"][row]
        rows.append((minute * MINUTE_MS, *(value / 10**decimals for value in (open_, high, low, close))))
        before = close
    return rows


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 5))
def test_packed_candles_are_the_candles_also_around_gaps(there: list[bool], seed: int) -> None:
    candles = a_market(minutes=len(there), seed=seed).candles[np.array(there)]
    coded = encoded(candles, 1)
    if coded is None:
        assert not any(there)
        return
    columns = (candles.open_ms, candles.open, candles.high, candles.low, candles.close)
    np.testing.assert_allclose(np.array(decoded(coded, 1)).T, columns, rtol=1e-12)


def test_around_a_trade_there_are_candles_before_the_decision_and_after_the_exit() -> None:
    trade = a_trade(opened_ms=START_MS + 1440 * MINUTE_MS)
    found = candles_for_page(a_ledger([trade]))["BTCUSDT"]
    (far,), near = found["far"], found["near"]["0"]
    assert near["at"] * MINUTE_MS == trade.decided_ms - 60 * MINUTE_MS
    assert len(near["close"]) == 1 + 60 + 60 + 60 + 1
    assert far["step"] == 15
    assert far["at"] * MINUTE_MS <= trade.decided_ms - 12 * 60 * MINUTE_MS


def test_a_trade_of_a_day_is_shown_from_afar_only() -> None:
    found = candles_for_page(a_ledger([a_trade(held_ms=1440 * MINUTE_MS)]))["BTCUSDT"]
    assert found["near"] == {}
    assert found["far"]


def test_prices_without_a_grid_of_decimals_keep_their_picture() -> None:
    empty = Candles.empty(Timeframe.M1)
    assert encoded(empty, 3) is None
    market = a_market(minutes=1440)
    coarse = evolve(market, contract=evolve(market.contract, tick_size=market.contract.tick_size * 50))
    assert candles_for_page(a_ledger([a_trade()], markets=(coarse,)))["BTCUSDT"]["decimals"] == 0


def test_a_trade_of_a_symbol_without_candles_is_left_out() -> None:
    assert candles_for_page(a_ledger([a_trade(symbol="GONEUSDT")])) == {}


# --- scatter --------------------------------------------------------------------------------------------------
def test_stopped_trades_do_not_lie_on_the_edge_where_those_are_that_went_farther() -> None:
    trades = [evolve(a_trade(-1, key=str(one), mae_r=-1), decided_ms=START_MS) for one in range(30)]
    text = scatter(a_ledger([*trades, a_trade(-1, key="far", mae_r=-9)])).text
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', text)]
    assert max(places) - places[0] > 50
    assert "; at the edge of the picture: 1 trade that went farther." in text


def test_every_trade_that_tells_how_far_it_went_is_a_point_within_the_picture() -> None:
    trades = [a_trade(r, key=str(r)) for r in (3, -1, 0, 100)]
    text = scatter(a_ledger([*trades, a_trade(key="x", mfe_r=None)])).text
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', text)]
    assert len(places) == 4
    assert all(0 < x < 720 and 0 < y < 420 for x, y in places)
    assert [text.count(f'class="{name}"') for name in ("gain", "loss", "even")] == [2, 1, 1]
