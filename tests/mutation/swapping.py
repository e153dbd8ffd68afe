"""Puts changed functions in the place of those that a process has imported: it need not import everything anew."""

from __future__ import annotations

import ast
import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType

from attrs import frozen

_Place = tuple[str, int]
"""The name of a function, with those around it, and its first line."""


@frozen
class Imported:
    """The functions that a process holds of some files, whoever else holds them, too."""

    by_file: Mapping[str, Sequence[FunctionType]]

    @classmethod
    def of(cls, files: Iterable[Path]) -> Imported:
        found: dict[str, list[FunctionType]] = {str(path): [] for path in files}
        was_frozen = gc.get_freeze_count() > 0
        gc.unfreeze()
        for one in gc.get_objects():
            if isinstance(one, FunctionType) and one.__code__.co_filename in found:
                found[one.__code__.co_filename].append(one)
        if was_frozen:
            gc.freeze()
        return cls(found)

    def swap(self, path: Path, before: str, after: ast.Module) -> bool:
        """Gives each function of the file the code that it has in `after`, the changed tree of the source `before`.

        False where a function that changed was not imported, or cannot be told from another: then nothing is changed.
        """
        old, new = (_functions(compile(text, str(path), "exec", dont_inherit=True)) for text in (before, after))
        changed = {place for place, code in new.items() if old.get(place) != code}
        held = [one for one in self.by_file[str(path)] if _place(one.__code__) in changed]
        if old.keys() != new.keys() or not changed or {_place(one.__code__) for one in held} != changed:
            return False
        if any(one.__code__.co_freevars != new[_place(one.__code__)].co_freevars for one in held):
            return False
        inner = tuple(f"{name}.<locals>." for name, _ in changed)
        if any(one.__code__.co_qualname.startswith(inner) for one in self.by_file[str(path)]):
            return False  # made by a changed function while files were imported, and kept
        for one in held:
            one.__code__ = new[_place(one.__code__)]
        return True


def _place(code: CodeType) -> _Place:
    return code.co_qualname, code.co_firstlineno


def _functions(module: CodeType) -> dict[_Place, CodeType]:
    """Functions of a file and of its classes, without those that are made anew whenever another one is called."""
    found = list(_outermost(module))
    times = Counter(map(_place, found))
    return {_place(code): code for code in found if times[_place(code)] == 1}


def _outermost(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            is_function = bool(constant.co_flags & 0x1)  # CO_OPTIMIZED; bodies of classes are not
            yield from [constant] if is_function else _outermost(constant)
