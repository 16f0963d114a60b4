"""Templates: pipelines to start from, the product's own and those that users saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..operations import Answer, operation
from ..templates.model import Level

if TYPE_CHECKING:
    from ..graph.model import PipelineDocument
    from ..storage.rows import Template as Saved
    from ..templates.model import Template
    from ..workspace import Workspace

TemplateId = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$", description="Id, e.g. impossible-travel")
]


class TemplateLine(BaseModel):
    """One template in a list."""

    id: str
    title: str
    industry: str
    use_case: str
    level: Level
    saved_by: str | None = None
    yours: bool | None = None
    text: str | None = None

    @classmethod
    def of(cls, template: Template, saved_by: str | None, caller: str) -> TemplateLine:
        """The line of a template."""
        shown = template.model_dump(include=set(cls.model_fields) - {"text"})
        return cls(**shown, saved_by=saved_by, yours=saved_by == caller or None)

    def mark(self) -> str:
        """Whose it is, where it did not come with the product."""
        who = "you" if self.yours else self.saved_by
        return f", saved by {who}" if who else ""


class TemplateList(Answer):
    """Templates, one's own first, then best first; the text of the only one."""

    templates: list[TemplateLine]
    next: str

    def text(self) -> str:
        """A line each."""
        lines = [f"- {t.id}: {t.title} ({t.industry}, {t.level}{t.mark()})" for t in self.templates]
        lines += [t.text for t in self.templates if t.text]
        return "\n".join([*lines, f"Next: {self.next}"])


@operation(
    title="List templates",
    effect="read",
    method="GET",
    path="/api/templates",
    examples=({}, {"query": "fraud"}, {"industry": "healthcare", "level": "beginner"}),
)
def list_templates(
    ws: Workspace,
    query: Annotated[str, Field(max_length=200, description="Words, node types")] = "",
    industry: Annotated[str, Field(max_length=60)] = "",
    use_case: Annotated[str, Field(max_length=120)] = "",
    level: Literal["", "beginner", "intermediate", "advanced"] = "",
) -> TemplateList:
    """Find a ready pipeline to start from: create_pipeline(template=id)."""
    from ..templates.library import found

    owners = {row.id: row.updated_by for row in _saved(ws)}
    templates = found(all_templates(ws).values(), query, industry, use_case, level)
    lines = [TemplateLine.of(t, owners.get(t.id), ws.identity.name) for t in templates]
    lines.sort(key=lambda line: not line.yours)
    if len(templates) == 1:
        lines[0].text = templates[0].text
    following = 'create_pipeline(template="…")' if lines else _elsewhere(ws, query)
    return TemplateList(templates=lines, next=following)


def _elsewhere(ws: Workspace, query: str) -> str:
    """What to do where nothing fits: templates that have one of the words at least."""
    from ..templates.library import found

    known = list(all_templates(ws).values())
    near = dict.fromkeys(t.id for word in query.split() for t in found(known, word, "", "", ""))
    some = f"near: {', '.join(list(near)[:5])}; " if near else ""
    return f"{some}list_templates() shows all"


class TemplateAnswer(Answer):
    """A template whole: its pipeline, and the stories that show what it finds."""

    template: dict[str, Any]
    saved_by: str | None = None
    next: str

    @classmethod
    def of(cls, template: Template, saved_by: str | None) -> TemplateAnswer:
        """The answer about a template."""
        return cls(
            template=template.model_dump(mode="json", exclude_none=True),
            saved_by=saved_by,
            next=f'create_pipeline(template="{template.id}")',
        )

    def resource_text(self, file: str | None) -> str:
        """The template alone."""
        del file
        import json

        return json.dumps(self.template, ensure_ascii=False, indent=1)


@operation(
    title="Read a template",
    effect="read",
    method="GET",
    path="/api/templates/{template}",
    mcp=False,
    examples=({"template": "impossible-travel"},),
)
def get_template(ws: Workspace, template: TemplateId) -> TemplateAnswer:
    """Read a template: its text, its pipeline, its events and the matches expected of them."""
    owners = {row.id: row.updated_by for row in _saved(ws)}
    return TemplateAnswer.of(template_of(ws, template), owners.get(template))


def template_of(ws: Workspace, template: str) -> Template:
    """The template of this id. Raises NotFound with the nearest one."""
    from ..errors import NotFound, nearest

    known = all_templates(ws)
    if template not in known:
        near = nearest(template, known)
        raise NotFound(
            f"There is no template {template[:64]}",
            code="TEMPLATE_NOT_FOUND",
            where={"template": template[:64]},
            got=template[:64],
            expected=sorted(known)[:40],
            hint=f"Did you mean `{near}`?" if near else "`list_templates` shows them.",
        )
    return known[template]


def planted_in(ws: Workspace, events: Any) -> Template | None:
    """The template whose events are asked for with `{"template": id}`."""
    if not isinstance(events, dict) or set(events) != {"template"}:
        return None
    named = events["template"]
    return template_of(ws, named) if isinstance(named, str) else None


def rows_for(ws: Workspace, events: Any, document: PipelineDocument) -> Any:
    """Events as they were given; those of a template for the sources that a document has."""
    planted = planted_in(ws, events)
    if planted is None:
        return events
    return {name: rows for name, rows in planted.events().items() if document.node(name)}


def all_templates(ws: Workspace) -> dict[str, Template]:
    """The product's templates and those that were saved, by id."""
    from ..templates.library import built_in
    from ..templates.model import Template

    saved = {
        row.id: Template.model_validate(
            {
                "id": row.id,
                "title": row.name,
                "text": row.description,
                "tags": row.tags,
                "pipeline": row.document.model_dump(),
                **row.details,
            }
        )
        for row in _saved(ws)
    }
    return {**saved, **built_in()}


def _saved(ws: Workspace) -> list[Saved]:
    with ws.reading() as store:
        return store.list_templates()
