"""Front doors that cost nothing to pass: a package's names are imported when they are first asked for.

`from mtf_core.market import Side` would otherwise import candles, and numpy with them, and so would every command that
only reads a record. What a type checker and a reader see is an ordinary list of imports; a test holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def opens(package: str, homes: Mapping[str, str]) -> None:
    """Lets a package give out names: of each module, those that are listed behind it, separated by spaces."""
    door = sys.modules[package]
    door.__dict__["__homes__"] = {name: f"{package}.{home}" for home, names in homes.items() for name in names.split()}
    door.__class__ = _FrontDoor


class _FrontDoor(ModuleType):
    __homes__: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        if name not in self.__homes__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = self.__dict__[name] = getattr(import_module(self.__homes__[name]), name)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        # Python binds each imported module to its package. Where a function bears its module's name, as `why` does, the
        # package's name is the function.
        if name not in self.__homes__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return list(self.__dict__["__all__"])
