"""The HTTP application: routes, OpenAPI document, errors."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp

from mtf_core._version import __version__
from mtf_entrypoints.container import Container
from mtf_entrypoints.http.gate import MAX_BODY_BYTES, Gate
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.http.problems import respond
from mtf_entrypoints.http.routes import ROUTES
from mtf_entrypoints.http.service import STATE_KEY, Service


def build_app(container: Container, listening: Listening) -> ASGIApp:
    """The application behind its gate, for a container that stays open while it serves."""
    service = Service.of(container)
    app = Litestar(
        route_handlers=ROUTES,
        state=State({STATE_KEY: service}),
        exception_handlers={Exception: respond},
        openapi_config=OpenAPIConfig(
            use_handler_docstrings=True,
            title="mtf",
            version=__version__,
            description="Multi-timeframe trading orchestrator: runs, reasons, plans. Errors are problem+json.",
            path="/schema",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        debug=False,
    )
    return Gate(app, listening, service.settings.api_token)
