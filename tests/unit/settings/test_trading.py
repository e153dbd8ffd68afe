"""`trading.yaml`."""

from mtf_core.settings.nodes import Problems
from mtf_core.settings.trading import check_profiles_exist, read_trading
from tests.unit.settings.trees import errors, outcome, tree

THREE = """\
profiles:
  a: {enabled: false, priority: 1}
  b: {enabled: true, priority: 3}
  c: {enabled: true, priority: 2}
"""


def test_the_enabled_profile_with_the_lowest_number_comes_first() -> None:
    settings, _ = outcome(read_trading, THREE)
    assert settings is not None
    assert settings.first_enabled == "c"


def test_without_an_enabled_profile_there_is_no_first() -> None:
    settings, _ = outcome(read_trading, "profiles: {a: {enabled: false, priority: 1}}")
    assert settings is not None
    assert settings.first_enabled is None


def test_two_enabled_profiles_may_not_share_a_priority() -> None:
    text = "profiles:\n  a: {enabled: true, priority: 1}\n  b: {enabled: true, priority: 1}\n"
    settings, problems = outcome(read_trading, text)
    assert settings is None
    assert errors(problems) == [
        "test.yaml:3: profiles.b.priority: found priority 1, which 'a' has too; enabled profiles differ in priority"
    ]


def test_a_disabled_profile_may_share_a_priority() -> None:
    settings, _ = outcome(read_trading, "profiles: {a: {enabled: true, priority: 1}, b: {enabled: false, priority: 1}}")
    assert settings is not None


def test_an_alias_is_no_profile_of_its_own() -> None:
    settings, problems = outcome(read_trading, "profiles: {scalping: {enabled: true, priority: 1}}")
    assert settings is None
    assert errors(problems)[0].endswith("(did you mean 'scalper'?)")


def test_a_listed_profile_without_files_is_reported_with_the_nearest_one() -> None:
    problems = Problems()
    node = tree("profiles: {scalpr: {enabled: true, priority: 1}}")
    check_profiles_exist(node, ("scalper", "crash"), problems)
    assert errors(problems) == [
        "test.yaml:1: profiles.scalpr: unknown profile 'scalpr'; known: crash, scalper (did you mean 'scalper'?)"
    ]
