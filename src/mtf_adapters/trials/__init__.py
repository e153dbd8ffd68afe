"""What a search keeps outside of itself: the ledger of trials, and decisions that trials share."""
