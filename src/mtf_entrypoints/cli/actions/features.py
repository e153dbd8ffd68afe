"""`mtf features`."""

from __future__ import annotations

from mtf_core.features.history import History
from mtf_core.features.listing import ListedFeature, list_features
from mtf_core.settings.indicators import IndicatorSettings
from mtf_entrypoints.cli import output
from mtf_entrypoints.documents import features_to_json


def perform(as_json: bool) -> None:
    """Prints the table of features; histories are those of the default tolerance."""
    features = list_features(float(IndicatorSettings().warmup_tolerance))
    if as_json:
        output.write_json({"features": features_to_json(features)})
        return
    table = output.table("feature", "unit", "candles", "definition")
    for feature in features:
        table.add_row(feature.name, str(feature.unit), _candles(feature), feature.definition)
    output.console().print(table)


def _candles(feature: ListedFeature) -> str:
    """Of a feature with a period, for the last of those that are usual."""
    name, need = feature.needs[-1]
    return f"{_count(need)} ({name})" if feature.periodic else _count(need)


def _count(need: History) -> str:
    return "since the day's start" if need.session else str(need.candles)
