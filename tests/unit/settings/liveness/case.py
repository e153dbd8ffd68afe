"""One proof that a key acts: two values, and a scenario that comes out differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from mtf_core.settings.profile import Profile
from tests.unit.settings.liveness.keys import differences
from tests.unit.settings.liveness.worlds import content_with, profile_of


@frozen
class Case:
    """`path` takes `one` and `other`, both with the settings `given` beside it; `scenario` observes a profile."""

    path: str
    one: Any
    other: Any
    scenario: Callable[[Profile], object]
    given: Mapping[str, Any] = field(factory=dict)
    warned: bool = False
    """Whether it acts only where the configuration is warned about."""

    def assert_alive(self) -> None:
        """The two configurations differ in this key alone, and what is observed differs."""
        contents = [content_with({**self.given, self.path: value}) for value in (self.one, self.other)]
        found = list(differences(*contents))
        assert found
        assert all(f"{path}.".startswith(f"{self.path}.") for path in found), found
        first, second = (self.scenario(profile_of(content, warned=self.warned)) for content in contents)
        assert first != second, f"{self.path}: {self.one!r} and {self.other!r} come to the same: {first!r}"
