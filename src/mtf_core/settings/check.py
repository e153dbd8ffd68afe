"""The outcome of checking a folder of configuration files."""

from __future__ import annotations

from attrs import frozen

from mtf_core.settings.nodes import ConfigProblem
from mtf_core.settings.profile import Profile


@frozen
class CheckReport:
    """Everything wrong in all files, what deserves a look, what is worth knowing, and the profiles that can be used."""

    problems: tuple[ConfigProblem, ...]
    warnings: tuple[ConfigProblem, ...]
    notes: tuple[ConfigProblem, ...]
    """Entries of rules that never decide because others already do."""
    profiles: tuple[Profile, ...]

    @property
    def ok(self) -> bool:
        return not self.problems
