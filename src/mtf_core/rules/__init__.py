"""Rules: three-valued tests over features, the catalogue of built-in conditions, and reading profiles' rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.rules.analysis import Finding, names_used, never_or_always, side_warnings
    from mtf_core.rules.catalogue import CONDITIONS, METRICS
    from mtf_core.rules.conditions.condition import BuildContext, Condition, Family, Parameter, ParameterKind
    from mtf_core.rules.parse import parse_rules, parse_side, parse_test
    from mtf_core.rules.scope import Scope

__all__ = [
    "CONDITIONS",
    "METRICS",
    "BuildContext",
    "Condition",
    "Family",
    "Finding",
    "Parameter",
    "ParameterKind",
    "Scope",
    "names_used",
    "never_or_always",
    "parse_rules",
    "parse_side",
    "parse_test",
    "side_warnings",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "analysis": "Finding names_used never_or_always side_warnings",
            "catalogue": "CONDITIONS METRICS",
            "conditions.condition": "BuildContext Condition Family Parameter ParameterKind",
            "parse": "parse_rules parse_side parse_test",
            "scope": "Scope",
        },
    )
