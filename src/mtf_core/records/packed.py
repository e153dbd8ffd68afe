"""All decisions of a run in one block of bytes: what they share is written once, and numbers go by columns.

A block is MessagePack, compressed. Results are documents in the words of the report, plan inputs plain values. Symbols
whose traces have the same shape (nearly always all of them) form a group, in which truths and values are matrices:
operands that are the same column, as an average in six rules, are stored once, and the bytes of the floats are sorted
by their weight, for the high ones repeat themselves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from attrs import evolve, field, frozen

from mtf_core.market import Side, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.reasons import Reason
from mtf_core.records.codec import UnreadableRecordError, from_compressed, from_plain, to_bytes, to_plain
from mtf_core.records.documents import to_document
from mtf_core.records.inputs import CandleRange, DecisionInputs, PlanInputs
from mtf_core.records.older import result_of
from mtf_core.records.results import ResultRecord
from mtf_core.records.runs import DecisionRecord
from mtf_core.records.traces import TimeframeRecord, TraceRecord, TreeRecord
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step
from mtf_core.validation.shortage import CandleShortage
from mtf_core.validation.value_history import ValueHistory
from mtf_core.validation.verdicts import ContextVerdict, SelectorVerdict

VERSION = 2
"""Of the block. Version 1 was a row of JSON for each symbol: see `older`."""

# Measured on a run of 225 symbols: higher levels take 2 % more away and half as much time again.
_COMPRESSION_LEVEL = 6
_DIGEST_BYTES = 16


@frozen
class _Inputs:
    """`DecisionInputs` with its candle ranges as numbers of the block's windows and their digests, end to end."""

    at_ms: int
    windows: tuple[int, ...]
    digests: bytes
    spread_bps: float | None
    plan: PlanInputs | None


@frozen
class _Window:
    """A candle range without its digest; the same for most symbols."""

    timeframe: Timeframe
    first_open_ms: int
    last_open_ms: int
    recursive_from_ms: int
    count: int
    carried: int = 0

    @classmethod
    def of(cls, timeframe: Timeframe, candles: CandleRange) -> Self:
        first, last, recursive = candles.first_open_ms, candles.last_open_ms, candles.recursive_from_ms
        return cls(timeframe, first, last, recursive, candles.count, candles.carried)

    def with_digest(self, digest: str) -> CandleRange:
        first, last, recursive = self.first_open_ms, self.last_open_ms, self.recursive_from_ms
        return CandleRange(first, last, recursive, self.count, digest, self.carried)


@frozen
class _TimeframeShape:
    """How many nodes and operands each tree of a timeframe has: filters, long, short. None: there is no such tree."""

    timeframe: Timeframe
    open_ms: int
    filters: tuple[tuple[int, int], ...]
    long: tuple[int, int] | None
    short: tuple[int, int] | None

    @classmethod
    def of(cls, timeframe: Timeframe, record: TimeframeRecord) -> Self:
        filters = tuple(_widths(tree) for tree in record.filters)
        long, short = (None if tree is None else _widths(tree) for tree in (record.long, record.short))
        return cls(timeframe, record.open_ms, filters, long, short)


@frozen
class _Shape:
    """What the traces of a group have in common."""

    templates: str
    at_ms: int
    with_context: bool
    timeframes: tuple[_TimeframeShape, ...]
    selection: tuple[Timeframe, ...]

    @classmethod
    def of(cls, trace: TraceRecord) -> Self:
        return cls(
            trace.templates,
            trace.at_ms,
            trace.context is not None,
            tuple(_TimeframeShape.of(timeframe, record) for timeframe, record in trace.timeframes.items()),
            tuple(step.timeframe for step in trace.selection),
        )


@frozen
class _Lacking:
    """The candles that a timeframe of a symbol lacked; both by their place in the group."""

    timeframe: int
    symbol: int
    shortage: CandleShortage


@frozen
class _Group:
    """Traces of one shape. Every list has one entry per symbol of the group; bytes are matrices, column by column."""

    shape: _Shape
    symbols: tuple[str, ...]
    reasons: tuple[Reason | None, ...]
    sides: tuple[Side | None, ...]
    execution: tuple[Timeframe | None, ...]
    context_sides: tuple[Side | None, ...]
    context_reasons: tuple[Reason | None, ...]
    outcomes: bytes
    """int8 (timeframes, symbols)."""
    timeframe_reasons: tuple[tuple[Reason | None, ...], ...]
    steps: bytes
    """int8 (timeframes of the selector, 5, symbols): step, candidate, stay, drop, forbid."""
    truths: bytes
    """int8 (nodes of all trees, symbols)."""
    columns: bytes
    """uint16 (operands of all trees): which column of `values`."""
    values: bytes
    """float64 (columns, symbols), the first bytes of all numbers first."""
    shortages: tuple[_Lacking, ...] = ()
    """Of those timeframes that lacked candles alone; blocks of older versions have none."""
    histories: tuple[Mapping[str, ValueHistory], ...] = ()
    """What values rest on, each map once; blocks of older versions have none."""
    rests: tuple[tuple[int, ...], ...] = ()
    """Which of the histories each timeframe has, for each symbol."""


@frozen
class _Block:
    """What the bytes hold; results, and a symbol's inputs until it is asked for, stay as they are."""

    version: int
    results: Mapping[str, Any]
    windows: tuple[_Window, ...]
    inputs: Mapping[str, Any]
    traces: tuple[Any, ...]


def pack(decisions: Sequence[DecisionRecord]) -> bytes:
    """The results, inputs and traces of a run's decisions; the same decisions give the same bytes."""
    windows: dict[_Window, int] = {}
    inputs = {
        record.symbol: to_plain(_packed_inputs(record.inputs, windows))
        for record in decisions
        if record.inputs is not None
    }
    groups: dict[_Shape, list[TraceRecord]] = {}
    for record in decisions:
        if record.trace is not None:
            groups.setdefault(_Shape.of(record.trace), []).append(record.trace)
    block = {
        "version": VERSION,
        "results": {record.symbol: to_document(record.result) for record in decisions if record.result is not None},
        "windows": [to_plain(window) for window in windows],
        "inputs": inputs,
        "traces": [_plain_group(_group(shape, traces)) for shape, traces in groups.items()],
    }
    return zlib.compress(to_bytes(block), _COMPRESSION_LEVEL)


@frozen(eq=False)
class Unpacked:
    """A block, read as far as needed: traces at once, the rest of a symbol when it is asked for."""

    symbols: tuple[str, ...]
    """Those that have a result, in the order of the block."""
    _results: Mapping[str, Any]
    _windows: tuple[_Window, ...]
    _inputs: Mapping[str, Any]
    _traces: Mapping[str, TraceRecord]
    _unreadable: str | None = field(default=None)
    """Why there are no traces; None: they were read."""

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Raises `UnreadableRecordError` when the block as a whole cannot be read."""
        block = from_plain(from_compressed(content), _Block)
        if block.version != VERSION:
            raise UnreadableRecordError(f"the block is of version {block.version}; this code reads {VERSION}")
        try:
            groups = [from_plain(group, _Group) for group in block.traces]
            traces = {trace.symbol: trace for group in groups for trace in _traces(group)}
        except (ValueError, IndexError) as error:
            return cls(tuple(block.results), block.results, block.windows, block.inputs, {}, f"traces: {error}")
        return cls(tuple(block.results), block.results, block.windows, block.inputs, traces)

    def result(self, symbol: str) -> ResultRecord:
        """The result of one of its symbols; raises `UnreadableRecordError`."""
        return result_of(self._results[symbol])

    def completed(self, record: DecisionRecord) -> DecisionRecord:
        """The record of a symbol, known by its columns, with what the block holds of it."""
        symbol, unreadable = record.symbol, [self._unreadable] if self._unreadable else []
        result, inputs = None, None
        try:
            result = self.result(symbol) if symbol in self._results else None
        except UnreadableRecordError as error:
            unreadable.append(str(error))
        try:
            inputs = self._read_inputs(symbol) if symbol in self._inputs else None
        except UnreadableRecordError as error:
            unreadable.append(f"inputs: {error}")
        return evolve(
            record,
            result=result,
            inputs=inputs,
            trace=self._traces.get(symbol),
            unreadable="; ".join(unreadable) or None,
        )

    def _read_inputs(self, symbol: str) -> DecisionInputs:
        packed = from_plain(self._inputs[symbol], _Inputs)
        digests = packed.digests.hex()
        step = 2 * _DIGEST_BYTES
        try:
            windows = [self._windows[number] for number in packed.windows]
        except IndexError as error:
            raise UnreadableRecordError("a window that the block does not have") from error
        candles = {
            window.timeframe: window.with_digest(digests[place * step : (place + 1) * step])
            for place, window in enumerate(windows)
        }
        return DecisionInputs(packed.at_ms, candles, packed.spread_bps, packed.plan)


def _packed_inputs(inputs: DecisionInputs, windows: dict[_Window, int]) -> _Inputs:
    numbers = []
    for timeframe, candles in inputs.candles.items():
        numbers.append(windows.setdefault(_Window.of(timeframe, candles), len(windows)))
    digests = b"".join(bytes.fromhex(candles.digest)[:_DIGEST_BYTES] for candles in inputs.candles.values())
    return _Inputs(inputs.at_ms, tuple(numbers), digests, inputs.spread_bps, inputs.plan)


def _widths(tree: TreeRecord) -> tuple[int, int]:
    return len(tree.truths), len(tree.values)


def _group(shape: _Shape, traces: Sequence[TraceRecord]) -> _Group:
    trees = [[tree for record in trace.timeframes.values() for tree in record.trees] for trace in traces]
    truths = np.array([np.concatenate([tree.truths for tree in row]) for row in trees], np.int8)
    values = np.array([np.concatenate([tree.values for tree in row]) for row in trees], np.float64)
    columns, distinct = _distinct_columns(values)
    timeframes = [shape.timeframe for shape in shape.timeframes]
    outcomes = [[trace.timeframes[timeframe].outcome for trace in traces] for timeframe in timeframes]
    steps = [
        [(step.step, step.candidate, step.stay, step.drop, step.forbid) for step in trace.selection] for trace in traces
    ]
    distinct_histories: list[Mapping[str, ValueHistory]] = []
    rests = tuple(
        tuple(_place_of(trace.timeframes[timeframe].histories, distinct_histories) for trace in traces)
        for timeframe in timeframes
    )
    return _Group(
        shape=shape,
        symbols=tuple(trace.symbol for trace in traces),
        reasons=tuple(trace.reason for trace in traces),
        sides=tuple(trace.side for trace in traces),
        execution=tuple(trace.execution_timeframe for trace in traces),
        context_sides=tuple(trace.context.side if trace.context else None for trace in traces),
        context_reasons=tuple(trace.context.reason if trace.context else None for trace in traces),
        outcomes=np.array(outcomes, np.int8).tobytes(),
        timeframe_reasons=tuple(
            tuple(trace.timeframes[timeframe].reason for trace in traces) for timeframe in timeframes
        ),
        steps=np.array(steps, np.int8).transpose(1, 2, 0).tobytes() if shape.selection else b"",
        truths=np.ascontiguousarray(truths.T).tobytes(),
        columns=columns.astype("<u2").tobytes(),
        values=_by_weight(distinct),
        histories=tuple(distinct_histories),
        rests=rests if any(distinct_histories) else (),
        shortages=tuple(
            _Lacking(place, row, shortage)
            for row, trace in enumerate(traces)
            for place, timeframe in enumerate(timeframes)
            if (shortage := trace.timeframes[timeframe].shortage) is not None
        ),
    )


def _place_of(histories: Mapping[str, ValueHistory], known: list[Mapping[str, ValueHistory]]) -> int:
    """Where these histories stand among those that are known, to which they are added."""
    for place, one in enumerate(known):
        if one is histories or one == histories:
            return place
    known.append(histories)
    return len(known) - 1


def _plain_group(group: _Group) -> Any:
    """What a group does not have is not written, so that it has the bytes that it had before there was such a thing."""
    plain = to_plain(group)
    for name, part in (("shortages", group.shortages), ("histories", group.rests), ("rests", group.rests)):
        if not part:
            del plain[name]
    return plain


def _distinct_columns(values: Floats) -> tuple[np.ndarray[Any, Any], Floats]:
    """Which column each operand has, and the distinct columns (n_columns, n_symbols), compared bit by bit."""
    rows = np.ascontiguousarray(values.T)
    places: dict[bytes, int] = {}
    columns = np.array([places.setdefault(row.tobytes(), len(places)) for row in rows], np.int64)
    distinct = np.frombuffer(b"".join(places), np.float64).reshape(len(places), values.shape[0])
    return columns, distinct


def _by_weight(values: Floats) -> bytes:
    """The bytes of little-endian floats, all first ones before all second ones."""
    return np.ascontiguousarray(values.astype("<f8").reshape(-1, 1).view(np.uint8).T).tobytes()


def _from_weight(content: bytes, symbols: int) -> Floats:
    flat = np.ascontiguousarray(np.frombuffer(content, np.uint8).reshape(8, -1).T).reshape(-1).view("<f8")
    return flat.astype(np.float64).reshape(-1, symbols)


def _traces(group: _Group) -> Iterator[TraceRecord]:
    """The traces of a group, one per symbol; ValueError or IndexError when its matrices do not fit its shape."""
    shape, symbols = group.shape, len(group.symbols)
    truths = np.frombuffer(group.truths, np.int8).reshape(-1, symbols).T
    distinct = _from_weight(group.values, symbols)
    values = np.ascontiguousarray(distinct[np.frombuffer(group.columns, "<u2")].T)
    outcomes = np.frombuffer(group.outcomes, np.int8).reshape(len(shape.timeframes), symbols)
    steps = np.frombuffer(group.steps, np.int8).reshape(len(shape.selection), 5, symbols)
    _check_widths(shape, truths.shape[1], values.shape[1])
    shortages = {(one.timeframe, one.symbol): one.shortage for one in group.shortages}
    rests = [[group.histories[number] for number in numbers] for numbers in group.rests]
    for row, symbol in enumerate(group.symbols):
        cut = _Cut(truths[row], values[row])
        timeframes = {}
        for place, one in enumerate(shape.timeframes):
            timeframes[one.timeframe] = TimeframeRecord(
                one.open_ms,
                Outcome(int(outcomes[place, row])),
                group.timeframe_reasons[place][row],
                tuple(cut.next(widths) for widths in one.filters),
                None if one.long is None else cut.next(one.long),
                None if one.short is None else cut.next(one.short),
                shortages.get((place, row)),
                rests[place][row] if rests else {},
            )
        context = ContextVerdict(group.context_sides[row], group.context_reasons[row]) if shape.with_context else None
        yield TraceRecord(
            shape.templates,
            symbol,
            shape.at_ms,
            group.reasons[row],
            group.sides[row],
            group.execution[row],
            context,
            timeframes,
            tuple(_step(timeframe, steps[place, :, row]) for place, timeframe in enumerate(shape.selection)),
        )


def _check_widths(shape: _Shape, nodes: int, operands: int) -> None:
    trees = [widths for one in shape.timeframes for widths in (*one.filters, one.long, one.short) if widths is not None]
    if (nodes, operands) != (sum(width for width, _ in trees), sum(width for _, width in trees)):
        raise UnreadableRecordError("the truths and values do not fit the trees")


def _step(timeframe: Timeframe, numbers: np.ndarray[Any, Any]) -> SelectorVerdict:
    step, candidate, stay, drop, forbid = numbers.tolist()
    return SelectorVerdict(timeframe, Step(step), bool(candidate), stay, drop, forbid)


class _Cut:
    """The truths and values of one symbol, given out tree by tree."""

    def __init__(self, truths: np.ndarray[Any, Any], values: Floats) -> None:
        self._truths, self._values = truths, values
        self._node = self._operand = 0

    def next(self, widths: tuple[int, int]) -> TreeRecord:
        nodes, operands = widths
        tree = TreeRecord(
            self._truths[self._node : self._node + nodes], self._values[self._operand : self._operand + operands]
        )
        self._node += nodes
        self._operand += operands
        return tree
