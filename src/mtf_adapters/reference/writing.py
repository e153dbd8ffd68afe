"""A converted document as YAML text, in the order and, as far as it can be, with the comments of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import yaml

from mtf_adapters.reference.comments import Comments
from mtf_adapters.reference.trees import entries_of
from mtf_core.settings.nodes import ConfigNode, Scalar

_WIDTH = 110
_PLAIN = re.compile(r"(?:[A-Za-z_]|[0-9]+[A-Za-z_])[A-Za-z0-9_.]*(?:-[A-Za-z0-9_.]+)*", re.ASCII)
_NUMBER_LIKE = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]*)?|0[xob].*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"})


def written(document: ConfigNode, comments: Comments, title: str) -> str:
    """The text of a file: a title, the comments of the head, then the document.

    A list or a map is written in one line where it stood in one. Comments are taken from `comments` as they find
    their place; what is left belonged to something that was left out.
    """
    beside = comments.take_beside(document.place.line).strip()
    lines = [f"# {title}", *comments.take_until(document.place.line), *([beside] if beside else [])]
    if not entries_of(document):
        lines.append("{}")
    for key, child in entries_of(document).items():
        block = list(_entry(key, child, comments))
        if len(block) > 1 and len(lines) > 1:
            lines.append("")
        lines.extend(block)
    lines.extend(comments.trailing)
    comments.trailing = []
    return "\n".join(lines) + "\n"


def _entry(key: str, child: ConfigNode, comments: Comments) -> Iterator[str]:
    yield from comments.take_above(child.place.line)
    head = f"{shown_scalar(key)}:"
    inline = _inline(child)
    if inline is not None and len(head) + len(inline) < _WIDTH:
        yield f"{head} {inline}{comments.take_beside(child.place.line)}"
        return
    yield head + comments.take_beside(child.place.line)
    yield from (f"  {line}" for line in _block(child, comments))


def _block(node: ConfigNode, comments: Comments) -> Iterator[str]:
    if isinstance(node.value, tuple):
        for item in node.value:
            yield from _item(item, comments)
        return
    if isinstance(node.value, Mapping) and node.value:
        for key, child in node.value.items():
            yield from _entry(key, child, comments)
        return
    yield _flow(node)


def _item(item: ConfigNode, comments: Comments) -> Iterator[str]:
    yield from comments.take_above(item.place.line)
    is_container = isinstance(item.value, (tuple, Mapping)) and item.value
    if not is_container or (isinstance(item.value, tuple) and _inline(item) is not None):
        yield f"- {_flow(item)}{comments.take_beside(item.place.line)}"
        return
    first = True
    for line in _block(item, comments):
        if line.startswith("#"):
            yield line if first else f"  {line}"
            continue
        yield f"- {line}" if first else f"  {line}"
        first = False


def _inline(node: ConfigNode) -> str | None:
    """The value as part of a line, if it was one in the source and is not too long for one."""
    if isinstance(node.value, (tuple, Mapping)) and node.value:
        if any(line != node.place.line for line in _lines_below(node)):
            return None
        text = _flow(node)
        return text if len(text) <= _WIDTH else None
    return _flow(node)


def _lines_below(node: ConfigNode) -> Iterator[int]:
    children = node.value.values() if isinstance(node.value, Mapping) else node.value
    if isinstance(children, (str, bool, Decimal)) or children is None:
        return
    for child in children:
        yield child.place.line
        yield from _lines_below(child)


def _flow(node: ConfigNode) -> str:
    if isinstance(node.value, tuple):
        return "[" + ", ".join(_flow(item) for item in node.value) + "]"
    if isinstance(node.value, Mapping):
        return "{" + ", ".join(f"{shown_scalar(key)}: {_flow(item)}" for key, item in node.value.items()) + "}"
    return shown_scalar(node.value)


def shown_scalar(value: Scalar) -> str:
    """A value as YAML that this project reads back as the very same."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if -6 < value.adjusted() <= 15 else str(value).lower()
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not _NUMBER_LIKE.fullmatch(value):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    quoted: str = yaml.dump(value, Dumper=yaml.SafeDumper, default_style='"', width=1 << 30)
    return quoted.rstrip("\n")
