"""Mutants that change nothing that anybody could notice, each with the reason. They count neither way."""

EQUIVALENT: dict[str, str] = {}
