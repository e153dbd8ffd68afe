"""OKX's words for linear perpetuals, before the sandbox's engine."""
