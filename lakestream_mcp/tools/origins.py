"""What a new pipeline is made of: a document, a template, or code."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument, InvalidSql, NotFound
from ..graph.model import Finding, PipelineDocument
from .discovery import load

if TYPE_CHECKING:
    from ..workspace import Workspace


def origin(
    ws: Workspace, document: dict[str, Any], template: str, code: str, title: str
) -> tuple[dict[str, Any], list[Finding]]:
    """The document to start with, {} for none, and what is to be said of it.

    Raises NotFound, InvalidSql; InvalidArgument where more than one is given.
    """
    given = {"document": document, "template": template, "code": code}
    named = [name for name, value in given.items() if value]
    if len(named) > 1:
        raise InvalidArgument(
            "A pipeline is made of one thing.",
            where={"argument": named[-1]},
            got=named,
            expected=f"one of {', '.join(given)}",
            hint="Create it from one of them, then change it with edit_pipeline.",
        )
    if template:
        made = _copied(ws, template)
        return made.model_dump(mode="json", exclude_none=True), []
    if document and "name" not in document:
        document = {**document, "name": title}
    return _of_code(ws, code, title) if code else (document, [])


def _copied(ws: Workspace, template: str) -> PipelineDocument:
    """The pipeline of a template, or the pipeline of this id. Raises NotFound."""
    from .templates import all_templates, template_of

    if template not in all_templates(ws):
        with suppress(NotFound):
            return load(ws, template).document.model_copy(update={"status": "draft"})
    return template_of(ws, template).pipeline


def _of_code(ws: Workspace, code: str, title: str) -> tuple[dict[str, Any], list[Finding]]:
    """The document of some SQL. Raises InvalidSql where a part of it would be lost."""
    from .parsing import parsed_code, plain_findings

    parsed = parsed_code(ws, code, name=title[:120])
    lost = next((found for found in parsed.findings if found.lost), None)
    if lost is not None:
        raise InvalidSql(
            f"This code cannot be read as a whole: {lost.message}",
            code=lost.code,
            where={"argument": "code", "line": lost.line, "column": lost.column},
            got=lost.got,
            hint=lost.hint or "parse_code says what can be read, and what cannot.",
        )
    return parsed.document.model_dump(mode="json"), plain_findings(parsed)
