"""What the routes may be asked: the fields of their query strings and bodies. `Fields` knows no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType

from mtf_core.market import Timeframe
from mtf_core.market.instant import MOMENTS_AGO
from mtf_core.ports import LEAST_KEPT
from mtf_core.risk import BUSY, GLOBAL_SWITCH
from mtf_core.run_request import MAX_NAME_LENGTH, OPTIONS, Form, Option
from mtf_core.runs.once import MOST_KEY_CHARACTERS
from mtf_core.runs.request import choices
from mtf_core.symbols import SYMBOL_PATTERN
from mtf_core.texts import BLANKS, TEXT_PATTERN
from mtf_core.upkeep.operators import BY_HAND, MOST_MINUTES
from mtf_entrypoints.http.openapi.schemas import (
    COUNT,
    DECIMAL,
    FLAG,
    INSTANT,
    SIDE,
    SYMBOL,
    TEXT,
    TIMEFRAME,
    array,
    bounded,
    choice,
    reference,
    said,
)

Question = Mapping[str, Schema]

MOST_ON_A_PAGE = 100
_NAME = replace(TEXT, min_length=1, pattern=TEXT_PATTERN)
_SYMBOLS_TEXT = replace(TEXT, pattern=f"^{SYMBOL_PATTERN}(,{SYMBOL_PATTERN})*$", examples=["BTCUSDT,ETHUSDT"])

_NAMED_BY_THE_SERVICE = {"profile": reference("ProfileName"), "exchange": reference("ExchangeName")}
"""What may be asked for is known to the service alone: its document lists the names."""


def _of_option(option: Option) -> Schema:
    listed = choices(option.form)
    schema = {Form.FLAG: FLAG, Form.COUNT: COUNT, Form.INSTANT: INSTANT}.get(option.form, _NAME)
    if option.form is Form.COUNT:
        schema = replace(schema, minimum=1, maximum=option.most)
    elif option.form is Form.SYMBOLS:
        schema = replace(array(SYMBOL), min_items=1, max_items=option.most)
    elif option.refused:
        schema = replace(schema, enum=[value for value in (True, False) if value not in option.refused])
    elif option.name in _NAMED_BY_THE_SERVICE:
        schema = Schema(any_of=[_NAMED_BY_THE_SERVICE[option.name]])
    elif listed:
        schema = choice([*listed, *option.synonyms])
    elif option.most:
        schema = replace(schema, max_length=option.most)
    names = f" (also accepted as {', '.join(option.aliases)})" if option.aliases else ""
    default = None if option.default in (None, ()) else option.default
    return replace(schema, description=option.doc + names, default=default)


RUN: Question = {option.name: _of_option(option) for option in OPTIONS}
RUN_QUERY: Question = {name: schema for name, schema in RUN.items() if name != "dry_run"}
"""As the body, but always a dry run; a list is written by repeating the name, or with commas."""
_ONE_BY_ONE = replace(RUN["symbols"], description=None)
RUN_BODY: Question = {**RUN, "symbols": said(Schema(any_of=[_ONE_BY_ONE, _SYMBOLS_TEXT]), OPTIONS[0].doc)}

_AT = said(INSTANT, "as of a past instant (sandbox only)")
_PROFILE = Schema(any_of=[reference("ProfileName")], description="none: the service's own")
_RUN_ID = replace(_NAME, description="a run's id")
_OF_A_PROFILE = said(_NAME, "only runs of this profile")
_PAGE: Question = {
    "limit": said(bounded(1, MOST_ON_A_PAGE, 20), "how many on a page"),
    "before": said(INSTANT, "only what happened earlier"),
    "cursor": said(replace(TEXT, pattern="^[0-9]{1,18}$"), "the `next` of the page before, to go on from there"),
}

NOTHING: Question = {}
EXPLAIN: Question = {
    "symbol": said(SYMBOL, "like BTCUSDT"),
    "timeframe": said(TIMEFRAME, "only this one; none: all, and the verdict"),
    "profile": _PROFILE,
    "at": _AT,
}
PLAN: Question = {
    "symbol": EXPLAIN["symbol"],
    "side": SIDE,
    "timeframe": said(TIMEFRAME, "an execution timeframe of the profile"),
    "profile": _PROFILE,
    "at": _AT,
}
INDICATORS: Question = {
    "names": said(_NAME, "features, separated by commas; none: the customary ones"),
    "profile": _PROFILE,
    "at": _AT,
}
STATUS: Question = {"profile": _OF_A_PROFILE, **_PAGE, "limit": said(bounded(1, MOST_ON_A_PAGE, 1), "how many runs")}
OF_SYMBOL: Question = {"symbol": said(SYMBOL, "like BTCUSDT")}
OF_RUN: Question = {"run_id": _RUN_ID}
OF_KEY: Question = {
    "key": said(
        replace(TEXT, min_length=1, max_length=MOST_KEY_CHARACTERS, pattern="^[!-~]([ -~]*[!-~])?$"),
        "the `Idempotency-Key` that the run was asked for with",
    )
}
OF_TIMEFRAME: Question = {**OF_SYMBOL, "tf": said(TIMEFRAME, "like 5m")}
OF_SWITCH: Question = {
    "key": replace(
        TEXT,
        pattern=f"^({GLOBAL_SWITCH}|{SYMBOL_PATTERN}(:({'|'.join(Timeframe)}))?)$",
        description=f"`{GLOBAL_SWITCH}`, a symbol like BTCUSDT, or a symbol and a timeframe like BTCUSDT:5m",
        examples=["BTCUSDT:5m"],
    )
}
"""What the paths name."""

WHY: Question = {"run": said(_RUN_ID, "a run's id; none: the newest run that had the symbol")}
FUNNEL: Question = {
    "run": said(_RUN_ID, "a run's id; none: the newest"),
    "since": said(INSTANT, "all runs started since then, a day of minutes at most; with a run: that one, if it did"),
    "profile": _OF_A_PROFILE,
}
_MOMENT = Schema(any_of=[INSTANT, Schema(type=OpenAPIType.STRING, pattern=f"^{MOMENTS_AGO}$", examples=["2h"])])
WHY_OVER_TIME: Question = {
    "symbols": said(_SYMBOLS_TEXT, "symbols, separated by commas"),
    "since": said(_MOMENT, "the runs since this instant, or since so long before the newest run, like 2h; none: all"),
    "profile": _OF_A_PROFILE,
}
_TIMEFRAMES = "|".join(Timeframe)
STATISTICS: Question = {
    "from": said(_MOMENT, "at or after this instant of the market, or so long before the newest run, like 2h"),
    "to": said(_MOMENT, "before this instant"),
    "symbols": said(_SYMBOLS_TEXT, "only these symbols, separated by commas"),
    "timeframes": replace(
        TEXT,
        pattern=f"^({_TIMEFRAMES})(,({_TIMEFRAMES}))*$",
        description="only these timeframes, separated by commas",
        examples=["5m,15m"],
    ),
    "profile": _OF_A_PROFILE,
}
AUDIT: Question = {"action": said(_NAME, "only events of this kind, such as switch_off"), **_PAGE}

_WHO = replace(_NAME, description="who asks; kept in the audit trail", default="http", max_length=MAX_NAME_LENGTH)
_REASON = replace(_NAME, description="why; kept with the switch", default=BY_HAND, max_length=MAX_NAME_LENGTH)
SWITCHES: Question = {
    "symbol": said(SYMBOL, "only the switches of this symbol"),
    "off": said(FLAG, "only those that are off now, or only the others"),
    "limit": said(bounded(1, 1000, 100), "how many on a page"),
    "cursor": said(_NAME, "the `next` of the page before, to go on from there"),
}
SWITCH: Question = {
    "on": said(FLAG, "true turns it on, always with a token; false turns it off"),
    "minutes": said(bounded(1, MOST_MINUTES), "off for so long; none: until it is turned on"),
    "reason": _REASON,
    "requested_by": _WHO,
}
_RUNS_SAY = "".join(f"[{letter}{letter.upper()}]" for letter in BUSY)
TURNED_OFF: Question = {
    "on": Schema(const=False),
    "reason": Schema(schema_not=Schema(type=OpenAPIType.STRING, pattern=f"^[{BLANKS}]*{_RUNS_SAY}[{BLANKS}]*$")),
}
"""A switch that is off because it is `busy` is turned on by the next run that sees the symbol free."""
TURNED_ON: Question = {"on": Schema(const=True), "minutes": Schema(type=OpenAPIType.NULL)}
KILL: Question = {"reason": _REASON, "requested_by": _WHO}
QUEUE: Question = {"requested_by": _WHO}
RISK: Question = {"profile": _PROFILE}
RISK_RESET: Question = {
    "profile": _PROFILE,
    "reason": replace(_NAME, description="why; kept in the audit trail", max_length=MAX_NAME_LENGTH),
    "confirm": Schema(const=True, description="locks are lifted by who says so"),
    "requested_by": _WHO,
}
_MOST_KEPT = 100_000_000
CLEANUP: Question = {
    "dry_run": replace(FLAG, description="true counts; false deletes, always with a token", default=True),
    "candles_per_series": said(
        bounded(1, _MOST_KEPT), "keep so many candles of each series, whatever trading.yaml says"
    ),
    "runs_days": said(bounded(1, _MOST_KEPT), "keep runs, and what belongs to them, of so many days"),
    "runs_most": said(bounded(LEAST_KEPT, _MOST_KEPT), "keep so many runs, the newest"),
    "audit_days": said(bounded(1, _MOST_KEPT), "keep audit events of so many days"),
    "requested_by": _WHO,
}
RELEASE: Question = {"name": said(_NAME, "the lock, as /mtf/lock/status names it"), "requested_by": _WHO}

_OF_ONE_SYMBOL: Question = {"symbol": said(SYMBOL, "only this symbol")}
POSITIONS = _OF_ONE_SYMBOL
TRADES: Question = {
    **_OF_ONE_SYMBOL,
    "profile": said(_NAME, "only trades of this profile"),
    "since": said(INSTANT, "closed at or after this instant"),
    "limit": said(bounded(1, 1000, 100), "how many, the last closed first; the sums are of all that fit"),
}
OF_STORY: Question = {"key": replace(_NAME, description="a decision key, or a symbol: its newest intent")}
ALARMS: Question = {
    "all": replace(FLAG, description="those that have ended, too", default=False),
    "limit": said(bounded(1, 1000, 100), "how many, the last raised first"),
}

MOST_WAIT_SEC = 60
_WAIT: Question = {
    "wait_seconds": said(bounded(1, MOST_WAIT_SEC, 15), "how long to wait for what the supervisor says"),
    "requested_by": _WHO,
}
_CONFIRM = Schema(type=OpenAPIType.BOOLEAN, const=True, description="true: it is meant")
_NUMBER = replace(DECIMAL, max_length=40)
_NUMBERS = replace(TEXT, pattern=r"^\d{1,6}(\.\d{1,12})?(,\d{1,6}(\.\d{1,12})?)?$")
CLOSE: Question = {"confirm": _CONFIRM, **_WAIT}
WITHDRAW: Question = {"requested_by": _WHO}
EXECUTE: Question = {
    "decision_key": replace(_NAME, description="of a plan, as reports have it; its symbol's newest"),
    "confirm": _CONFIRM,
    "requested_by": _WHO,
}
BOOK: Question = {
    "confirm": _CONFIRM,
    "size": said(_NUMBER, "contracts that were closed; 0: the entry never filled"),
    "price": replace(_NUMBER, description="the average price of the close", default="0"),
    "profit": replace(_NUMBER, description="before fees; below zero is a loss", default="0"),
    "fees": replace(_NUMBER, description="what the close cost", default="0"),
    "reason": replace(_NAME, description="where it was closed and why; kept with the trade", max_length=200),
    **_WAIT,
}
PROTECT: Question = {
    "stop": said(_NUMBER, "a price on the contract's grid"),
    "target": said(_NUMBER, "of the target, or the nearer one"),
    "looser": replace(FLAG, description="allow a stop that could lose more than now", default=False),
    **_WAIT,
}
TARGETS: Question = {
    "r": replace(_NUMBERS, description="one or two multiples of R, the nearer first", examples=["1,2.5"]),
    "split": replace(_NUMBERS, description="of two targets: shares that add up to 1", default="0.5,0.5"),
    "keep_stop": replace(FLAG, description="leave the stop; else it goes to 1 R where that is nearer", default=False),
    "preview": replace(FLAG, description="only show prices and sizes", default=False),
    **_WAIT,
}
