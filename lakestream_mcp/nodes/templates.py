"""Texts of messages with `{column}` in them: what they read, and the same with other names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ..errors import InvalidArgument, nearest
from ..graph.model import Relation
from ..graph.reads import Inputs, Named, Reads, Renames, declared
from . import messages

_NUMERIC = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal.*")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _template(text: str) -> str:
    if _NOT_TEXT.search(text):
        raise ValueError("control characters have no place in a message")
    return text


class TemplateForm:
    """Text with columns in braces. A text that cannot be read names none."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """The columns in braces."""
        for _, name in _pieces(text):
            yield from (found for found, _ in _meant(name, inputs))

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The text with other names in its braces; as it was where braces cannot hold one."""
        written, changed = "", False
        for piece, name in _pieces(text):
            if name is None:
                written += piece.replace("{", "{{").replace("}", "}}")
                continue
            new, place = None, name
            for found, form in _meant(name, inputs):
                new = renames.get(found.input, {}).get(found.column)
                if new is not None:
                    place = new + (f":{form}" if form else "")
                    break
            if new is not None and ("{" in new or "}" in new):
                return text
            changed |= new is not None
            written += "{" + place + "}"
        return written if changed else text


def _pieces(text: str) -> list[tuple[str, str | None]]:
    try:
        return list(messages.template_pieces(text))
    except ValueError:
        return []  # validation says what is wrong with it


def _meant(name: str | None, inputs: Inputs) -> Iterator[tuple[Named, str]]:
    for place, (_, rows) in enumerate(inputs.rows if name is not None else ()):
        column, form = messages.template_place(name or "", rows.names)
        known = declared(rows, column)
        if known is not None:
            yield Named(place, known), form


TEMPLATE = TemplateForm()
Template = Annotated[
    str,
    Field(min_length=1, max_length=10_000),
    AfterValidator(_template),
    Reads(TEMPLATE),
]
"""Text with `{column}` in it; `{{` and `}}` are braces."""


def resolved(given: Any, rows: Relation) -> Any:
    """Arguments whose templates name columns as they are declared."""
    if isinstance(given, dict):
        return {name: resolved(item, rows) for name, item in given.items()}
    if isinstance(given, list):
        return [resolved(item, rows) for item in given]
    return checked(given, rows, None) if isinstance(given, str) else given


def checked(template: str, rows: Relation, field: str | None) -> str:
    """A template with columns as declared. Raises InvalidArgument with the column's nearest."""
    try:
        parts = list(messages.template_pieces(template))
    except ValueError as error:
        raise InvalidArgument(
            f"the template cannot be read: {error}",
            code="BAD_TEMPLATE",
            where={"field": field},
            got=template[:200],
            expected="text with `{column}`",
        ) from None
    known = {name.lower(): name for name in rows.names}
    found = []
    for text, name in parts:
        if name is None:
            found.append(text.replace("{", "{{").replace("}", "}}"))
            continue
        column, form = messages.template_place(name, rows.names)
        declared = known.get(column.lower())
        if declared is None:
            raise _unknown(template, name, column, rows, field)
        _check_format(declared, form, rows, field)
        found.append("{" + declared + (f":{form}" if form else "") + "}")
    return "".join(found)


def _unknown(
    template: str, name: str, column: str, rows: Relation, field: str | None
) -> InvalidArgument:
    near = nearest(column, rows.names)
    mended = template.replace("{" + name, "{" + name.replace(column, near or column))
    whole = field is not None and field not in ("payload", "headers")
    return InvalidArgument(
        f"there is no column `{column}`" + (f"; did you mean `{near}`?" if near else ""),
        code="UNKNOWN_COLUMN",
        where={"field": field},
        got=column,
        expected=list(rows.names),
        hint=near,
        fix=[{"op": "update_node", "config": {field: mended}}] if near and whole else None,
    )


def _check_format(column: str, form: str, rows: Relation, field: str | None) -> None:
    kind = rows.type_of(column) or ""
    fits = {"date": kind.startswith(("timestamp", "date")), "time": kind.startswith("timestamp")}
    if (form.startswith(".") and not _NUMERIC.fullmatch(kind)) or not fits.get(form, True):
        raise InvalidArgument(
            f"`{column}` is of type {kind}, which has no format `{form}`",
            code="BAD_TEMPLATE",
            where={"field": field},
            got=f"{{{column}:{form}}}",
            expected="`.2` for numbers, `date` and `time` for timestamps, `json` for all",
        )


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a payload, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)
