"""Acting on one account: submitting entries, supervising what came of them, reconciling the store with the exchange.

The decisions are pure functions of `orders/` and `risk/`; here they meet the ports, and here alone things wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.execution.desk import Desk
    from mtf_core.execution.guarding import Ground, further_guard, guards_for
    from mtf_core.execution.opening import open_desk
    from mtf_core.execution.quality import MarketQuality
    from mtf_core.execution.submit import Guards, Submitted, submit, submit_further

__all__ = [
    "Desk",
    "Ground",
    "Guards",
    "MarketQuality",
    "Submitted",
    "further_guard",
    "guards_for",
    "open_desk",
    "submit",
    "submit_further",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "desk": "Desk",
            "guarding": "Ground further_guard guards_for",
            "opening": "open_desk",
            "quality": "MarketQuality",
            "submit": "Guards Submitted submit submit_further",
        },
    )
