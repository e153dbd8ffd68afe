"""The page on the fields of a run request."""

from __future__ import annotations

from docs.generating.markdown import code, codes, page, table

from mtf_core.run_request import OPTIONS, Form, Option
from mtf_core.runs.request import choices

_INTRODUCTION = """
One run, as the body of `POST /api/mtf/run`; `mtf run` has an option for each field. Unknown fields, wrong types and
values out of range are refused with the field's name. Clients of the reference may use its names for some fields.
"""


def request_page() -> str:
    head = ("field", "type", "default", "meaning", "also accepted as")
    return page("Run request", _INTRODUCTION, table(head, map(_row, OPTIONS)))


def _row(option: Option) -> tuple[str, ...]:
    return code(option.name), _kind(option), _default(option.default), option.doc, codes(option.aliases)


def _kind(option: Option) -> str:
    if listed := choices(option.form):
        return "one of " + codes((*listed, *option.synonyms))
    if option.form is Form.COUNT:
        return f"{option.form.value} within 1..{option.most}"
    return option.form.value


def _default(value: object) -> str:
    if value in (None, ()):
        return "none"
    return str(value).lower()
