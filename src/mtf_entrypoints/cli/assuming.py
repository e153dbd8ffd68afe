"""What `--assume` says, as lines of replay.yaml."""

from __future__ import annotations

from collections.abc import Iterable

from mtf_entrypoints.settings import SettingsError


def assumed_lines(given: Iterable[str]) -> list[str]:
    """`slippage_bps=5` as `slippage_bps: 5`; raises `SettingsError`."""
    return [_line(text) for text in given]


def _line(text: str) -> str:
    key, separator, value = text.partition("=")
    if not (separator and key.strip() and value.strip()):
        raise SettingsError(f"--assume: found {text!r}; write it like slippage_bps=5")
    return f"{key.strip()}: {value.strip()}"
