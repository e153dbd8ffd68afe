"""For every key of the rule language and of the sections of a validation file: two values that decide differently."""

from __future__ import annotations

from typing import Any

from tests.unit.settings.liveness.case import Case
from tests.unit.settings.liveness.histories import decisions

_FILE = "mtf_validations"
_TESTED = f"{_FILE}.rules.tested"
_RULES = f"{_FILE}.validation.timeframe"
_SELECTOR = f"{_FILE}.execution_selector"
_FILTERS = f"{_FILE}.filters_mandatory"

_RSI_UP = {"gt": 50, "field": "rsi"}
_TREND = {"gt": 25, "field": "1h.adx"}
_QUIET = {"lt": 0.0008, "field": "atr_pct"}


def _body(body: dict[str, Any], name: str, one: Any, other: Any) -> Case:
    """A rule in use, with two values of one of its keys; `.` leads into what is below."""
    given = {f"{_RULES}.1m.long": [_RSI_UP, "tested"], _TESTED: body}
    return Case(f"{_TESTED}.{name}", one, other, decisions, given)


_OP = {"op": ">", "left": "close", "right": "ema_20"}
_SLOPE = {"slope_left": "ema_20", "slope_lookback": 5, "op": ">", "right": 0}
_GROWING = {"increasing": {"field": "macd_hist", "n": 2}}
_SHRINKING = {"decreasing": {"field": "macd_hist", "n": 2}}
_RATE = {"derivative_gt": 0, "field": "macd_hist"}
_FALL = {"derivative_lt": 0, "field": "macd_hist"}
_WITHIN = {"within_bars": 2, "rule": {"lt": 40, "field": "rsi"}}

FORMS: dict[tuple[str, str], Case] = {
    ("all_of", "all_of"): _body({}, "all_of", [_TREND], [_TREND, _QUIET]),
    ("any_of", "any_of"): _body({}, "any_of", [_QUIET], [_QUIET, {"gt": 60, "field": "rsi"}]),
    ("not", "not"): _body({}, "not", _TREND, _QUIET),
    ("gt_fields", "gt_fields"): _body({}, "gt_fields", ["close", "ema_50"], ["ema_20", "ema_50"]),
    ("lt_fields", "lt_fields"): _body({}, "lt_fields", ["close", "ema_50"], ["ema_20", "ema_50"]),
    ("slope_left", "slope_left"): _body(_SLOPE, "slope_left", "ema_20", "ema_50"),
    ("slope_left", "slope_lookback"): _body(_SLOPE, "slope_lookback", 5, 20),
    ("slope_left", "op"): _body(_SLOPE, "op", ">", "<"),
    ("slope_left", "right"): _body(_SLOPE, "right", 0, 0.001),
    ("slope_left", "eps"): _body(_SLOPE, "eps", 0, 0.001),
    ("slope_left", "eps_pct"): _body(_SLOPE, "eps_pct", 0, 0.001),
    ("op", "op"): _body(_OP, "op", ">", "<"),
    ("op", "left"): _body(_OP, "left", "close", "ema_50"),
    ("op", "right"): _body(_OP, "right", "ema_20", "ema_50"),
    ("op", "eps"): _body(_OP, "eps", 0, 0.001),
    ("op", "eps_pct"): _body(_OP, "eps_pct", 0, 0.001),
    **{
        (key, name): _body({key: 55, "field": "rsi"}, name, one, other)
        for key in ("gt", "gte", "lt", "lte")
        for name, one, other in ((key, 55, 60), ("field", "rsi", "15m.rsi"))
    },
    **{
        (key, name): _body({"min": 50, "max": 60, "field": "rsi"}, name, one, other)
        for key in ("min", "max")
        for name, one, other in (("min", 50, 55), ("max", 60, 65), ("field", "rsi", "15m.rsi"))
    },
    ("increasing", "increasing"): _body({}, "increasing", {"field": "rsi", "n": 1}, {"field": "rsi", "n": 3}),
    ("decreasing", "decreasing"): _body({}, "decreasing", {"field": "rsi", "n": 1}, {"field": "rsi", "n": 3}),
    **{
        (form, name): _body({form: {"field": "macd_hist", "n": 2}}, f"{form}.{name}", one, other)
        for form in ("increasing", "decreasing")
        for name, one, other in (
            ("field", "macd_hist", "rsi"),
            ("n", 2, 3),
            ("eps", 0, 0.00002),
            ("eps_pct", 0, 0.00005),
        )
    },
    **{
        (key, name): _body(body, name, one, other)
        for key, body, limit in (("derivative_gt", _RATE, 0.00001), ("derivative_lt", _FALL, -0.00001))
        for name, one, other in ((key, 0, limit), ("field", "macd_hist", "rsi"), ("persist_n", 1, 3))
    },
    ("within_bars", "within_bars"): _body(_WITHIN, "within_bars", 2, 10),
    ("within_bars", "rule"): _body(_WITHIN, "rule", {"lt": 40, "field": "rsi"}, {"lt": 45, "field": "rsi"}),
}
"""By the key that announces a form and one of its keys; what is below `increasing` and `decreasing` is among them."""

_FILTER = [{"rule": "tested", "on": "context"}]
_FILTERED = {_TESTED: {"gt": 22, "field": "adx_14"}}
_WALK = {
    f"{_SELECTOR}.per_timeframe": {
        "15m": {"stay_on_if": [{"spread_bps_gt": 5}], "drop_to_lower_if_any": [{"gt": 45, "field": "rsi"}]},
        "5m": {"stay_on_if": []},
    }
}
_ONLY_IF = {f"{_SELECTOR}.allow_1m_only_for": {"enabled": True, "conditions": [{"spread_bps_gt": 5}]}}

SECTIONS: dict[str, Case] = {
    "rules": _body({}, "gt_fields", ["close", "ema_50"], ["ema_20", "ema_50"]),
    "filters_mandatory": Case(_FILTERS, None, [_TREND], decisions),
    "filters_mandatory.long": Case(f"{_FILTERS}.long", [_TREND], [_QUIET], decisions),
    "filters_mandatory.short": Case(f"{_FILTERS}.short", [_TREND], [_QUIET], decisions),
    "filters_mandatory[].rule": Case(
        f"{_FILTERS}.0.rule", {"gt": 22, "field": "adx_14"}, _QUIET, decisions, {_FILTERS: _FILTER, **_FILTERED}, True
    ),
    "filters_mandatory[].on": Case(
        f"{_FILTERS}.0.on", "context", "execution", decisions, {**_FILTERED, _FILTERS: _FILTER}
    ),
    "filters_mandatory[].timeframes": Case(
        f"{_FILTERS}.0.timeframes", ["1m"], ["5m"], decisions, {**_FILTERED, _FILTERS: [{"rule": "tested"}]}
    ),
    "execution_selector": Case(
        _SELECTOR, None, {"per_timeframe": {"15m": {"stay_on_if": [{"spread_bps_gt": 5}]}}}, decisions
    ),
    "execution_selector.per_timeframe": Case(
        f"{_SELECTOR}.per_timeframe", {}, {"15m": {"stay_on_if": [{"spread_bps_gt": 5}]}}, decisions
    ),
    "execution_selector.per_timeframe.*.stay_on_if": Case(
        f"{_SELECTOR}.per_timeframe.15m.stay_on_if", [{"spread_bps_gt": 5}], ["get_false"], decisions, _WALK
    ),
    "execution_selector.per_timeframe.*.drop_to_lower_if_any": Case(
        f"{_SELECTOR}.per_timeframe.15m.drop_to_lower_if_any", ["get_true"], ["get_false"], decisions, _WALK
    ),
    "execution_selector.per_timeframe.*.forbid_drop_to_lower_if_any": Case(
        f"{_SELECTOR}.per_timeframe.15m.forbid_drop_to_lower_if_any", ["get_true"], ["get_false"], decisions, _WALK
    ),
    "execution_selector.allow_1m_only_for": Case(
        f"{_SELECTOR}.allow_1m_only_for",
        {"enabled": True, "conditions": ["get_false"]},
        {"enabled": True, "conditions": [{"spread_bps_gt": 5}]},
        decisions,
    ),
    "execution_selector.allow_1m_only_for.enabled": Case(
        f"{_SELECTOR}.allow_1m_only_for.enabled", True, False, decisions, _ONLY_IF
    ),
    "execution_selector.allow_1m_only_for.conditions": Case(
        f"{_SELECTOR}.allow_1m_only_for.conditions", [{"spread_bps_gt": 5}], ["get_true"], decisions, _ONLY_IF
    ),
    "validation": Case(f"{_RULES}.1m.long", [_RSI_UP], [_QUIET], decisions),
    "validation.timeframe.*.long": Case(f"{_RULES}.1m.long", [_RSI_UP], [_QUIET], decisions),
    "validation.timeframe.*.short": Case(f"{_RULES}.1m.short", [_RSI_UP], [_QUIET], decisions, warned=True),
}
