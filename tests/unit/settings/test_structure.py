"""From trees to settings classes: types, bounds, unknown keys; everything wrong is reported at once."""

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.nodes import Problems, overlaid
from mtf_core.settings.structure import structure
from tests.unit.settings.trees import errors, outcome, tree


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@frozen
class Inner:
    share: Decimal = ratio(Decimal("0.5"), doc="a share")


@frozen
class Settings:
    name: str = setting(doc="the name of the thing")
    count: int = setting(1, ge=1, le=10, doc="how many")
    colour: Colour = setting(Colour.RED, doc="which")
    on: bool = setting(False, doc="whether")
    limit: Decimal | None = setting(None, gt=0, doc="bound")
    times: dict[Timeframe, Decimal] = setting(factory=dict, gt=0, doc="by timeframe")
    inner: Inner = setting(factory=Inner, doc="inside")
    source: str = setting("x", key="from", doc="origin")


def read(text: str) -> tuple[Settings | None, list[str]]:
    settings, problems = outcome(lambda node, found: structure(Settings, node, found), text)
    return settings, errors(problems)


def test_values_are_put_into_their_types() -> None:
    settings, found = read(
        "{name: a, count: 3, colour: blue, on: true, limit: 0.1, times: {1m: 2}, inner: {share: 0.25}, from: y}"
    )
    assert found == []
    assert settings == Settings(
        name="a",
        count=3,
        colour=Colour.BLUE,
        on=True,
        limit=Decimal("0.1"),
        times={Timeframe.M1: Decimal(2)},
        inner=Inner(share=Decimal("0.25")),
        source="y",
    )


def test_absent_keys_take_their_defaults() -> None:
    assert read("name: a")[0] == Settings(name="a")


def test_everything_wrong_is_reported_at_once_with_its_line() -> None:
    settings, found = read(
        """\
        coun: 1
        count: 2.5
        colour: blu
        on: yes
        limit: 0
        times:
          2m: 1
          1m: text
        inner:
          share: 50
        """
    )
    assert settings is None
    assert found == [
        "test.yaml:1: coun: unknown key 'coun'; "
        "known keys: colour, count, from, inner, limit, name, on, times (did you mean 'count'?)",
        "test.yaml:2: count: found 2.5; allowed is a whole number",
        "test.yaml:3: colour: found 'blu'; allowed: red, blue (did you mean 'blue'?)",
        "test.yaml:4: on: found 'yes'; allowed is true or false",
        "test.yaml:5: limit: found 0; allowed is > 0",
        "test.yaml:7: times.2m: found '2m'; allowed: 1m, 5m, 15m, 1h, 4h, 1d",
        "test.yaml:8: times.1m: found 'text'; allowed is a number",
        "test.yaml:10: inner.share: found 50; allowed is ≥ 0 and ≤ 1 (a ratio: 0.01 means 1 %)",
        "test.yaml:1: the key 'name' is missing; it is required: the name of the thing",
    ]


def test_a_value_where_a_map_belongs_is_refused() -> None:
    assert read("{name: a, inner: 5, times: [1]}")[1] == [
        "test.yaml:1: times: found a list of 1; allowed is a map",
        "test.yaml:1: inner: found 5; allowed is a map of settings",
    ]


def test_an_overlay_replaces_what_it_names_and_keeps_the_rest() -> None:
    base = tree("{name: a, count: 2, times: {1m: 1, 5m: 2}, list: [1, 2]}", file="base.yaml")
    top = tree("{count: 3, times: {5m: 4}, list: [9], new: {k: 1}}", file="top.yaml")
    merged = overlaid(base, top)
    assert merged.to_plain() == {
        "name": "a",
        "count": Decimal(3),
        "times": {"1m": Decimal(1), "5m": Decimal(4)},
        "list": [Decimal(9)],
        "new": {"k": Decimal(1)},
    }
    assert [merged.place_of(*path).file for path in (("name",), ("times", "1m"), ("times", "5m"))] == [
        "base.yaml",
        "base.yaml",
        "top.yaml",
    ]


def test_the_place_of_an_absent_value_is_that_of_the_deepest_map_on_the_way() -> None:
    node = tree("a:\n  b:\n    c: 1\n")
    assert [str(node.place_of(*path)) for path in (("a", "b", "c"), ("a", "b", "x"), ("a", "x", "y"), ("x",))] == [
        "test.yaml:3: a.b.c",
        "test.yaml:2: a.b",
        "test.yaml:1: a",
        "test.yaml:1",
    ]


def test_problems_are_kept_apart_by_severity() -> None:
    place = tree("a: 1").place
    problems = Problems()
    problems.error(place, "e", "x")
    problems.warning(place, "w", "x")
    problems.note(place, "n", "x")
    assert [[item.found for item in kind] for kind in (problems.errors, problems.warnings, problems.notes)] == [
        ["e"],
        ["w"],
        ["n"],
    ]
