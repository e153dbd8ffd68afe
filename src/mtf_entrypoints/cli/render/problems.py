"""What is wrong with a configuration, as JSON."""

from __future__ import annotations

from typing import Any

from mtf_core.config_nodes import ConfigProblem


def problem_to_json(problem: ConfigProblem) -> dict[str, Any]:
    """The problem with its place; `found` is the value or the fact, without the word that begins the sentence."""
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "path": problem.place.path,
        "found": problem.found.removeprefix("found "),
        "allowed": problem.allowed,
        "nearest": problem.nearest,
    }
