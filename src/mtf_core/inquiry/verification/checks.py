"""Comparing documents leaf by leaf, and collecting where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from mtf_core.inquiry.verification.findings import Difference, Finding


@define
class Checks:
    """Collects differences, and counts what was compared."""

    differences: list[Difference] = field(factory=list)
    decisions: int = 0
    plans: int = 0

    def note(self, finding: Finding, symbol: str | None, what: str, recorded: object, found: object) -> None:
        self.differences.append(Difference(finding, symbol, what, str(recorded), str(found)))

    def compare(self, finding: Finding, symbol: str | None, path: str, recorded: Any, found: Any) -> None:
        """Notes every leaf at which two documents differ; `path` says where they stand."""
        if isinstance(recorded, Mapping) and isinstance(found, Mapping):
            for key in dict.fromkeys((*recorded, *found)):
                inner = f"{path}.{key}" if path else str(key)
                self.compare(finding, symbol, inner, recorded.get(key), found.get(key))
        elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
            for index, (one, other) in enumerate(zip(recorded, found, strict=True)):
                self.compare(finding, symbol, f"{path}[{index}]", one, other)
        elif recorded != found:
            self.note(finding, symbol, path, recorded, found)
