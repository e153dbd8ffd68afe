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

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mtf_core._version import __version__

if TYPE_CHECKING:
    from mtf_core.market import (
        AccountState,
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
    from mtf_core.planning import OrderPlan, Skip, plan_to_json
    from mtf_core.reasons import Reason
    from mtf_core.settings.nodes import ConfigError
    from mtf_core.settings.profile import Profile

_HOMES = {
    "AccountState": "mtf_core.market",
    "Candles": "mtf_core.market",
    "ConfigError": "mtf_core.settings.nodes",
    "Contract": "mtf_core.market",
    "InvalidCandlesError": "mtf_core.market",
    "LeverageBracket": "mtf_core.market",
    "MarkPrice": "mtf_core.market",
    "OrderPlan": "mtf_core.planning",
    "Profile": "mtf_core.settings.profile",
    "Reason": "mtf_core.reasons",
    "Side": "mtf_core.market",
    "Skip": "mtf_core.planning",
    "Timeframe": "mtf_core.market",
    "TopOfBook": "mtf_core.market",
    "decide": "mtf_core.notebook",
    "decide_over": "mtf_core.notebook",
    "load_profile": "mtf_core.notebook",
    "plan_order": "mtf_core.notebook",
    "plan_to_json": "mtf_core.planning",
    "venue_facts": "mtf_core.notebook",
}

__all__ = [
    "AccountState",
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mtf_core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
