"""What a document is known by: the digest of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtf_core.settings.plain import Plain


def digest_of(content: Mapping[str, Plain]) -> str:
    """SHA-256 of the content, independent of the order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
