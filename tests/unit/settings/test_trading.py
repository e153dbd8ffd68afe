"""`trading.yaml`."""

from mtf_core.settings.nodes import Problems
from mtf_core.settings.trading import check_exchanges_exist, check_profiles_exist, read_trading
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


# --- minutes without trades -----------------------------------------------------------------------------------
def test_holes_are_filled_for_the_exchanges_that_are_named_alone_and_up_to_a_quarter_of_an_hour() -> None:
    settings, _ = outcome(read_trading, "no_trade: {one: carry, two: missing}")
    assert settings is not None
    assert [settings.carry_ms(name) for name in ("one", "two", "three")] == [15 * 60_000, 0, 0]
    longer, _ = outcome(read_trading, "no_trade: {one: carry}\nno_trade_largest_hole_minutes: 60")
    assert longer is not None
    assert longer.carry_ms("one") == 3_600_000


def test_the_largest_hole_lies_between_a_minute_and_a_day() -> None:
    for minutes in (0, 1441):
        settings, problems = outcome(read_trading, f"no_trade_largest_hole_minutes: {minutes}")
        assert settings is None
        assert errors(problems) == [
            f"test.yaml:1: no_trade_largest_hole_minutes: found {minutes}; allowed is ≥ 1 and ≤ 1440"
        ]


def test_an_exchange_that_there_is_not_is_reported_with_the_nearest_one() -> None:
    problems = Problems()
    check_exchanges_exist(tree("no_trade: {sandbxo: carry}"), ("sandbox",), problems)
    assert errors(problems) == [
        "test.yaml:1: no_trade.sandbxo: unknown exchange 'sandbxo'; known: sandbox (did you mean 'sandbox'?)"
    ]
