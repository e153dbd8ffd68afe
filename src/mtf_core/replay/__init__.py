"""Replay: what a profile would have done over recorded candles. The core that trades decides; the exchange is a model."""
