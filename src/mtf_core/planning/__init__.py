"""The order plan: from a signal and the market to a complete order, or a skip with a reason."""
