"""The rate budget around any venue: who may call when, so that no limit is ever exceeded."""

from mtf_adapters.limits.bucket import Bucket, BucketTable, InvalidRateError, Reading, Scope
from mtf_adapters.limits.limiter import BucketUse, BudgetSpentError, Limiter, Unlimited, leaves_left

__all__ = [
    "Bucket",
    "BucketTable",
    "BucketUse",
    "BudgetSpentError",
    "InvalidRateError",
    "Limiter",
    "Reading",
    "Scope",
    "Unlimited",
    "leaves_left",
]
