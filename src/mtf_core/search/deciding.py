"""What decisions depend on: trials that differ in nothing of it share the READY minutes of a market."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.replay.ledger import ReplayMarket
from mtf_core.settings.digest import digest_of
from mtf_core.settings.plain import Plain
from mtf_core.settings.profile import Document
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.metrics import PREVIEWED, metric_names

_SPREAD = "spread_bps"


def rules_digest(compiled: CompiledProfile, spread_bps: float) -> str:
    """Of everything in a profile that its decisions, and the features of its plans, depend on.

    Those are the rules and the indicators; which features a plan wants, which follows from trade entry; and where the
    selector looks at the trade that would be made, or at the book, all of trade entry, or the spread.
    """
    profile = compiled.profile
    names = metric_names(
        [
            test
            for timeframe in profile.rules.execution_timeframes
            for test in profile.rules.selector_tests_on(timeframe)
        ]
    )
    trade_entry = profile.content[Document.TRADE_ENTRY.value]
    assert isinstance(trade_entry, Mapping)
    content: dict[str, Plain] = {
        "rules": profile.content[Document.VALIDATIONS.value],
        "indicators": profile.content[Document.INDICATOR.value],
        "decision": trade_entry["decision"],
        "plan_features": {
            timeframe.value: {role.value: str(feature) for role, feature in roles.items()}
            for timeframe, roles in compiled.plan_features.items()
        },
        "trade_entry": trade_entry if names & set(PREVIEWED) else None,
        "spread_bps": spread_bps if _SPREAD in names else None,
    }
    return digest_of(content)


def opportunities_digest(rules: str, market: ReplayMarket, first_ms: int, last_ms: int, version: str) -> str:
    """Of the READY minutes of one market, by the digest of the rules: the candles' own digest says which candles."""
    return digest_of(
        {"rules": rules, "candles": market.digest, "span": [first_ms, last_ms], "version": version, "of": market.symbol}
    )
