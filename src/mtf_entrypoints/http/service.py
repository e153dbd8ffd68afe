"""What the routes work with: one environment and one orchestrator for the life of the process."""

from __future__ import annotations

from attrs import frozen

from mtf_adapters.files.profiles import profile_names
from mtf_core.config_nodes import ConfigError
from mtf_core.market import format_instant
from mtf_core.ports import Environment
from mtf_core.problems import FieldProblem
from mtf_core.runs import Orchestrator
from mtf_core.settings.profile import Profile
from mtf_core.settings.trading import PROFILE_ALIASES
from mtf_entrypoints.container import Container
from mtf_entrypoints.http.problems import invalid
from mtf_entrypoints.http.reading import AnyRequest
from mtf_entrypoints.settings import Settings

STATE_KEY = "service"


@frozen(eq=False)
class Service:
    """The process behind the routes."""

    settings: Settings
    container: Container
    environment: Environment
    orchestrator: Orchestrator

    @classmethod
    def of(cls, container: Container) -> Service:
        return cls(container.settings(), container, container.environment(), container.orchestrator())

    def profile(self, name: str | None) -> Profile:
        """The profile of that name; an unknown one is the asker's mistake (422), a broken one is ours (500)."""
        self.check_profile_name(name)
        return self.environment.profiles(name or None)

    def check_instant(self, at_ms: int | None) -> None:
        """Raises `ProblemError` (422) for an instant in the future."""
        if at_ms is not None and at_ms > self.environment.wall.now_ms():
            message = f"{format_instant(at_ms)} lies in the future; allowed is a past instant"
            raise invalid([FieldProblem("at", message)])

    def check_profile_name(self, name: str | None) -> None:
        """Raises `ProblemError` (422) for a name that no profile bears."""
        if not name:
            return
        try:
            known = profile_names(self.settings.config_dir)
        except ConfigError:
            return  # the profile itself cannot be read either, and says why
        if PROFILE_ALIASES.get(name, name) not in known:
            raise invalid([FieldProblem("profile", f"found {name!r}; allowed is one of {', '.join(known)}")])


def service_of(request: AnyRequest) -> Service:
    """The service that answers a request."""
    found = request.app.state[STATE_KEY]
    assert isinstance(found, Service)
    return found
