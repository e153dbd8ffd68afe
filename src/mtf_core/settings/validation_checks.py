"""What no single rule shows: conditions that can never decide, that speak for the other side, or that nothing uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from mtf_core.market import Side
from mtf_core.rules.analysis import names_used, never_or_always, side_warnings
from mtf_core.rules.expressions import Named, Test, children, size
from mtf_core.rules.regions import region
from mtf_core.rules.ruleset import RuleSet
from mtf_core.rules.scope import report_once
from mtf_core.settings.nodes import ConfigNode, Place, Problems, Severity

MOST_PARTS = 20_000
"""How many parts a tree may have; the largest shipped one has a few hundred."""


def check_rules(
    ruleset: RuleSet, node: ConfigNode, rules: Mapping[str, Test], problems: Problems, *, thorough: bool
) -> None:
    """Adds what is wrong with tests that are each well formed, also where others beside them are not.

    `rules` are the profile's named ones.

    A named rule is judged once, where it is defined; sides, filters and selector lists where they stand. Only the
    thorough way looks for entries that never decide beside others: it takes longer and finds no errors.
    """
    judge = _judge if thorough else _judge_if_impossible
    for name, test in rules.items():
        place = node.place_of("rules", name)
        if not _is_too_large(test, place, problems):
            judge(test, place, rules.keys() - {name}, problems)
    for side, test, place in _sides_and_filters(ruleset, node):
        if _is_too_large(test, place, problems):
            continue
        judge(test, place, rules, problems)
        for warning in side_warnings(test, side):
            report_once(problems, place, str(warning), "make sure that it is meant", warning=True)
    for test, place in _selector_tests(ruleset, node):
        if _is_too_large(test, place, problems):
            continue
        judge(test, place, rules, problems)


def _judge_if_impossible(test: Test, place: Place, examined: Collection[str], problems: Problems) -> None:
    """As `_judge`, but only where some part has no values for which it is true, or none for which it is false."""
    if any(not region(part, wanted) for part in _parts(test) for wanted in (True, False)):
        _judge(test, place, examined, problems)


def _parts(test: Test) -> Iterator[Test]:
    """The test and everything below it, equal parts once; a built-in condition is one part."""
    seen = {test: None}
    pending = [test]
    while pending:
        part = pending.pop()
        if not (isinstance(part, Named) and part.builtin):
            new = [child for child in children(part) if child not in seen]
            seen.update(dict.fromkeys(new))
            pending += new
    return iter(seen)


def _is_too_large(test: Test, place: Place, problems: Problems) -> bool:
    """Every part of a tree is evaluated, stored and shown; rules that use rules twice double it at every level."""
    parts = size(test)
    if parts > MOST_PARTS:
        found = f"written out, this has {parts} parts"
        report_once(problems, place, found, f"allowed are {MOST_PARTS}; let rules use others less often")
    return parts > MOST_PARTS


def _judge(test: Test, place: Place, examined: Collection[str], problems: Problems) -> None:
    """Adds what can be said of a test without candles. `examined` are the rules that are judged elsewhere."""
    for finding in never_or_always(test, examined):
        if finding.severity is Severity.ERROR:
            report_once(problems, place, str(finding), "change its numbers")
        elif finding.severity is Severity.NOTE:  # often meant, as a plain name for what the profile looks for
            problems.note(place, str(finding), "it may be left out")
        else:
            report_once(problems, place, str(finding), "leave it out, or change its numbers", warning=True)


def warn_of_unused(ruleset: RuleSet, node: ConfigNode, rules: Mapping[str, Test], problems: Problems) -> None:
    used: set[str] = set()
    for _, test, _ in _sides_and_filters(ruleset, node):
        used |= names_used(test)
    for test, _ in _selector_tests(ruleset, node):
        used |= names_used(test)
    for name in (name for name in rules if name not in used):
        problems.warning(node.place_of("rules", name), f"nothing uses the rule {name!r}", "use it or leave it out")


def _sides_and_filters(ruleset: RuleSet, node: ConfigNode) -> Iterator[tuple[Side | None, Test, Place]]:
    """Every test on features, the side it speaks for (None: both), and where it stands."""
    for timeframe, sides in ruleset.timeframes.items():
        for side in Side:
            test = sides.of(side)
            if test is not None:
                yield side, test, node.place_of("validation", "timeframe", timeframe, side)
    for item in ruleset.filters:
        if item.for_both_sides:
            yield None, item.test, node.place_of("filters_mandatory")
        else:
            (side,) = item.sides
            yield side, item.test, node.place_of("filters_mandatory", side)


def _selector_tests(ruleset: RuleSet, node: ConfigNode) -> Iterator[tuple[Test, Place]]:
    for entry in ruleset.selector or ():
        for test in entry.tests:
            yield test, node.place_of("execution_selector", "per_timeframe", entry.timeframe)
    for test in ruleset.allow_1m_only_if_any or ():
        yield test, node.place_of("execution_selector", "allow_1m_only_for")
