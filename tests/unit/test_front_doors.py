"""Packages whose names are imported when they are first asked for."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

SRC = Path(__file__).parents[2] / "src"
DOORS = sorted(
    ".".join(path.parent.relative_to(SRC).parts) for path in SRC.rglob("__init__.py") if "opens(" in path.read_text()
)


def declared(package: str) -> dict[str, str]:
    """The names that a type checker sees a package import, and where from."""
    tree = ast.parse((SRC / package.replace(".", "/") / "__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    return {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_there_are_front_doors() -> None:
    assert {"mtf_core", "mtf_core.market", "mtf_core.records", "mtf_adapters.sql"} <= set(DOORS)


@pytest.mark.parametrize("package", DOORS)
def test_a_front_door_gives_out_what_it_declares_and_nothing_else(package: str) -> None:
    door, names = import_module(package), declared(package)
    assert {name for name in door.__all__ if name != "__version__"} == set(names) == set(door.__homes__)
    for name, home in names.items():
        assert getattr(door, name) is getattr(import_module(home), name)
    assert dir(door) == sorted(door.__all__)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = door.nothing


def test_a_function_that_bears_its_modules_name_is_what_the_package_gives_out() -> None:
    """Whichever is imported first: Python itself would bind the module to the package."""
    code = (
        "from mtf_core.inquiry.why import Why\n"
        "from mtf_core.inquiry import why, funnel\n"
        "import mtf_core.inquiry.funnel\n"
        "from mtf_core.inquiry import funnel as again\n"
        "print(type(why).__name__, type(funnel).__name__, funnel is again)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [FunctionType.__name__, FunctionType.__name__, "True"]


def test_passing_a_front_door_imports_no_module_behind_it() -> None:
    packages = [package for package in DOORS if package != "mtf_core"]
    code = (
        f"import sys, {', '.join(packages)}\n"
        f"print([name for name in sys.modules if name.rpartition('.')[0] in {packages!r} and name not in {packages!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_module_may_still_be_bound_where_no_function_bears_its_name() -> None:
    assert isinstance(import_module("mtf_core.market").timeframe, ModuleType)
