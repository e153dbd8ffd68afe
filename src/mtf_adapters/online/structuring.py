"""An exchange's answer as a type: checked once, where it comes in, and whatever is wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_origin

from cattrs import Converter, transform_error
from cattrs.cols import list_structure_factory
from cattrs.errors import BaseValidationError

from mtf_adapters.online.fields import shown
from mtf_core.ports import ExchangeUnavailableError

Value = TypeVar("Value")

_CONVERTER = Converter(prefer_attrib_converters=True)


def _is_list_of(kind: Any) -> bool:
    return get_origin(kind) is list


@_CONVERTER.register_structure_hook_factory(_is_list_of)
def _only_lists(kind: Any, converter: Converter) -> Callable[[object, Any], Any]:
    """A text and an object are iterable, too, and no list of rows: an empty object is not "none"."""
    rows_of = list_structure_factory(kind, converter)

    def structure(plain: object, _: Any) -> Any:
        if not isinstance(plain, list):
            raise ValueError(f"found {shown(plain)} where a list belongs")
        return rows_of(plain, kind)

    return structure


def _reads_itself(kind: Any) -> bool:
    return hasattr(kind, "from_wire")


@_CONVERTER.register_structure_hook_factory(_reads_itself)
def _by_its_own_hand(kind: Any) -> Callable[[object, Any], Any]:
    """A type that is no object on the wire says itself how it is read."""
    return lambda plain, _: kind.from_wire(plain)


def structured(plain: object, kind: type[Value], what: str) -> Value:
    """The answer as that type; raises `ExchangeUnavailableError` that names every place that is wrong."""
    try:
        return _CONVERTER.structure(plain, kind)
    except BaseValidationError as error:
        problems = transform_error(error, format_exception=_said)
    except (ValueError, TypeError, KeyError) as error:
        problems = [_said(error, None)]
    raise ExchangeUnavailableError(f"{what}: the answer cannot be read: {'; '.join(problems[:5])}")


def _said(error: BaseException, _: object) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error) or type(error).__name__
