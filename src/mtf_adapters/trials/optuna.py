"""Combinations that Optuna proposes: for each window a study of its own, which is told what its train days scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from attrs import define, field

from mtf_core.search.proposals import Places
from mtf_core.search.settings import USUAL_AT_ONCE, USUAL_SEED
from mtf_core.search.space import SearchSpace

_NO_SCORE = -1e6
"""What a study is told of a combination without a score: worse than any."""


@define(eq=False)
class OptunaProposals:
    """One window after the other. So that what is proposed does not hang on which trial ends first, as many are
    proposed together as the space says, and their scores are told in the order of the proposals."""

    space: SearchSpace
    windows: int
    window: int = 0
    made: int = 0
    study: optuna.Study = field(init=False)
    waiting: list[tuple[optuna.trial.Trial, Places]] = field(factory=list)
    proposed: dict[Places, set[int]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = self._study()

    def next(self) -> tuple[Places, ...]:
        method = self.space.settings.method
        assert method.trials is not None
        if self.made >= method.trials:
            self.window, self.made = self.window + 1, 0
            if self.window >= self.windows:
                return ()
            self.study = self._study()
        count = min(method.at_once or USUAL_AT_ONCE, method.trials - self.made)
        self.made += count
        self.waiting = [self._asked() for _ in range(count)]
        for _, places in self.waiting:
            self.proposed.setdefault(places, set()).add(self.window)
        return tuple(dict.fromkeys(places for _, places in self.waiting))

    def told(self, scores: Mapping[Places, Sequence[float | None]]) -> None:
        for trial, places in self.waiting:
            score = scores[places][self.window]
            self.study.tell(trial, _NO_SCORE if score is None else score)

    def windows_of(self, places: Places) -> frozenset[int] | None:
        return frozenset(self.proposed.get(places, ()))

    def _study(self) -> optuna.Study:
        seed = USUAL_SEED if self.space.settings.method.seed is None else self.space.settings.method.seed
        sampler = optuna.samplers.TPESampler(seed=seed * 1000 + self.window, constant_liar=True)
        return optuna.create_study(direction="maximize", sampler=sampler)

    def _asked(self) -> tuple[optuna.trial.Trial, Places]:
        trial = self.study.ask()
        places = tuple(self._place(trial, one.path, one.values) for one in self.space.varied)
        return trial, places

    @staticmethod
    def _place(trial: optuna.trial.Trial, path: str, values: Sequence[Any]) -> int:
        """Numbers have an order, which helps; texts, lists and maps are just different."""
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            order = sorted(range(len(values)), key=lambda place: values[place])
            return order[int(trial.suggest_int(path, 0, len(values) - 1))]
        return int(trial.suggest_categorical(path, list(range(len(values)))))
