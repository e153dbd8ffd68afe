"""The search: what is tried, written to the ledger before it begins, and judged when all of it has ended.

Everything that is told at the end follows from what the ledger holds of the search. So one that was killed asks the
ledger what had ended, does the rest, and ends with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from attrs import define, field, frozen

from mtf_adapters.trials.ledger import Outcome, OutcomeKind, TrialKind, TrialLedger, TrialStart
from mtf_core.config_nodes import ConfigError
from mtf_core.ports import Progress, no_progress
from mtf_core.replay.curve import curve_of
from mtf_core.replay.ledger import Ledger
from mtf_core.search.choosing import Choice, best_of, walk_forward
from mtf_core.search.parameters import Parameters, parameters_digest, varied_profile
from mtf_core.search.proposals import Places, fixed_proposals
from mtf_core.search.scoring import StretchFigures, figures_within
from mtf_core.search.settings import Method
from mtf_core.search.trial import Refused, Tried, result_from_json
from mtf_core.search.verdict import Conclusion, Seen, Verdict, conclude
from mtf_core.settings.digest import digest_of
from mtf_entrypoints.search.pool import Asked, BrokeOff, Carrier
from mtf_entrypoints.search.preparing import PreparedSearch
from mtf_entrypoints.search.work import Workbench

_BROKE_OFF = "it broke off: "


@frozen(kw_only=True, eq=False)
class FinishedSearch:
    """What a search ends with."""

    prepared: PreparedSearch
    trials: tuple[Tried, ...]
    conclusion: Conclusion
    holdout: Ledger | None
    """The replay of the best over the days that no trial has seen; None: it was rejected before."""


class Proposals(Protocol):
    """What is tried, batch by batch; what a batch has scored may decide on the next one."""

    def next(self) -> tuple[Places, ...]:
        """The combinations that are wanted now; empty: no more."""
        ...

    def told(self, scores: Mapping[Places, Sequence[float | None]]) -> None:
        """What each of them scored in each window; None: no score."""
        ...

    def windows_of(self, places: Places) -> frozenset[int] | None:
        """The windows that the combination was proposed for; None: all."""
        ...


@define(eq=False)
class Fixed:
    """All at once, whatever they score."""

    left: tuple[Places, ...]

    def next(self) -> tuple[Places, ...]:
        found, self.left = self.left, ()
        return found

    def told(self, scores: Mapping[Places, Sequence[float | None]]) -> None:
        """Nothing follows from it."""

    def windows_of(self, places: Places) -> frozenset[int] | None:
        return None


class OptunaNotInstalledError(Exception):
    """The space wants Optuna."""


def proposals_of(prepared: PreparedSearch) -> Proposals:
    """As the space's method says; raises `OptunaNotInstalledError`."""
    if prepared.space.settings.method.kind is Method.OPTUNA:
        try:
            from mtf_adapters.trials.optuna import OptunaProposals  # noqa: PLC0415  (an extra, which takes a second)
        except ModuleNotFoundError as error:
            if error.name != "optuna":
                raise
            raise OptunaNotInstalledError(
                'Optuna is not installed; pip install "mtf-orchestrator[search]", or write method.kind: random'
            ) from None
        return OptunaProposals(prepared.space, len(prepared.windows.all))
    return Fixed(fixed_proposals(prepared.space))


@define(eq=False)
class Searching:
    """One search on its way."""

    prepared: PreparedSearch
    ledger: TrialLedger
    carrier: Carrier
    progress: Progress = no_progress
    trials: dict[int, Tried] = field(factory=dict)
    numbers: dict[Places, int] = field(factory=dict)
    total: int = 1

    def perform(self) -> FinishedSearch:
        prepared, proposals = self.prepared, proposals_of(self.prepared)
        self.ledger.note_search(prepared.digest, prepared.document())
        self.ledger.note_data(prepared.data)
        self.ledger.note_data(prepared.holdout)
        self._try_all([(0, {})])  # the profile as it is: what every variant is to be better than
        while batch := proposals.next():
            new = [places for places in batch if places not in self.numbers]
            for places in new:
                self.numbers[places] = len(self.numbers) + 1
            self.total += len(new)
            self._try_all([(self.numbers[places], prepared.space.parameters(places)) for places in new])
            proposals.told({places: self._scores(self.numbers[places]) for places in batch})
        return self._ended(proposals)

    def _scores(self, number: int) -> list[float | None]:
        result, count = self.trials[number].result, len(self.prepared.windows.all)
        return [None] * count if result is None else [result.score(window) for window in range(count)]

    # Trials

    def _try_all(self, wanted: Sequence[tuple[int, Parameters]]) -> None:
        """Those that the ledger knows already are not tried again."""
        asked = [
            Asked(number, parameters, self._key(parameters, self.prepared.data.digest)) for number, parameters in wanted
        ]
        known = self.ledger.outcomes([one.key for one in asked])
        for one in asked:
            if one.key in known:
                self._keep(one, known[one.key])
        ids: dict[int, int] = {}
        for one, answer in self.carrier.carry(self._begun([one for one in asked if one.key not in known], ids)):
            outcome, sharpe = _outcome(answer)
            self.ledger.end(ids[one.number], outcome, sharpe)
            self._keep(one, outcome)

    def _begun(self, asked: Sequence[Asked], ids: dict[int, int]) -> Iterator[Asked]:
        """Each is in the ledger, on the disk, before anybody can know what it scores."""
        for one in asked:
            configuration = _configuration(self.prepared, one.parameters)
            (ids[one.number],) = self.ledger.begin([self._start(one, configuration, TrialKind.SEARCH)])
            yield one

    def _start(self, one: Asked, configuration: str, kind: TrialKind) -> TrialStart:
        prepared = self.prepared
        return TrialStart(
            key=one.key,
            search=prepared.digest,
            data=(prepared.holdout if kind is TrialKind.HOLDOUT else prepared.data).digest,
            profile=prepared.profile.digest,
            parameters_digest=parameters_digest(one.parameters),
            configuration=configuration,
            parameters=one.parameters,
            kind=kind,
        )

    def _key(self, parameters: Parameters, data: str) -> str:
        prepared = self.prepared
        return digest_of(
            {
                "data": data,
                "profile": prepared.profile.digest,
                "parameters": parameters_digest(parameters),
                "judged_by": prepared.judged_by,
            }
        )

    def _keep(self, one: Asked, outcome: Outcome) -> None:
        scored = outcome.kind is OutcomeKind.SCORED
        self.trials[one.number] = Tried(
            number=one.number,
            parameters=one.parameters,
            configuration=_configuration(self.prepared, one.parameters) if scored else "",
            outcome=result_from_json(outcome.document) if scored else Refused(str(outcome.document["why"])),
        )
        self.progress("trials", len(self.trials), self.total)

    # The end

    def _ended(self, proposals: Proposals) -> FinishedSearch:
        trials = tuple(self.trials[number] for number in sorted(self.trials))
        windows = self.prepared.windows
        choices = [best_of(trials, window, self._among(proposals, window)) for window in range(len(windows.folds))]
        best = best_of(trials, len(windows.folds), self._among(proposals, len(windows.folds)))
        before = self._concluded(trials, choices, best, None)
        if best is None or before.verdict is Verdict.REJECTED:
            # The hold-out is not looked at for what is rejected anyway: days that nobody has seen are worth keeping.
            return FinishedSearch(prepared=self.prepared, trials=trials, conclusion=before, holdout=None)
        ledger = self._held_out(best)
        figures = self._figures(ledger)
        conclusion = self._concluded(trials, choices, best, figures)
        return FinishedSearch(prepared=self.prepared, trials=trials, conclusion=conclusion, holdout=ledger)

    def _among(self, proposals: Proposals, window: int) -> frozenset[int] | None:
        """The trials that a window may choose from: those that were proposed without knowing of other days."""
        of_window = {places: proposals.windows_of(places) for places in self.numbers}
        if all(windows is None for windows in of_window.values()):
            return None
        numbers = (
            self.numbers[places] for places, windows in of_window.items() if windows is None or window in windows
        )
        return frozenset({0, *numbers})

    def _concluded(
        self,
        trials: tuple[Tried, ...],
        choices: Sequence[Choice | None],
        best: Choice | None,
        holdout: StretchFigures | None,
    ) -> Conclusion:
        prepared = self.prepared
        on_holdout = self.ledger.configurations_on(prepared.holdout.digest)
        own = frozenset() if best is None else frozenset({best.tried.configuration})
        seen = Seen(
            configurations=len(self.ledger.configurations_on(prepared.data.digest)),
            on_holdout=len(on_holdout - own),
        )
        forward = walk_forward(choices)
        return conclude(prepared.space.settings.verdict, trials, choices, forward, best, holdout, seen)

    def _held_out(self, best: Choice) -> Ledger:
        """The best over the hold-out; that it was looked at is in the ledger first."""
        parameters = best.tried.parameters
        asked = Asked(best.tried.number, parameters, self._key(parameters, self.prepared.holdout.digest))
        (trial_id,) = self.ledger.begin([self._start(asked, best.tried.configuration, TrialKind.HOLDOUT)])
        ledger = Workbench(self.prepared.work).hold_out(parameters)
        figures = self._figures(ledger)
        document = {"trades": figures.trades, "low_r": figures.low_r, "expectancy_r": figures.expectancy_r}
        self.ledger.end(trial_id, Outcome(OutcomeKind.SCORED, document))
        return ledger

    def _figures(self, ledger: Ledger) -> StretchFigures:
        stretch, settings = self.prepared.windows.final.test, self.prepared.space.settings.score
        return figures_within(ledger.trades, curve_of(ledger), stretch, settings, len(ledger.markets))


def _configuration(prepared: PreparedSearch, parameters: Parameters) -> str:
    """The digest of the profile as it is tried; of a combination that makes none, that of the combination."""
    try:
        return varied_profile(prepared.profile.content, parameters).digest
    except ConfigError:
        return parameters_digest({"refused": dict(parameters)})


def _outcome(answer: object) -> tuple[Outcome, float | None]:
    match answer:
        case Refused():
            return Outcome(OutcomeKind.REFUSED, {"why": answer.why}), None
        case BrokeOff():
            return Outcome(OutcomeKind.FAILED, {"why": _BROKE_OFF + answer.why}), None
        case _:
            sharpe = answer.sharpe  # type: ignore[attr-defined]
            return Outcome(OutcomeKind.SCORED, answer.to_json()), None if sharpe is None else sharpe.ratio  # type: ignore[attr-defined]
