"""Acting on one account: submitting entries, supervising what came of them, reconciling the store with the exchange.

The decisions are pure functions of `orders/` and `risk/`; here they meet the ports, and here alone things wait.
"""
