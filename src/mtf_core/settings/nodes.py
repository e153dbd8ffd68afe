"""The tree of a configuration file, where settings code looks for it.

It lives in `mtf_core.config_nodes`, below every layer, because the rule parser (a lower layer) reads the same trees.
"""

from __future__ import annotations

from mtf_core.config_nodes import (
    ConfigError,
    ConfigNode,
    ConfigProblem,
    Place,
    Problems,
    Scalar,
    Severity,
    nearest_name,
    overlaid,
)

__all__ = [
    "ConfigError",
    "ConfigNode",
    "ConfigProblem",
    "Place",
    "Problems",
    "Scalar",
    "Severity",
    "nearest_name",
    "overlaid",
]
