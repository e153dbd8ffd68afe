"""Traces of runs, as a collector gets them."""
