"""Paper: a real venue's public data, and an account of our own that the matching engine fills at its quotes."""

from mtf_adapters.paper.account_file import HOW_TO_TRADE, ONE_PROCESS
from mtf_adapters.paper.venue import OtherBalanceError, paper_venue

__all__ = ["HOW_TO_TRADE", "ONE_PROCESS", "OtherBalanceError", "paper_venue"]
