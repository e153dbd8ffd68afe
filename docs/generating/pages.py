"""Every generated page by its path, and which of them are stale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from docs.generating.bitmart_face import bitmart_face_page
from docs.generating.commands import commands_page
from docs.generating.conditions import conditions_page
from docs.generating.features import features_page
from docs.generating.intents import intents_page
from docs.generating.markdown import COMMAND
from docs.generating.metrics import metrics_page
from docs.generating.okx_face import okx_face_page
from docs.generating.reasons import reasons_page
from docs.generating.request import request_page
from docs.generating.routes import routes_page
from docs.generating.settings import settings_page

ROOT = Path(__file__).resolve().parent.parent.parent

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/conditions.md": conditions_page,
    "docs/reference/features.md": features_page,
    "docs/reference/reasons.md": reasons_page,
    "docs/reference/settings.md": lambda: settings_page(ROOT / ".env.example"),
    "docs/reference/commands.md": commands_page,
    "docs/reference/http.md": routes_page,
    "docs/reference/run-request.md": request_page,
    "docs/reference/bitmart-face.md": bitmart_face_page,
    "docs/reference/okx-face.md": okx_face_page,
    "docs/reference/intents.md": intents_page,
    "docs/reference/metrics.md": metrics_page,
}


@cache
def generated_pages() -> dict[str, str]:
    """The text of each generated file, by its path from the repository's root."""
    return {path: made() for path, made in PAGES.items()}


def stale_pages(root: Path = ROOT) -> list[str]:
    """Generated files that are absent or differ from what the code says now."""
    return [
        path
        for path, text in generated_pages().items()
        if not (root / path).exists() or (root / path).read_text() != text
    ]


__all__ = ["COMMAND", "PAGES", "generated_pages", "stale_pages"]
