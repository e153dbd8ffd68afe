"""One page with everything that a replay has to say: it opens from a disk, without a network, in light and in dark.

All figures are tables, which need no program. Charts are drawn by two libraries that stand inside the page; what they
draw is the report's JSON document, packed. A policy in the page forbids whatever would load anything.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from mtf_adapters.reports import page_sections as sections
from mtf_adapters.reports.markup import Html, element, packed, section
from mtf_adapters.reports.page_candles import candles_for_page
from mtf_adapters.reports.page_scatter import scatter
from mtf_adapters.reports.vendoring import CHARTS, CHARTS_NOTICE, PLOT_STYLE, PLOTS, PLOTS_LICENCE, asset, vendored
from mtf_core.replay.report import Report

CHARTS_HOME = "https://www.tradingview.com/"
"""The link that the licence of the charts asks for: the only address in a page that is not in a library's own text."""


def report_page(report: Report, document: dict[str, Any] | None = None) -> str:
    """The page; the same report gives the same text. `document`: the report's JSON, where it is there already."""
    told = report.to_json() if document is None else document
    programs = (vendored(PLOTS), vendored(CHARTS), asset("page.js"))
    body = (
        sections.head(report),
        sections.honesty(report),
        sections.summary(report),
        _equity(),
        sections.months(report),
        sections.ready(report),
        _candles(),
        sections.groups(report),
        section("How far trades went", scatter(report.ledger), ident="excursions"),
        sections.trades(report),
        sections.assumptions(report),
        _notices(),
        packed("report", told),
        packed("candles", candles_for_page(report.ledger)),
        *(Html(f"<script>{program}</script>") for program in programs),
    )
    return f"<!doctype html>\n{_whole(report.ledger.profile, body, programs).text}\n"


def _whole(profile: str, body: tuple[Html, ...], programs: tuple[str, ...]) -> Html:
    head = (
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(programs)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        element("title", f"{profile}: a replay"),
        Html(f"<style>{vendored(PLOT_STYLE)}\n{asset('page.css')}</style>"),
    )
    return element("html", element("head", *head), element("body", element("main", *body)), lang="en")


def _policy(programs: tuple[str, ...]) -> str:
    """Nothing is loaded, and no program runs but these, whatever else might have got into the page."""
    digests = (base64.b64encode(hashlib.sha256(program.encode()).digest()).decode() for program in programs)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rest = ("style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'")
    return "; ".join(("default-src 'none'", f"script-src {allowed}", *rest))


def _equity() -> Html:
    said = (
        "Equity after each fill and at each full hour while something is open, and the same money in buy and hold. "
        "Below: how far equity lies under its best. A click on a name hides or shows its curve."
    )
    return section(
        "Equity",
        element("p", said),
        element("div", id="equity", class_="chart"),
        element("div", id="underwater", class_="chart"),
        element("noscript", element("p", "Charts need JavaScript; every figure is in a table.")),
    )


def _candles() -> Html:
    choices = (
        element("label", "Symbol ", element("select", id="symbol")),
        element("label", "Trade ", element("select", id="trade")),
    )
    return section(
        "Trades on candles",
        element("p", id="candles-told"),
        element("p", *choices, id="choices", hidden="hidden"),
        element("div", id="candle-chart", class_="chart tall"),
        element("noscript", element("p", "Charts need JavaScript; the trades are in the table below.")),
    )


def _notices() -> Html:
    charts = vendored(CHARTS_NOTICE).replace(CHARTS_HOME, "").strip()
    link = element("a", CHARTS_HOME, href=CHARTS_HOME, rel="noopener noreferrer")
    plots = element("details", element("summary", "uPlot: MIT licence"), element("pre", vendored(PLOTS_LICENCE)))
    licence = " Licensed under the Apache License, Version 2.0."
    return element("footer", element("p", f"Candles are drawn by {charts} ", link, licence), plots)
