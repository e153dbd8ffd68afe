"""The page of the interactive documentation: one file without anything from elsewhere, so it works offline."""

from __future__ import annotations

from pathlib import Path

DOCS_PAGE = (Path(__file__).parent / "docs.html").read_text(encoding="utf-8")

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
