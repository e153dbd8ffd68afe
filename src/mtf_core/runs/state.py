"""One run's state as it goes through its stages."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, evolve, field

from mtf_core.market import AccountState, CandleStack, Timeframe
from mtf_core.ports import Acquired, Environment, Progress
from mtf_core.reasons import Reason
from mtf_core.risk.guards import DailyLoss
from mtf_core.run_request import RunRequest
from mtf_core.runs.leases import Leases
from mtf_core.runs.metering import MeteredExchange, Stopwatch
from mtf_core.runs.planner import Planned
from mtf_core.runs.report import SymbolError, SymbolResult, SymbolStatus
from mtf_core.settings.profile import Profile
from mtf_core.validation.decision import Decision


@define(eq=False)
class RunState:
    """What a run was asked, what it works with, and what it found so far. `instant_ms` is the venue's time."""

    request: RunRequest
    environment: Environment
    profile: Profile
    run_id: str
    started_ms: int
    instant_ms: int
    exchange: MeteredExchange
    watch: Stopwatch
    progress: Progress
    leases: Leases
    fence: Acquired | None = None
    """The run's own lock; None where a run locks its symbols only."""
    requested: int = 0
    account: AccountState | None = None
    account_error: str | None = None
    loss: DailyLoss | None = None
    """None exactly when the account is."""
    results: dict[str, SymbolResult] = field(factory=dict)
    decisions: dict[str, Decision] = field(factory=dict)
    plans: dict[str, Planned] = field(factory=dict)
    stacks: Mapping[Timeframe, CandleStack] = field(factory=dict)
    plan_stacks: Mapping[Timeframe, CandleStack] = field(factory=dict)
    spreads_bps: Mapping[str, float] = field(factory=dict)
    """What the selector was told of the books, in basis points of mid."""
    evaluated: tuple[Timeframe, ...] = ()
    reused: tuple[Timeframe, ...] = ()

    def skip(self, symbol: str, reason: Reason) -> None:
        """The symbol is not evaluated."""
        self.results[symbol] = SymbolResult(symbol, SymbolStatus.SKIPPED, reason)

    def fail(self, symbol: str, reason: Reason, error: Exception) -> None:
        """The symbol fails alone, under its name; what was found of it so far stays."""
        before = self.results.get(symbol, SymbolResult(symbol, SymbolStatus.ERROR))
        failure = SymbolError(type(error).__name__, str(error))
        self.results[symbol] = evolve(before, status=SymbolStatus.ERROR, reason=reason, error=failure, order=None)
