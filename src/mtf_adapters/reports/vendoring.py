"""The libraries of others that a page carries inside: their texts, and what their licences ask for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_PACKAGE = "mtf_adapters.reports"
CHARTS, PLOTS, PLOT_STYLE = "lightweight-charts.standalone.production.js", "uPlot.iife.min.js", "uPlot.min.css"
CHARTS_NOTICE, PLOTS_LICENCE = "lightweight-charts.NOTICE", "uplot.LICENSE"


@cache
def vendored(name: str) -> str:
    """The text of a file of another's, as it was published."""
    return files(_PACKAGE).joinpath("vendored", name).read_text(encoding="utf-8")


@cache
def asset(name: str) -> str:
    """The text of a file of our own that stands beside this module."""
    return files(_PACKAGE).joinpath("assets", name).read_text(encoding="utf-8")
