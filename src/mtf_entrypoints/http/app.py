"""The HTTP application: routes, OpenAPI document, errors."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPI, SecurityScheme
from litestar.types import ASGIApp

from mtf_core._version import __version__
from mtf_entrypoints.container import Container
from mtf_entrypoints.http.gate import MAX_BODY_BYTES, Gate
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.http.openapi.answers import COMPONENTS
from mtf_entrypoints.http.openapi.documented import BEARER
from mtf_entrypoints.http.openapi.schemas import choice
from mtf_entrypoints.http.problems import respond
from mtf_entrypoints.http.routes import ALIASES, ROUTES
from mtf_entrypoints.http.service import STATE_KEY, Service


def build_app(container: Container, listening: Listening) -> ASGIApp:
    """The application behind its gate, for a container that stays open while it serves."""
    service = Service.of(container)
    app = Litestar(
        route_handlers=[*ROUTES, ALIASES],
        state=State({STATE_KEY: service}),
        exception_handlers={Exception: respond},
        openapi_config=OpenAPIConfig(
            use_handler_docstrings=True,
            title="mtf",
            version=__version__,
            description="Multi-timeframe trading orchestrator: runs, reasons, plans. Errors are problem+json.",
            path="/schema",
            components=Components(
                security_schemes={BEARER: SecurityScheme("http", scheme="bearer", description="`MTF_API_TOKEN`")}
            ),
            security=[{BEARER: []}] if service.settings.api_token else None,
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        debug=False,
    )
    # Only now: the framework fills in this part of the document by itself, with what it derived.
    app.openapi_schema.components.schemas.update(
        {
            **COMPONENTS,
            "ProfileName": choice(service.profile_names()),
            "ExchangeName": choice((service.settings.exchange,)),
        }
    )
    if service.settings.api_token is None:
        _without_token(app.openapi_schema)
    return Gate(app, listening, service.settings.api_token)


def _without_token(document: OpenAPI) -> None:
    """A service without a token asks for none: what it does with a token only, it refuses whoever asks."""
    for path in (document.paths or {}).values():
        for operation in (path.get, path.post):
            if operation is not None and operation.security:
                operation.security = None
