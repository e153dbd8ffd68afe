"""Every reason code is given by something, or is named as one of those that wait for real orders."""

from __future__ import annotations

import re
from pathlib import Path

import mtf_core
from mtf_core.reasons import OF_REAL_ORDERS, Reason


def test_every_reason_has_a_producer_but_those_that_wait_for_real_orders() -> None:
    core = Path(mtf_core.__file__).parent
    sources = "\n".join(path.read_text("utf-8") for path in core.rglob("*.py") if path.name != "reasons.py")
    used = {Reason[name] for name in re.findall(r"\bReason\.([A-Z_0-9]+)\b", sources) if name in Reason.__members__}
    assert set(Reason) - used == OF_REAL_ORDERS
