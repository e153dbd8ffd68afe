"""`mtf stats`: a question over time, and its answer as a table, as CSV or as JSON."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import AttrsInstance, fields, frozen

from mtf_core.inquiry import (
    AtrStatistics,
    Blockers,
    FeaturesHealth,
    Successes,
    TradeStatistics,
    ZoneStatistics,
    atr_statistics,
    blockers,
    feature_health,
    successes,
    trade_statistics,
    zone_statistics,
)
from mtf_core.inquiry.flat import Answer, row_to_json
from mtf_core.market import Timeframe, format_instant, parse_moment
from mtf_core.ports import Progress, Stores
from mtf_core.records import Selection
from mtf_core.words import lasting
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import Asked, World
from mtf_entrypoints.cli.stored import stored_run
from mtf_entrypoints.selecting import selection_of

MISSING = "–"
"""Stands in a table for what is not known; it is never a 0."""
ALL = "all"


@frozen
class Question:
    """How a question is asked, what an empty answer means, which columns a narrow screen may lose, the last first."""

    ask: Callable[[Stores, Selection, Progress], Awaitable[Answer]]
    nothing: str
    optional: tuple[str, ...]
    heads: Callable[[Any], Iterator[str]]
    """Lines above the table."""
    tails: Callable[[Any], Iterator[str]] = lambda _: iter(())
    left_out: tuple[str, ...] = ()
    """Columns that JSON and CSV alone have."""


def show(name: str, world: World, asked: Asked, limit: int, as_json: bool, as_csv: bool) -> None:
    """The answer to the question of that name."""
    if as_json and as_csv:
        raise CommandError("--json and --csv: one of them")
    check(asked)
    question = _QUESTIONS[name]
    answer = asyncio.run(_answer(question, world, asked))
    if answer is None:
        raise CommandError("no run is stored; `mtf run` stores one", FAILED)
    if as_json:
        output.write_json(answer.to_json())
    elif as_csv:
        _write_csv(answer)
    elif answer.rows:
        _print(question, answer, limit)
    else:
        output.write_line(question.nothing)


def check(asked: Asked) -> None:
    """Says what is wrong before anything is opened."""
    for moment in (asked.since, asked.until):
        if moment is not None:
            parse_moment(moment, 0)
    for timeframe in asked.timeframes or ():
        for part in timeframe.split(","):
            Timeframe.parse(part.strip())


async def _answer(question: Question, world: World, asked: Asked) -> Answer | None:
    with output.progress() as progress:
        async with stored_run(world, None) as stored:
            if stored is None:
                return None
            stores = stored.stores
            chosen = (asked.since, asked.until, asked.symbols, asked.timeframes, asked.profile)
            return await question.ask(stores, await selection_of(stores, *chosen), progress)


def _write_csv(answer: Answer) -> None:
    """One line of names, one line for each row; what is not known is empty."""
    rows = [row_to_json(row) for row in answer.rows]
    if not rows:
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    for line in text.getvalue().splitlines():
        output.write_line(line)


def _print(question: Question, answer: Answer, limit: int) -> None:
    for line in question.heads(answer):
        output.write_line(line)
    shown = [name for name in _names(type(answer.rows[0])) if name not in question.left_out]
    heads = {name: _head(name) for name in shown}
    right = [heads[name] for name in shown if not _holds_text(answer.rows, name)]
    optional = [heads[name] for name in question.optional]
    table = output.table(*heads.values(), right=right, optional=optional)
    more = 0
    for rows in _in_groups(answer.rows):
        # Rows over all symbols are few, one for each timeframe.
        most = len(rows) if getattr(rows[0], "symbol", "") is None else limit
        more += max(0, len(rows) - most)
        for row in rows[:most]:
            table.add_row(*(_cell(name, getattr(row, name)) if _is_told(row, name) else "" for name in shown))
    output.console().print(table)
    if more:
        output.write_line(f"… and {more} more (--limit)")
    for line in question.tails(answer):
        output.write_line(line)


def _is_told(row: AttrsInstance, name: str) -> bool:
    """The group of all has no name, which is not the same as a name that is missing."""
    return name != "group" or getattr(row, "by", None) != ALL


def _names(kind: type[AttrsInstance]) -> list[str]:
    return [one.name for one in fields(kind)]


def _in_groups(rows: Sequence[AttrsInstance]) -> list[list[AttrsInstance]]:
    """Rows that belong together, in their order: of one kind of group, or over all symbols."""
    groups: dict[tuple[object, ...], list[AttrsInstance]] = {}
    for row in rows:
        of_all = getattr(row, "symbol", "") is None
        groups.setdefault((getattr(row, "by", None), getattr(row, "kind", None), of_all), []).append(row)
    return list(groups.values())


def _holds_text(rows: Sequence[AttrsInstance], name: str) -> bool:
    return any(isinstance(getattr(row, name), str) for row in rows) or name.endswith("_ms")


def _head(name: str) -> str:
    words = {"timeframe": "tf", "decisions_share": "share", "symbols_share": "of symbols", "runs_share": "of runs"}
    words["seconds_before_newest"] = "before newest run"
    text = words.get(name, name.removesuffix("_ms").replace("_usdt", "").replace("_percent", " %").replace("_", " "))
    return text.replace("p50", "P50").replace("p80", "P80").replace("p90", "P90")


def _cell(name: str, value: object) -> str:
    if value is None:
        return ALL if name == "symbol" else MISSING
    if name.endswith("_ms"):
        return format_instant(int(str(value)))
    if name.endswith(("_share", "win_rate")):
        return f"{float(str(value)) * 100:.1f} %"
    if name.endswith("_percent"):
        return f"{float(str(value)):.3f}"
    if name.startswith("seconds_") or name.endswith("_seconds_mean"):
        return lasting(float(str(value)))
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)


# --- what stands around the tables ----------------------------------------------------------------------------
def _blocker_heads(found: Blockers) -> Iterator[str]:
    if found.first_ms is not None and found.last_ms is not None:
        span = f"{format_instant(found.first_ms)} to {format_instant(found.last_ms)}"
        symbols, decisions = output.counted(found.symbols, "symbol"), output.counted(found.decisions, "decision")
        yield f"{output.counted(found.runs, 'run')}, {symbols}, {decisions} ({found.passed} not stopped), {span}"


def _blocker_tails(found: Blockers) -> Iterator[str]:
    if found.unmarked_runs:
        runs = output.counted(found.unmarked_runs, "run")
        yield f"{runs} told no conditions: another version's, or nothing evaluated"


def _success_heads(found: Successes) -> Iterator[str]:
    if found.newest_ms is not None:
        yield f"newest run at {format_instant(found.newest_ms)}"


def _health_heads(found: FeaturesHealth) -> Iterator[str]:
    yield f"{output.counted(found.runs, 'run')} that told what was missing"


def _health_tails(found: FeaturesHealth) -> Iterator[str]:
    if found.unmarked_runs:
        runs = output.counted(found.unmarked_runs, "run")
        yield f"{runs} did not tell: another version's, or nothing evaluated"


def _trade_heads(found: TradeStatistics) -> Iterator[str]:
    yield f"{output.counted(found.trades, 'closed trade')}; money in quote currency, R after costs"


def _trade_tails(found: TradeStatistics) -> Iterator[str]:
    if found.unreadable:
        yield f"{output.counted(len(found.unreadable), 'trade')} cannot be read: {', '.join(found.unreadable)}"


def _atr_heads(found: AtrStatistics) -> Iterator[str]:
    yield "ATR of 14 candles relative to the close, from the stored candles"


def _zone_heads(found: ZoneStatistics) -> Iterator[str]:
    first, last = (format_instant(ms) for ms in (found.first_at_ms, found.last_at_ms) if ms is not None)
    yield f"{output.counted(found.events, 'zone event')}, {first} to {last}"


def _zone_tails(found: ZoneStatistics) -> Iterator[str]:
    for group in found.by_timeframe:
        if group.minutes_to_fill is not None:
            half, most = _within(group.minutes_to_fill.p50), _within(group.minutes_to_fill.p90)
            yield f"{group.timeframe}: half of the fills came {half}, 90 % {most}"
    for one in found.suggestions:
        yield f"suggestion (nothing applies it): {one.text}"


def _within(minutes: float) -> str:
    return f"within {minutes:.3g} min" if minutes else "at once"


async def _trades(stores: Stores, selection: Selection, _: Progress) -> Answer:
    return await trade_statistics(stores.orders, selection)


async def _successes(stores: Stores, selection: Selection, _: Progress) -> Answer:
    return await successes(stores, selection)


_QUESTIONS: Mapping[str, Question] = {
    "blockers": Question(
        blockers,
        "no decision is stored that fits and that something stopped",
        ("symbols_share", "runs_share", "symbols", "runs", "stage"),
        _blocker_heads,
        _blocker_tails,
    ),
    "success": Question(
        _successes, "no decision is stored that fits", ("profile", "reason"), _success_heads, left_out=("run_id",)
    ),
    "zones": Question(
        zone_statistics,
        "no zone event is stored that fits; each plan of a run leaves one",
        ("inside", "waiting", "open", "unknown", "refused", "would_fill"),
        _zone_heads,
        _zone_tails,
    ),
    "atr": Question(atr_statistics, "no candle is stored that fits", ("missing", "first_ms", "last_ms"), _atr_heads),
    "features": Question(
        feature_health,
        "no run is stored that fits and that told what was missing",
        ("symbols", "runs"),
        _health_heads,
        _health_tails,
    ),
    "trades": Question(
        _trades,
        "no closed trade is stored that fits",
        ("funding_usdt", "slippage_usdt", "gross_usdt", "r_known", "holding_seconds_mean", "mfe_r_p90", "mae_r_p90"),
        _trade_heads,
        _trade_tails,
        left_out=("lost",),
    ),
}
