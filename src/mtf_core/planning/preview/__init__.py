"""The plan's R, zone width and leverage over whole arrays, by the plan's own formulas in float64."""

from mtf_core.planning.preview.cells import PreviewInputs
from mtf_core.planning.preview.preview import Preview, preview

__all__ = ["Preview", "PreviewInputs", "preview"]
