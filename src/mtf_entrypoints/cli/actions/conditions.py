"""`mtf conditions`."""

from __future__ import annotations

import asyncio

from mtf_core.inquiry import explain_symbol
from mtf_core.market import Timeframe
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Condition, Parameter
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import number, render_timeframe
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.trees import write_tree
from mtf_entrypoints.cli.working import working
from mtf_entrypoints.documents import catalogue_to_json, evaluated_timeframes, explanation_to_json


def show_catalogue(part: str | None, as_json: bool) -> None:
    """The catalogue, or the conditions whose name, family or side contains a text."""
    found = [condition for condition in CONDITIONS.values() if part is None or _speaks_of(condition, part.lower())]
    if not found:
        raise CommandError(f"no condition's name, family or side contains {part!r}; `mtf conditions list` shows all")
    if as_json:
        output.write_json(catalogue_to_json(found))
        return
    table = output.table("condition", "side", "true when", "parameters", prose=("true when", "parameters"))
    family = None
    for condition in found:
        if condition.family is not family:
            family = condition.family
            table.add_heading(str(family).upper())
        parameters = ", ".join(_shown(parameter) for parameter in condition.parameters)
        table.add_row(condition.name, str(condition.side or "both"), condition.summary, parameters or "none")
    output.console().print(table)
    output.write_line(output.counted(len(found), "condition"))


def _speaks_of(condition: Condition, part: str) -> bool:
    texts = (condition.name, str(condition.family), str(condition.side or "both"))
    return any(part in text.lower() for text in texts)


def _shown(parameter: Parameter) -> str:
    if parameter.default is None:
        return f"{parameter.name} (not set)"
    default = parameter.default
    value = str(default).lower() if isinstance(default, bool) else number(float(default))
    return f"{parameter.name} {value}"


def explain(world: World, symbol: str, timeframe: str | None, as_json: bool) -> None:
    """The tree of one timeframe, or of all with the verdict."""
    chosen = None if timeframe is None else Timeframe.parse(timeframe)
    decision = asyncio.run(_decide(world, symbol))
    known = evaluated_timeframes(decision)
    if chosen is not None and chosen not in known:
        profile = decision.batch.compiled.profile.name
        raise CommandError(f"{profile} does not evaluate {chosen}; it evaluates {', '.join(known)}")
    if as_json:
        output.write_json(explanation_to_json(decision, chosen))
    elif chosen is None:
        write_tree(decision.explain())
    else:
        write_tree(render_timeframe(decision.timeframe(chosen)))


async def _decide(world: World, symbol: str) -> Decision:
    async with working(world) as environment:
        return await explain_symbol(environment, environment.profiles(None), symbol)
