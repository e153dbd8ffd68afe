"""The matching engine: a deterministic machine that knows accounts, books, triggers and time, and no wire."""

from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.rules import VenueRules

__all__ = ["MatchingEngine", "VenueRules"]
