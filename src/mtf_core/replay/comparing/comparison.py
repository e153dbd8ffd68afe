"""What a comparison found, and the document that clients read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import frozen

from mtf_core.market import format_instant
from mtf_core.replay.assumed import assumptions_by
from mtf_core.replay.comparing.answers import Answer, PlanTerms
from mtf_core.replay.comparing.causes import Cause, words_of
from mtf_core.replay.comparing.decisions import DecisionCounts, DecisionDifference
from mtf_core.replay.comparing.order_json import pair_to_json, totals_to_json
from mtf_core.replay.comparing.orders import OrderPair
from mtf_core.replay.comparing.totals import Totals
from mtf_core.settings.replay import ReplaySettings


@frozen(kw_only=True)
class Comparison:
    """A stretch of recorded runs beside their replay."""

    profile: str
    first_ms: int
    """The instant of the first run that was compared, and of the last."""
    last_ms: int
    counts: DecisionCounts
    differences: tuple[DecisionDifference, ...]
    """Of decisions and plans, the oldest first."""
    pairs: tuple[OrderPair, ...]
    """Decision keys of runs that really placed, the oldest first."""
    totals: Totals
    assumptions: ReplaySettings
    remarks: tuple[str, ...] = ()
    """What a reader has to know: what could not be compared, and what the replay takes for granted."""

    @property
    def by_cause(self) -> dict[Cause, int]:
        """How many decisions differ for each cause, in the order of the list."""
        counted = Counter(one.cause for one in self.differences)
        return {cause: counted[cause] for cause in Cause if counted[cause]}

    @property
    def unexplained(self) -> int:
        """How many differences have no cause: anything but 0 is a fault of this program."""
        orders = sum(pair.cause is Cause.UNEXPLAINED for pair in self.pairs)
        return orders + sum(one.cause is Cause.UNEXPLAINED for one in self.differences)

    def to_json(self) -> dict[str, Any]:
        counts = self.counts
        return {
            "profile": self.profile,
            "from": format_instant(self.first_ms),
            "to": format_instant(self.last_ms),
            "runs": counts.runs,
            "decisions": {
                "compared": counts.compared,
                "equal": counts.equal,
                "plans": counts.plans,
                "plans_equal": counts.plans_equal,
                "not_decided": dict(sorted(counts.not_decided.items())),
                "unreadable": counts.unreadable,
                "by_cause": {str(cause): count for cause, count in self.by_cause.items()},
                "differences": [difference_to_json(one) for one in self.differences],
            },
            "orders": totals_to_json(self.totals) | {"keys": [pair_to_json(pair) for pair in self.pairs]},
            "unexplained": self.unexplained,
            "assumptions": {one.name: one.value for one in assumptions_by(self.assumptions)},
            "causes": {str(cause): words_of(cause) for cause in Cause},
            "remarks": list(self.remarks),
        }


def difference_to_json(one: DecisionDifference) -> dict[str, Any]:
    return {
        "run_id": one.run_id,
        "symbol": one.symbol,
        "at": format_instant(one.at_ms),
        "live": answer_to_json(one.live),
        "replay": answer_to_json(one.replay),
        "cause": str(one.cause),
        "why": one.why,
    }


def answer_to_json(answer: Answer) -> dict[str, Any]:
    return {
        "status": str(answer.status),
        "side": None if answer.side is None else str(answer.side),
        "timeframe": None if answer.timeframe is None else str(answer.timeframe),
        "decision_key": answer.key,
        "reason": answer.reason,
        "plan": None if answer.plan is None else _terms_to_json(answer.plan),
    }


def _terms_to_json(terms: PlanTerms) -> dict[str, Any]:
    return {
        "order_type": str(terms.order_type),
        "time_in_force": str(terms.time_in_force),
        "post_only": terms.post_only,
        "entry_price": f"{terms.entry_price:f}",
        "stop_price": f"{terms.stop_price:f}",
        "targets": [{"price": f"{price:f}", "size": f"{size:f}"} for price, size in terms.targets],
        "size": f"{terms.size:f}",
        "leverage": terms.leverage,
    }
