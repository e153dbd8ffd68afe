"""The options of `mtf run`, made of the fields of a request: one declaration serves the command line and HTTP."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from mtf_core.run_request import OPTIONS, Form, Option

_OF_THE_WORLD = ("profile", "exchange", "at")
"""Fields whose options many commands share: `mtf_entrypoints.cli.options` has them."""

_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def asks_for_a_run(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command an option for each field; it gets what was written as its parameter `fields`."""
    own = [each for each in inspect.signature(command).parameters.values() if each.name != "fields"]
    hints = get_type_hints(command, include_extras=True)
    options = list(_options())
    keyword = inspect.Parameter.KEYWORD_ONLY

    @functools.wraps(command)
    def callback(*world: Any, **given: Any) -> None:
        fields = {name: given.pop(name) for name, _, _ in options}
        command(*world, fields=fields, **given)

    callback.__dict__.pop("__wrapped__")  # its signature is not the command's
    parameters = [each.replace(annotation=hints[each.name]) for each in own]
    parameters[1:1] = [
        inspect.Parameter(name, keyword, annotation=annotation, default=default)
        for name, annotation, default in options
    ]
    parameters[-1] = parameters[-1].replace(kind=keyword)
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {each.name: each.annotation for each in parameters}
    return callback


def _options() -> Iterator[tuple[str, Any, Any]]:
    for option in OPTIONS:
        if option.name not in _OF_THE_WORLD:
            yield option.name, _annotation(option), None if option.default == () else option.default


def _annotation(option: Option) -> Any:
    name = "--" + option.name.replace("_", "-")
    help_text = option.doc[0].upper() + option.doc[1:] + "."
    match option.form:
        case Form.FLAG:
            names = (f"{name}/--no-{name[2:]}",) if option.default else (name,)
            return Annotated[bool, typer.Option(*names, help=help_text)]
        case Form.COUNT:
            within = f"{help_text[:-1]}, 1 to {option.most}."
            return Annotated[int | None, typer.Option(name, help=within, show_default=option.default is not None)]
        case Form.SYMBOLS:
            return Annotated[list[str] | None, typer.Option(name, "-s", help=help_text, show_default=False)]
        case _:
            return Annotated[str | None, typer.Option(name, help=help_text, show_default=option.default is not None)]


class FlagsWithValues(TyperCommand):
    """A command whose flags also take 0 or 1: `--dry-run=1` is `--dry-run`, `--dry-run=0` is `--no-dry-run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        flags: Mapping[str, Any] = {
            opt: each for each in self.get_params(ctx) if getattr(each, "is_flag", False) for opt in each.opts
        }
        words = []
        for word in args:
            name, separator, value = word.partition("=")
            if not separator or name not in flags:
                words.append(word)
                continue
            if value.lower() not in _TRUTHS:
                raise typer.BadParameter(f"{name}: found {value!r}; allowed is 0 or 1", ctx=ctx)
            if _TRUTHS[value.lower()]:
                words.append(name)
            else:
                words.extend(flags[name].secondary_opts[:1])
        rest: list[str] = super().parse_args(ctx, words)
        return rest
