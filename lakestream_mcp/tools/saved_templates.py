"""Templates of one's own: saving a pipeline as one, and deleting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..arguments import Json, PipelineId
from ..errors import Forbidden, InvalidArgument
from ..operations import Answer, operation
from ..templates.model import Level
from .discovery import load
from .templates import TemplateAnswer, TemplateId

if TYPE_CHECKING:
    from ..storage.rows import Template as Saved
    from ..templates.model import Template
    from ..workspace import Workspace


@operation(
    title="Save a pipeline as template",
    effect="edit",
    method="PUT",
    path="/api/templates/{template}",
    mcp=False,
    idempotent=True,
    examples=(
        {
            "template": "strong-quakes",
            "pipeline_id": "quakes",
            "industry": "Public safety",
            "use_case": "Early warning",
            "text": "Strong shocks that nothing follows.",
        },
    ),
)
def save_template(
    ws: Workspace,
    template: TemplateId,
    pipeline_id: PipelineId,
    title: Annotated[str, Field(max_length=120, description="The pipeline's if left out")] = "",
    industry: Annotated[str, Field(max_length=60)] = "Any",
    use_case: Annotated[str, Field(max_length=120)] = "",
    level: Level = "intermediate",
    tags: Annotated[list[str], Json, Field(max_length=16)] = [],  # noqa: B006 - the argument model copies it
    text: Annotated[str, Field(max_length=4000, description="What it finds, how to adapt it")] = "",
    run_id: Annotated[
        str, Field(max_length=64, description="A test whose events and matches it shows")
    ] = "",
) -> TemplateAnswer:
    """Save the newest revision of a pipeline as a template of yours, or replace the one you saved.

    Everybody may start from it; only you may replace or delete it.
    """
    from ..templates.model import Template

    document = load(ws, pipeline_id).document
    made = Template(
        id=template,
        title=title or document.name,
        industry=industry,
        use_case=use_case,
        level=level,
        tags=tags or document.tags[:16],
        text=text or document.description,
        pipeline=document.model_copy(update={"status": "draft"}),
        stories=[_story(ws, pipeline_id, run_id)] if run_id else [],
    )
    _store(ws, pipeline_id, made)
    return TemplateAnswer.of(made, ws.identity.name)


def _store(ws: Workspace, pipeline_id: str, made: Template) -> None:
    with ws.writing(pipeline_id) as store:
        check_own(ws, made.id, store.list_templates(), "replaced")
        store.save_template(
            made.id,
            made.pipeline,
            actor=ws.identity.name,
            name=made.title,
            description=made.text,
            tags=made.tags,
            details=made.model_dump(include={"industry", "use_case", "level", "stories"}),
        )


class TemplateDeleted(Answer):
    """A template is gone; pipelines made from it stay."""

    template: str
    next: str = "list_templates"


@operation(
    title="Delete a template",
    effect="destroy",
    role="author",
    method="DELETE",
    path="/api/templates/{template}",
    mcp=False,
    examples=({"template": "strong-quakes"},),
)
def delete_template(ws: Workspace, template: TemplateId) -> TemplateDeleted:
    """Delete a template that you saved. Those that come with the product stay."""
    with ws.writing() as store:
        check_own(ws, template, store.list_templates(), "deleted")
        store.delete_template(template)
    return TemplateDeleted(template=template)


def check_own(ws: Workspace, template: str, saved: list[Saved], what: str) -> None:
    """Raise Forbidden for a template that comes with the product or that somebody else saved."""
    from ..templates.library import built_in

    owner = next((row.updated_by for row in saved if row.id == template), ws.identity.name)
    if template in built_in():
        reason = "comes with the product"
    elif owner != ws.identity.name:
        reason = f"was saved by {owner}"
    else:
        return
    raise Forbidden(
        f"The template {template} {reason}, so it cannot be {what} here.",
        where={"template": template},
        got=ws.identity.name,
        hint="save_template under another id makes one of your own",
    )


def _story(ws: Workspace, pipeline_id: str, run_id: str) -> Any:
    """A test's events and matches as a story. Raises InvalidArgument where rows were not given."""
    from ..graph.node_type import SourceType
    from ..templates.model import Expected, Story

    with ws.reading() as store:
        stored = store.get_run(run_id)
    document = load(ws, pipeline_id, stored.run.revision).document
    events = stored.report.get("request", {}).get("events")
    sources = [n.id for n in document.nodes if isinstance(ws.catalog.get(n.type), SourceType)]
    if isinstance(events, list) and len(sources) == 1:
        events = {sources[0]: events}
    rows = isinstance(events, dict) and all(isinstance(part, list) for part in events.values())
    if not rows or stored.run.pipeline_id != pipeline_id:
        raise InvalidArgument(
            "A template keeps rows; this run was not made of rows of this pipeline.",
            where={"argument": "run_id"},
            got=run_id,
            expected="a run of test_pattern whose events were given as rows",
        )
    matches: dict[str, list[Expected]] = {}
    for match in stored.report["matches"]:
        expected = {k: match[k] for k in ("key", "detected_at", "measures")}
        matches.setdefault(match["pattern"], []).append(Expected.model_validate(expected))
    return Story(
        title="A test of this pipeline",
        kind="match" if matches else "ordinary",
        why=f"As run {run_id} found it",
        events=events,
        matches=matches,
    )
