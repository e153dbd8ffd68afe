"""mtf: decide by rules over several timeframes, and plan the order. Pure values in, values out.

```python
import mtf_core as mtf

profile = mtf.load_profile("scalper")
candles = {"1m": mtf.Candles.read_csv("btc-1m.csv")}
decision = mtf.decide(profile, symbol="BTCUSDT", candles=candles)
print(decision.explain())
```

Names are imported when they are first used, so that `import mtf_core` costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core._version import __version__
from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.market import (
        AccountState,
        BracketUnit,
        Candles,
        Contract,
        InvalidCandlesError,
        LeverageBracket,
        MarkPrice,
        Side,
        Timeframe,
        TopOfBook,
    )
    from mtf_core.notebook import decide, decide_over, load_profile, plan_order, venue_facts
    from mtf_core.planning import OrderPlan, Skip
    from mtf_core.reasons import Reason
    from mtf_core.records.documents import plan_to_json
    from mtf_core.settings.nodes import ConfigError
    from mtf_core.settings.profile import Profile

__all__ = [
    "AccountState",
    "BracketUnit",
    "Candles",
    "ConfigError",
    "Contract",
    "InvalidCandlesError",
    "LeverageBracket",
    "MarkPrice",
    "OrderPlan",
    "Profile",
    "Reason",
    "Side",
    "Skip",
    "Timeframe",
    "TopOfBook",
    "__version__",
    "decide",
    "decide_over",
    "load_profile",
    "plan_order",
    "plan_to_json",
    "venue_facts",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "market": (
                "AccountState BracketUnit Candles Contract InvalidCandlesError LeverageBracket MarkPrice Side "
                "Timeframe TopOfBook"
            ),
            "settings.nodes": "ConfigError",
            "planning": "OrderPlan Skip",
            "records.documents": "plan_to_json",
            "settings.profile": "Profile",
            "reasons": "Reason",
            "notebook": "decide decide_over load_profile plan_order venue_facts",
        },
    )
