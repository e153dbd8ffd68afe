"""Which mutants are drawn, which tests come by them, and what counts of what was found."""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutation.drawing import CORE, drawn, mutants_of
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.results import Found, Result, Results, Stage, table
from tests.mutation.touching import Map, Moves, Touched, Tracer

ROOT = Path(__file__).resolve().parents[2]


SMALL, LARGE = "risk/switches.py", "risk/exposure.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of two files."""
    for name in (SMALL, LARGE):
        path = tmp_path / CORE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((ROOT / CORE / name).read_text())
    return tmp_path


def test_a_larger_draw_holds_the_smaller_one_and_each_file_has_its_share(tree: Path) -> None:
    few, many = drawn(tree, 20, 1), drawn(tree, 40, 1)
    assert many[:20] == few
    assert len({one.name for one in many}) == 40
    lines = {name: sum(1 for line in (tree / CORE / name).read_text().splitlines() if line) for name in (SMALL, LARGE)}
    of_file = Counter(one.file for one in many)
    assert abs(of_file[SMALL] - 40 * lines[SMALL] / sum(lines.values())) <= 1
    assert drawn(tree, 40, 2) != many


def test_every_mutant_that_is_declared_to_change_nothing_exists() -> None:
    files = {name.split()[0] for name in EQUIVALENT}
    names = {one.name for file in files for one in mutants_of(ROOT, ROOT / CORE / file)}
    assert [name for name in EQUIVALENT if name not in names] == []
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())


def test_a_line_that_was_executed_is_noted_and_one_that_was_not_is_not(tmp_path: Path) -> None:
    path = tmp_path / CORE / "risk/box.py"
    path.parent.mkdir(parents=True)
    path.write_text("def holds(size):\n    if size < 3:\n        return True\n    return False\n")
    names: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    tracer = Tracer(tmp_path)
    tracer.start()
    names["holds"](5)  # type: ignore[operator]
    lines = tracer.stop()["risk/box.py"]
    assert {2, 4} <= lines
    assert 3 not in lines
    touched = Touched(0.1, {"risk/box.py": lines})
    comes_by = {one.mutation.before: touched.comes_by(one) for one in drawn(tmp_path, 10, 1)}
    assert comes_by["size < 3"]
    assert comes_by["False"]
    assert not comes_by["True"]


def test_a_table_is_tried_by_the_tests_of_its_file_although_they_execute_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / CORE / "risk/box.py"
    path.parent.mkdir(parents=True)
    path.write_text("SIZES = (3,)\n\n\ndef holds(size):\n    return size < 9\n")
    table, *_, in_function = sorted(drawn(tmp_path, 10, 1), key=lambda one: one.mutation.line)
    comes_by, nothing = Touched(0.2, {"risk/box.py": frozenset({5})}), Touched(0.1, {})
    tests = {
        "tests/unit/risk/test_box.py::test_holds": comes_by,
        "tests/unit/risk/test_box.py::test_sizes": nothing,
        "tests/unit/risk/test_boxes.py::test_other": nothing,
    }
    known = Map(tmp_path / "map.json", {}, tests=tests)
    assert [name.partition("::")[2] for name in known.for_mutant(table)] == ["test_sizes", "test_holds"]
    assert [name.partition("::")[2] for name in known.for_mutant(in_function)] == ["test_holds"]
    known.tests = {"tests/unit/risk/test_boxes.py::test_other": nothing}
    assert known.for_mutant(table) == list(known.tests), "somebody may read it"
    assert known.for_mutant(in_function) == []


def test_a_result_is_of_one_content_and_what_lives_is_tried_again_by_other_tests(tmp_path: Path, tree: Path) -> None:
    one, other = drawn(tree, 2, 1)
    results = Results(tmp_path / "results.jsonl")

    def of(mutant_digest: str, found: Found) -> Result:
        return Result(one.name, one.place, mutant_digest, "these tests", Stage.WHOLE, found, "", 1.0)

    results.add(of("another content", Found.CAUGHT))
    assert results.is_due(one, Stage.NEAR, "these tests")
    results.add(of(one.digest, Found.ALIVE))
    assert not results.is_due(one, Stage.WHOLE, "these tests")
    assert results.is_due(one, Stage.NEAR, "more tests")
    assert results.is_due(other, Stage.NEAR, "these tests")
    again = Results(tmp_path / "results.jsonl")
    assert "all                                        0 of   1  0.0 %" in table([one, other], again, {})
    assert "0 of   0" in table([one, other], again, {one.name: "it changes nothing"})
    again.add(of(one.digest, Found.CAUGHT))
    assert not again.is_due(one, Stage.WHOLE, "more tests")


def test_lines_of_a_file_that_changed_are_followed_to_where_they_are() -> None:
    moves = Moves.of("a\nb\nc\nd\n", "new\na\nb\nB\nd\n")
    assert moves.moved(frozenset({1, 2})) == {1, 2, 3, 4}
    assert moves.moved(frozenset({4})) == {4, 5}
    assert moves.moved(frozenset()) == frozenset()
