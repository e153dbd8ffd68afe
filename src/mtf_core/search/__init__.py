"""Search: many variants of a profile tried over recorded candles, and whether the best one is more than luck."""
