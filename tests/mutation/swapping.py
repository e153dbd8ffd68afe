"""Puts changed functions in the place of those that a process has imported: it need not import everything anew."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType


def swap_functions(path: Path, source: str) -> bool:
    """Gives every function of the imported file the code of the same function in `source`.

    False where there is none to change, or one cannot be told from another: then nothing is changed.
    """
    changed = {code.co_qualname: code for code in _codes(compile(source, str(path), "exec"))}
    was_frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    found = [one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__.co_filename == str(path)]
    if was_frozen:
        gc.freeze()
    known = [one for one in found if "<lambda>" not in one.__qualname__ and one.__code__.co_qualname in changed]
    if not known or any(len(one.__code__.co_freevars) != _free(changed, one) for one in known):
        return False
    for one in known:
        one.__code__ = changed[one.__code__.co_qualname]
    return True


def _free(changed: dict[str, CodeType], function: FunctionType) -> int:
    return len(changed[function.__code__.co_qualname].co_freevars)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
