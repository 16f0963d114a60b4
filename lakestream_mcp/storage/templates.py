"""Templates: saved pipelines to start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from ..errors import NotFound, nearest
from ..graph.model import PipelineDocument
from .engine import upsert
from .rows import Template
from .session import Session, columns
from .tables import templates


class TemplateRows(Session):
    """The part of a transaction that keeps templates."""

    def save_template(
        self,
        template_id: str,
        document: PipelineDocument,
        *,
        actor: str,
        name: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        details: dict[str, Any] | None = None,
    ) -> Template:
        """Add a template or replace the one with its id; what is not given is the document's."""
        row = {
            "id": template_id,
            "name": document.name if name is None else name,
            "description": document.description if description is None else description,
            "tags": list(document.tags if tags is None else tags),
            "document": document,
            "details": details or {},
            "created_at": self.at,
            "updated_at": self.at,
            "updated_by": actor,
        }
        upsert(self._writing(), templates, row, keep=("created_at",))
        return self.get_template(template_id)

    def get_template(self, template_id: str) -> Template:
        """One template."""
        row = self._first(
            select(*columns(Template, templates)).where(templates.c.id == template_id)
        )
        if row is None:
            raise self._unknown_template(template_id)
        return Template._make(row)

    def list_templates(self) -> list[Template]:
        """All templates by name."""
        rows = [Template._make(row) for row in self._rows(select(*columns(Template, templates)))]
        return sorted(rows, key=lambda template: (template.name.casefold(), template.id))

    def delete_template(self, template_id: str) -> None:
        """Remove a template; pipelines made from it stay."""
        if self._run(delete(templates).where(templates.c.id == template_id)) == 0:
            raise self._unknown_template(template_id)

    def _unknown_template(self, template_id: str) -> NotFound:
        known = [str(row.id) for row in self._rows(select(templates.c.id))]
        like = nearest(template_id, known)
        return NotFound(
            f"There is no template {template_id}",
            code="TEMPLATE_NOT_FOUND",
            where={"template": template_id},
            got=template_id,
            expected=sorted(known)[:20],
            hint=f"Did you mean `{like}`?" if like else "`list_templates` shows them.",
        )
