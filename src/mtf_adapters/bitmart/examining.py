"""What BitMart tells of a key beyond the ports: next to nothing, and a person should know that."""

from __future__ import annotations

from mtf_core.ports import VenueFinding


async def examine() -> tuple[VenueFinding, ...]:
    found = "not told: BitMart names no rights, and looks at secret and memo only where something is changed"
    return (VenueFinding("key_rights", True, found),)
