"""What is stored of a run: each symbol's decision with its inputs and its trace."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from attrs import asdict, define, field

from mtf_core.market import CandleStack, Contract, ContractStatus, LeverageBracket, Timeframe, format_instant
from mtf_core.market.candles import COLUMNS
from mtf_core.records import DecisionRecord
from mtf_core.runs.planner import Planned, facts_to_json
from mtf_core.runs.report import SymbolResult
from mtf_core.settings.structure import setting_types
from mtf_core.validation.decision import Decision
from mtf_core.validation.traces import compact_trace


@define(eq=False)
class RangeDigests:
    """Digests of the candles that decisions rest on; each row of a stack is digested once."""

    _known: WeakKeyDictionary[CandleStack, dict[str, dict[str, Any]]] = field(factory=WeakKeyDictionary)

    def of(self, stack: CandleStack, symbol: str) -> dict[str, Any]:
        """The range of one symbol's candles in a stack: first and last open, recursive start, count, digest."""
        known = self._known.setdefault(stack, {})
        if symbol not in known:
            known[symbol] = candle_range(stack, stack.symbols.index(symbol))
        return known[symbol]


def candle_range(stack: CandleStack, row: int) -> dict[str, Any]:
    """A row's window and the SHA-256 of its columns (float64, little-endian, NaN where a candle is missing)."""
    digest = hashlib.sha256()
    for name in COLUMNS:
        digest.update(np.ascontiguousarray(getattr(stack, name)[row], dtype="<f8").tobytes())
    return {
        "first_open": format_instant(stack.first_open_ms),
        "last_open": format_instant(stack.end_ms - stack.timeframe.ms),
        "recursive_from": format_instant(stack.first_open_ms + stack.lead * stack.timeframe.ms),
        "count": int(np.isfinite(stack.close[row]).sum()),
        "sha256": digest.hexdigest(),
    }


def decision_inputs(
    decision: Decision | None,
    stacks: Mapping[Timeframe, CandleStack],
    digests: RangeDigests,
    planned: Planned | None,
    spread_bps: float | None,
) -> dict[str, Any]:
    """Everything that the decision and the plan were made from, so that both can be made again."""
    if decision is None:
        return {}
    ranges = {
        str(timeframe): digests.of(stack, decision.symbol)
        for timeframe, stack in stacks.items()
        if decision.symbol in stack.symbols
    }
    document: dict[str, Any] = {"at_ms": decision.at_ms, "candles": ranges, "spread_bps": spread_bps}
    if planned is not None:
        document["facts"] = facts_to_json(planned.facts)
        document["planned_at_ms"] = planned.now_ms
        document["contract"] = contract_to_json(planned.contract)
    return document


def contract_to_json(contract: Contract) -> dict[str, Any]:
    """A contract, exactly: decimals as text, brackets as a list."""
    plain = asdict(contract, recurse=False)
    brackets = [{name: str(value) for name, value in asdict(one).items()} for one in contract.brackets]
    texts = {name: value if isinstance(value, int) else str(value) for name, value in plain.items()}
    return {**texts, "brackets": brackets}


def contract_from_json(document: Mapping[str, Any]) -> Contract:
    """The contract that `contract_to_json` wrote."""
    decimals = {name for name, kind in setting_types(Contract).items() if kind is Decimal}
    values: dict[str, Any] = {name: Decimal(value) if name in decimals else value for name, value in document.items()}
    brackets = [
        LeverageBracket(**{name: Decimal(value) for name, value in one.items()}) for one in document["brackets"]
    ]
    return Contract(**(values | {"status": ContractStatus(values["status"]), "brackets": brackets}))


def decision_record(
    run_id: str, result: SymbolResult, decision: Decision | None, inputs: Mapping[str, Any], templates_digest: str
) -> DecisionRecord:
    """A symbol's record; symbols that were never evaluated have an empty trace."""
    return DecisionRecord(
        run_id=run_id,
        symbol=result.symbol,
        status=str(result.status),
        reason=str(result.reason) if result.reason else None,
        side=str(result.side) if result.side else None,
        execution_timeframe=str(result.execution_timeframe) if result.execution_timeframe else None,
        decision_key=result.decision_key,
        result=result.to_json(),
        inputs=inputs,
        trace=compact_trace(decision, templates_digest) if decision is not None else {},
    )
