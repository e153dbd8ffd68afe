"""Rules: three-valued tests over features, the catalogue of built-in conditions, and reading profiles' rules."""

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
