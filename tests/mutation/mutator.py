"""Small faults, made on purpose: each is one change of the kind that a tired person makes.

A change is known by its number within a file; the same source always has the same changes in the same order.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@frozen
class Mutation:
    """One change of a file."""

    number: int
    line: int
    kind: str
    before: str
    after: str
    function: str
    """The name of the function or class that it is in, with those around it; empty: in none."""
    lines: range
    """Of the statement that it is in, of which one at least is executed where the change is."""
    in_function: bool
    """Whether it changes what a function does, and nothing that is done when the file is imported."""

    def __str__(self) -> str:
        return f"{self.line}: {self.kind}: {self.before} → {self.after}"


def mutations_of(source: str) -> list[Mutation]:
    """Every change that can be made."""
    changing = _Changing(ast.parse(source), None)
    changing.run()
    return changing.seen


def mutated(source: str, number: int) -> ast.Module:
    """The source with the change of that number; every line has the number that it had."""
    return ast.fix_missing_locations(_Changing(ast.parse(source), number).run())


class _Changing(ast.NodeTransformer):
    """Walks a file, and makes the change of one number; None: none of them."""

    def __init__(self, tree: ast.Module, wanted: int | None) -> None:
        self.seen: list[Mutation] = []
        self._tree = tree
        self._wanted = wanted
        self._members = _members_of(tree)
        self._depth = 0
        self._names: tuple[str, ...] = ()
        self._lines = range(1, 2)

    def run(self) -> ast.Module:
        tree: ast.Module = self.visit(self._tree)
        return tree

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "bases", "keywords"} and isinstance(node, _DECLARED):
                continue  # types and names of classes are no behaviour
            is_body = name == "body" and isinstance(node, _FUNCTIONS)
            self._depth += is_body
            if isinstance(value, list):
                value[:] = [self.visit(one) if isinstance(one, ast.AST) else one for one in value]
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
            self._depth -= is_body
        return node

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom) or _is_declared(node):
            return node  # words, errors that stand for bugs, and how a field of a class is declared
        around = self._names, self._lines
        self._lines = _lines_of(node) or self._lines
        for kind, after in _changes(node, self._members):
            number = len(self.seen)
            self.seen.append(self._change(number, node, kind, after))
            if number == self._wanted:
                return ast.copy_location(after, node)
        if isinstance(node, _NAMED):
            self._names = (*self._names, node.name)
        changed = self.generic_visit(node)
        self._names, self._lines = around
        return changed

    def _change(self, number: int, node: ast.AST, kind: str, after: ast.AST) -> Mutation:
        return Mutation(
            number,
            getattr(node, "lineno", 0),
            kind,
            _short(node),
            _short(after),
            ".".join(self._names),
            self._lines,
            self._depth > 0,
        )


def _is_declared(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg in {"init", "repr", "eq", "kw_only"}


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DECLARED = (ast.AnnAssign, ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _changes(node: ast.AST, members: dict[str, Sequence[str]]) -> Iterator[tuple[str, ast.AST]]:
    """What a node may become, each time with the kind of change."""
    yield from _of_conditions(node)
    yield from _of_numbers(node)
    yield from _of_steps(node)
    match node:
        case ast.Attribute(ast.Name(owner), member) if member in members.get(owner, ()):
            names = members[owner]
            following = names[(names.index(member) + 1) % len(names)]
            yield "member", ast.Attribute(ast.Name(owner, ast.Load()), following, ast.Load())


def _of_conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(left, [op], right):
            for other in _COMPARED.get(type(op), ()):
                yield "comparison", ast.Compare(left, [other()], right)
        case ast.BoolOp(op, values):
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield "not", operand
        case ast.IfExp(test, body, orelse):
            yield "branches", ast.IfExp(test, orelse, body)
        case ast.If(test, body, orelse) if not isinstance(test, ast.Compare | ast.Name):
            yield "condition", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)


def _of_numbers(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.BinOp(left, op, right) if type(op) in _RECKONED and not _is_sign(op, right):
            yield "reckoning", ast.BinOp(left, _RECKONED[type(op)](), right)
        case ast.Constant(bool() as value):
            yield "constant", ast.Constant(not value)
        case ast.Constant(int() as value):
            yield "constant", ast.Constant(value + 1)
            yield "constant", ast.Constant(value - 1)
        case ast.Call(ast.Name(name), arguments, keywords) if name in _CALLED:
            yield "call", ast.Call(ast.Name(_CALLED[name], ast.Load()), arguments, keywords)


def _is_sign(op: ast.operator, right: ast.AST) -> bool:
    """Whether it multiplies by 1 or −1: to divide by that is the same."""
    return isinstance(op, ast.Mult) and ast.unparse(right).split(".")[-1] == "sign"


def _of_steps(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Expr(ast.Call() | ast.Await()) | ast.AugAssign():
            yield "removed statement", ast.Pass()
        case ast.Return(value) if value is not None and getattr(node, "is_early", False):
            yield "removed return", ast.Pass()


def _members_of(tree: ast.Module) -> dict[str, Sequence[str]]:
    """Members of enumerations that the file names, by the enumeration, where it names several; marks early returns."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(owner), member) if owner[0].isupper() and member.isupper():
                found.setdefault(owner, set()).add(member)
            case ast.If(_, body, _):
                for one in body:
                    if isinstance(one, ast.Return):
                        one.is_early = True  # type: ignore[attr-defined]
            case _:
                pass
    return {owner: sorted(names) for owner, names in found.items() if len(names) > 1}


def _lines_of(node: ast.AST) -> range | None:
    """The lines of a statement, without the statements within it."""
    match node:
        case ast.match_case(pattern, _, [first, *_]):
            return range(pattern.lineno, max(first.lineno, pattern.lineno + 1))
        case ast.stmt():
            body = getattr(node, "body", None)
            ends = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            return range(node.lineno, max(ends, node.lineno) + 1)
        case _:
            return None


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(ast.copy_location(node, node))).split())
    return text if len(text) <= 90 else text[:87] + "…"
