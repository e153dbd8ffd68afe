"""The whole tree that led to a decision, as it is kept: truths and values, to be read with the shapes of the trees.

Written out, the tree of one symbol is 81 KB. Its shape is the same for every symbol and minute, so the store keeps it
once, under a digest; of each decision only what was captured: a truth per node and a value per operand, in the order
of the shape. Both together give the tree back without rules or candles (ADR 0006).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mtf_core.market import Side, Timeframe, format_instant
from mtf_core.market.candles import Floats
from mtf_core.planning.facts import decision_key
from mtf_core.reasons import Reason
from mtf_core.records.inputs import DecisionInputs
from mtf_core.rules.trace import TemplateNode, TraceNode, trace_tree
from mtf_core.rules.truth import NAMES, Truth
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.shortage import CandleShortage
from mtf_core.validation.value_history import ValueHistory
from mtf_core.validation.verdicts import ContextVerdict, DecisionTrace, SelectorVerdict, TimeframeVerdict

if TYPE_CHECKING:
    from mtf_core.rules.capture import Captured
    from mtf_core.validation.decision import Decision
    from mtf_core.validation.traces import Templates, TimeframeShapes


def _bits(array: NDArray[Any]) -> bytes:
    return array.tobytes()


@frozen
class TreeRecord:
    """What was captured of one tree for one symbol: `truths` int8 (n_nodes,), `values` float64 (n_operands,).

    Two are equal when they are bit for bit the same, so that what is missing equals what is missing.
    """

    truths: Truth = field(eq=_bits)
    values: Floats = field(eq=_bits)


@frozen
class TimeframeRecord:
    """One timeframe's verdict; the trees are None where the timeframe has no rules for the side.

    `shortage`: what it lacked of its candles; None also in what older versions stored. `histories`: what its values
    rest on; older versions stored none.
    """

    open_ms: int
    outcome: Outcome
    reason: Reason | None
    filters: tuple[TreeRecord, ...]
    long: TreeRecord | None
    short: TreeRecord | None
    shortage: CandleShortage | None = None
    histories: Mapping[str, ValueHistory] = field(factory=dict)

    @property
    def trees(self) -> Iterator[TreeRecord]:
        """Filters, long, short: those that there are."""
        yield from self.filters
        yield from (tree for tree in (self.long, self.short) if tree is not None)


@frozen
class TraceRecord:
    """Everything that led to one decision. `templates` is the digest of the shapes; `context` None: skipped."""

    templates: str
    symbol: str
    at_ms: int
    reason: Reason | None
    side: Side | None
    execution_timeframe: Timeframe | None
    context: ContextVerdict | None
    timeframes: Mapping[Timeframe, TimeframeRecord]
    selection: tuple[SelectorVerdict, ...]

    @property
    def key(self) -> str | None:
        """The decision key; None unless READY."""
        if self.reason is not None or self.execution_timeframe is None or self.side is None:
            return None
        return decision_key(self.symbol, self.execution_timeframe, self.at_ms, self.side)

    @classmethod
    def of(cls, decision: Decision, templates: str) -> TraceRecord:
        """What is kept of a decision, to be read with the templates of that digest."""
        row, timeframes = decision.row, {}
        for timeframe, verdicts in decision.batch.verdicts.items():
            timeframes[timeframe] = TimeframeRecord(
                verdicts.last_open_ms,
                *decision.verdict(timeframe),
                tuple(TreeRecord(captured.truths[row], captured.values[row]) for captured in verdicts.filters),
                _row(verdicts.long, row),
                _row(verdicts.short, row),
                decision.shortage(timeframe),
                decision.histories(timeframe),
            )
        return cls(
            templates,
            decision.symbol,
            decision.at_ms,
            decision.reason,
            decision.side,
            decision.execution_timeframe,
            decision.context,
            timeframes,
            decision.selection,
        )

    def expanded(self, templates: Templates, inputs: DecisionInputs | None = None) -> DecisionTrace:
        """The trees, read with the templates that this record names; `inputs` tell which candles were carried."""
        carried = {} if inputs is None else {home: candles.carried for home, candles in inputs.candles.items()}
        return DecisionTrace(
            symbol=self.symbol,
            at_ms=self.at_ms,
            reason=self.reason,
            side=self.side,
            execution_timeframe=self.execution_timeframe,
            key=self.key,
            context=self.context,
            timeframes=tuple(
                _expanded(timeframe, record, templates[timeframe], carried.get(timeframe, 0))
                for timeframe, record in self.timeframes.items()
            ),
            selection=self.selection,
        )

    def to_plain(self) -> dict[str, Any]:
        """The record as text and numbers, for comparing two of them place by place."""
        return {
            "templates": self.templates,
            "symbol": self.symbol,
            "at": format_instant(self.at_ms),
            "reason": _text(self.reason),
            "side": _text(self.side),
            "execution_timeframe": _text(self.execution_timeframe),
            "context": self.context and {"side": _text(self.context.side), "reason": _text(self.context.reason)},
            "timeframes": {str(timeframe): _plain(record) for timeframe, record in self.timeframes.items()},
            "selection": [
                {
                    "timeframe": str(step.timeframe),
                    "step": step.step.name,
                    "candidate": step.candidate,
                    "stay": NAMES[step.stay],
                    "drop": NAMES[step.drop],
                    "forbid": NAMES[step.forbid],
                }
                for step in self.selection
            ],
        }


def _row(captured: Captured | None, row: int) -> TreeRecord | None:
    return None if captured is None else TreeRecord(captured.truths[row], captured.values[row])


def _expanded(timeframe: Timeframe, record: TimeframeRecord, shapes: TimeframeShapes, carried: int) -> TimeframeVerdict:
    filters = [_tree(shape, tree) for shape, tree in zip(shapes.filters, record.filters, strict=True)]
    return TimeframeVerdict(
        timeframe,
        record.open_ms,
        record.outcome,
        record.reason,
        _tree(shapes.long, record.long),
        _tree(shapes.short, record.short),
        tuple(tree for tree in filters if tree is not None),
        shapes.filter_sides,
        record.shortage,
        carried,
        record.histories,
    )


def _tree(shape: TemplateNode | None, record: TreeRecord | None) -> TraceNode | None:
    if shape is None or record is None:
        return None
    return trace_tree(shape, record.truths.tolist(), record.values.tolist())


def _plain(record: TimeframeRecord) -> dict[str, Any]:
    return {
        "open": format_instant(record.open_ms),
        "outcome": record.outcome.name,
        "reason": _text(record.reason),
        "shortage": record.shortage and record.shortage.to_json(),
        "history": {name: one.to_json() for name, one in record.histories.items()},
        "filters": [_plain_tree(tree) for tree in record.filters],
        "long": record.long and _plain_tree(record.long),
        "short": record.short and _plain_tree(record.short),
    }


def _plain_tree(tree: TreeRecord) -> dict[str, Any]:
    values = [None if math.isnan(value) else value for value in tree.values.tolist()]
    return {"truths": letters(tree.truths), "values": values}


_LETTERS = np.frombuffer(b"fut", dtype=np.uint8)


def letters(truths: Truth) -> str:
    """One letter per node: t, f, u."""
    return _LETTERS[truths + 1].tobytes().decode("ascii")


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
