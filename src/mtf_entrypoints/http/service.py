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
from mtf_entrypoints.http.problems import ProblemError, invalid, not_found
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

    def require_token(self) -> None:
        """Raises `ProblemError` (403) where no token is configured: the gate let everyone in, and this needs one."""
        if self.settings.api_token is None:
            raise ProblemError("token_not_configured", "set MTF_API_TOKEN and start the service anew")

    def profile(self, name: str | None) -> Profile:
        """The profile of that name; an unknown one is the asker's mistake (422), a broken one is ours (500)."""
        self.check_profile_name(name)
        return self.environment.profiles(name or None)

    def check_instant(self, at_ms: int | None) -> None:
        """Raises `ProblemError` (404) for an instant in the future."""
        if at_ms is not None and at_ms > self.environment.wall.now_ms():
            message = f"{format_instant(at_ms)} lies in the future; allowed is a past instant"
            raise not_found([FieldProblem("at", message)])

    def profile_names(self) -> tuple[str, ...]:
        """The names that a profile may be asked for by; empty where the folder of configuration cannot be read."""
        try:
            return (*profile_names(self.settings.config_dir), *PROFILE_ALIASES)
        except ConfigError:
            return ()

    def check_profile_name(self, name: str | None) -> None:
        """Raises `ProblemError` (422) for a name that no profile bears."""
        known = self.profile_names()
        if name and known and name not in known:  # with none, the profile itself cannot be read, and says why
            raise invalid([FieldProblem("profile", f"found {name!r}; allowed is one of {', '.join(known)}")])


def service_of(request: AnyRequest) -> Service:
    """The service that answers a request."""
    found = request.app.state[STATE_KEY]
    assert isinstance(found, Service)
    return found
