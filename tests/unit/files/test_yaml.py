"""YAML files as trees: what is read as what, and that nothing in a file can surprise or crash the reader."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.files.yaml import MAX_DEPTH, parse_yaml, read_yaml
from mtf_core.settings.nodes import ConfigNode, Problems
from tests.unit.settings.trees import tree


def plain(text: str) -> object:
    return tree(text).to_plain()


def refusal(text: str) -> str:
    """The only problem of a text that cannot be read."""
    problems = Problems()
    assert parse_yaml(text, "f.yaml", problems) is None
    (problem,) = problems.errors
    return str(problem)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", "1"),
        ("-0.0030", "-0.0030"),
        ("+5", "5"),
        (".5", "0.5"),
        ("0.1", "0.1"),
        ("1e-12", "1e-12"),
        ("1E5", "1E5"),
        ("1.5e+3", "1500"),
    ],
)
def test_a_number_is_the_decimal_of_its_text(text: str, number: str) -> None:
    value = plain(f"a: {text}")
    assert value == {"a": Decimal(number)}
    assert isinstance(value, dict)
    assert isinstance(value["a"], Decimal)


@pytest.mark.parametrize(
    "text", ["010", "0x1F", "0o7", "1_000", "1:30", ".inf", ".nan", "-.inf", "2024-01-01", "1m", "'5'", '"true"']
)
def test_odd_numbers_and_quoted_values_stay_text(text: str) -> None:
    assert plain(f"a: {text}") == {"a": text.strip("'\"")}


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "y", "n", "On", "YES"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    assert plain(f"a: {word}\nb: true\nc: false") == {"a": word, "b": True, "c": False}


def test_keys_are_text_as_written() -> None:
    assert plain("{on: context, 1m: 1, 5: 2, true: 3, 1e3: 4, null: 5}") == {
        "on": "context",
        **{key: Decimal(value) for value, key in enumerate(("1m", "5", "true", "1e3", "null"), start=1)},
    }


def test_an_absent_value_is_nothing() -> None:
    assert plain("a:\nb: ~\nc: null\nd: ''") == {"a": None, "b": None, "c": None, "d": ""}


def test_every_value_knows_file_line_and_path() -> None:
    node = tree("a:\n  - x\n  - b: 1\n    c:\n      d: 2\n", file="dir/f.yaml")

    def places(at: ConfigNode) -> list[str]:
        below = at.value.values() if isinstance(at.value, dict) else at.value if isinstance(at.value, tuple) else ()
        return [str(at.place), *(place for child in below for place in places(child))]

    assert places(node) == [
        "dir/f.yaml:1",
        "dir/f.yaml:1: a",
        "dir/f.yaml:2: a[0]",
        "dir/f.yaml:3: a[1]",
        "dir/f.yaml:3: a[1].b",
        "dir/f.yaml:4: a[1].c",
        "dir/f.yaml:5: a[1].c.d",
    ]


def test_a_key_that_stands_twice_is_reported_and_the_rest_is_still_read() -> None:
    problems = Problems()
    node = parse_yaml("a: 1\nb: 2\na: 3\n", "f.yaml", problems)
    assert [str(problem) for problem in problems.errors] == [
        "f.yaml:3: the key 'a' stands here and in line 1; a key may stand once in a map"
    ]
    assert node is not None
    assert node.to_plain() == {"a": Decimal(1), "b": Decimal(2)}


def test_an_alias_repeats_a_value_under_its_own_path_and_line() -> None:
    node = tree("a: &x {k: 1}\nb: *x\n")
    assert node.to_plain() == {"a": {"k": Decimal(1)}, "b": {"k": Decimal(1)}}
    assert str(node.place_of("b")) == "test.yaml:2: b"


def test_merged_keys_give_way_to_written_ones_and_to_earlier_sources() -> None:
    text = "x: &x {k: 1, l: 1}\ny: &y {l: 2, m: 2}\nz:\n  <<: [*x, *y]\n  k: 3\n"
    assert plain(text)["z"] == {"k": Decimal(3), "l": Decimal(1), "m": Decimal(2)}  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1: the file is empty; allowed is a map of settings"),
        ("# nothing\n", "f.yaml:1: the file is empty; allowed is a map of settings"),
        ("--- ~", "f.yaml:1: the file holds no settings at all; allowed is a map of settings"),
        ("[1]", "f.yaml:1: the file holds text or a list; allowed is a map of settings"),
        ("hello", "f.yaml:1: the file holds text or a list; allowed is a map of settings"),
        ("a: 1\n---\nb: 2", "f.yaml:2: a second document; a file holds one document"),
        ("a: &x {b: *x}", "f.yaml:1: *x stands within what it refers to; a value cannot contain itself"),
        ("a: *x", "f.yaml:1: *x refers to nothing; define &x above it"),
        ("a:\n  <<: 5", "f.yaml:2: '<<' merges something that is not a map; allowed is a map or a list of maps"),
        ("[a]: 1", "f.yaml:1: a key that is not plain text; keys are text"),
        ("{a: 1}: 2", "f.yaml:1: a key that is not plain text; keys are text"),
    ],
)
def test_what_is_no_map_of_settings_is_refused_in_one_line(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize("text", ["a: [1,\nb: 2", "a: b: c", "a:\n\t- b", "a: 'open", "a: @x", "a: \x00", "%BAD\n"])
def test_malformed_text_is_one_problem_with_its_line(text: str) -> None:
    message = refusal(text)
    assert message.startswith("f.yaml:")
    assert "not YAML" in message


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!int", "!!binary", "!own", "!!set"])
def test_a_tag_is_refused_and_constructs_nothing(tag: str) -> None:
    problems = Problems()
    parse_yaml(f"a: {tag} {{}}", "f.yaml", problems)
    (problem,) = problems.errors
    assert "values need no tags" in str(problem)


@pytest.mark.parametrize(("opening", "levels"), [("[", 100_000), ("{a: ", 100_000), ("[", MAX_DEPTH + 1)])
def test_deep_nesting_is_refused_instead_of_overflowing(opening: str, levels: int) -> None:
    assert f"more than {MAX_DEPTH} levels" in refusal("x: " + opening * levels)


def test_aliases_cannot_nest_deeper_than_written_values() -> None:
    lines = ["a0: &a0 {k: 1}", *(f"a{i}: &a{i} {{k: *a{i - 1}}}" for i in range(1, 60))]
    assert f"more than {MAX_DEPTH} levels" in refusal("\n".join(lines))


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "aliases written out" in refusal("\n".join(lines))


@pytest.mark.parametrize("text", ["1.234567890123456", "1e400", "1e-400", "9" * 400])
def test_a_number_that_a_float_cannot_carry_is_refused(text: str) -> None:
    problems = Problems()
    parse_yaml(f"a: {text}", "f.yaml", problems)
    assert len(problems.errors) == 1


def test_a_missing_file_a_folder_and_foreign_bytes_are_problems(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    found = []
    for name in ("missing.yaml", "", "latin.yaml"):
        problems = Problems()
        assert read_yaml(tmp_path / name, f"config/{name}", problems) is None
        found += [str(problem) for problem in problems.errors]
    assert found == [
        "config/missing.yaml:1: the file does not exist; it is required",
        "config/:1: the file cannot be read (Is a directory); it must be a readable file",
        "config/latin.yaml:2: a byte sequence that is not UTF-8; files are UTF-8 text",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    node = read_yaml(path, "f.yaml", Problems())
    assert node is not None
    assert node.to_plain() == {"a": Decimal(1)}


@given(st.text(alphabet=st.sampled_from("ab1:-[]{}&*!<>,#|%@'\"\\ \n\t\x00é"), max_size=60))
def test_any_text_is_read_or_refused_without_an_exception(text: str) -> None:
    problems = Problems()
    node = parse_yaml(text, "f.yaml", problems)
    assert node is not None or problems.errors
