"""What the mutator changes, and what it leaves alone."""

import ast
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from tests.mutation.mutator import mutated, mutations_of
from tests.mutation.swapping import Imported

CORE = Path(__file__).resolve().parents[2] / "src/mtf_core"

GUARD = """
def guard(left: int, most: int) -> str | None:
    if left >= most and not is_off(left):
        return "too many"
    note(left)
    return State.FULL if left == 1 else State.FREE
"""


def test_each_change_is_one_of_its_kind_and_said() -> None:
    said = [str(one) for one in mutations_of(GUARD)]
    assert "3: and/or: left >= most and (not is_off(left)) → left >= most or not is_off(left)" in said
    assert "3: comparison: left >= most → left > most" in said
    assert "3: comparison: left >= most → left < most" in said
    assert "3: not: not is_off(left) → is_off(left)" in said
    assert "4: removed return: return 'too many' → pass" in said
    assert "5: removed statement: note(left) → pass" in said
    assert "6: member: State.FULL → State.FREE" in said
    assert "6: constant: 1 → 0" in said


def test_types_and_words_of_errors_are_left_alone() -> None:
    source = "def of(most: Literal[3]) -> Literal[4]:\n    raise ValueError(f'{most - 1}')\n"
    assert mutations_of(source) == []


def test_what_is_the_same_by_reckoning_is_no_change() -> None:
    source = "def way(price, stop, side):\n    return (price - stop) * side.sign * 2\n"
    said = [one.after for one in mutations_of(source) if one.kind == "reckoning"]
    assert said == ["(price - stop) * side.sign / 2", "price + stop"]


def test_a_change_says_in_which_function_and_statement_it_is() -> None:
    source = (
        "class Box:\n    def holds(self, size):\n        if (\n            size < 3\n        ):\n            return 1\n"
    )
    (boundary, *_), (answer, *_) = (
        [one for one in mutations_of(source) if one.before == before] for before in ("size < 3", "1")
    )
    assert boundary.function == answer.function == "Box.holds"
    assert (list(boundary.lines), list(answer.lines)) == ([3, 4, 5], [6])


def test_a_change_of_the_guards_makes_another_program_that_compiles() -> None:
    source = (CORE / "risk/guards.py").read_text()
    found = mutations_of(source)
    assert len(found) > 100
    made = [mutated(source, one.number) for one in found[::10]]
    assert all(compile(tree, "guards.py", "exec") for tree in made)
    assert ast.unparse(mutated(source, -1)) not in map(ast.unparse, made)


def test_a_function_that_is_held_elsewhere_does_what_its_changed_source_says(tmp_path: Path) -> None:
    source = "class Box:\n    def holds(self, size):\n        return size < 3\n"
    path = tmp_path / "box.py"
    path.write_text(source)
    spec = spec_from_file_location("box", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    held = module.Box().holds
    (boundary,) = [one for one in mutations_of(source) if one.after == "size <= 3"]
    assert boundary.in_function
    assert not held(3)
    imported = Imported.of([path, tmp_path / "other.py"])
    assert imported.swap(path, source, mutated(source, boundary.number))
    assert held(3)
    assert not imported.swap(tmp_path / "other.py", source, mutated(source, boundary.number))
