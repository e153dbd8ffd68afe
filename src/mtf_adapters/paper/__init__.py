"""Paper: a real venue's public data, and an account of our own that the matching engine fills at its quotes."""

from mtf_adapters.paper.venue import OtherBalanceError, paper_venue

__all__ = ["OtherBalanceError", "paper_venue"]
