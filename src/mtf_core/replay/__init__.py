"""Replay: what a profile would have done over recorded candles, by the core that trades; the exchange is a model."""
