"""The page on reason codes, from the enumeration."""

from __future__ import annotations

from docs.generating.markdown import code, page, table

from mtf_core.reasons import OF_REAL_ORDERS, Reason, Stage, meaning_of, stage_of

_INTRODUCTION = """
Every "no" has one of these codes: in reports, in the store, and in `mtf why`. Stages stand in the order in which a run
passes them; a symbol stops at the first that holds it.
"""


def reasons_page() -> str:
    parts = []
    for stage in Stage:
        own = [reason for reason in Reason if stage_of(reason) is stage]
        if own:
            rows = ((code(reason), _meaning(reason)) for reason in own)
            parts.append(f"## {stage[0].upper()}{stage[1:]}\n\n" + table(("code", "meaning"), rows))
    return page("Reason codes", _INTRODUCTION, *parts)


def _meaning(reason: Reason) -> str:
    return meaning_of(reason) + (" (only once orders are sent)" if reason in OF_REAL_ORDERS else "")
