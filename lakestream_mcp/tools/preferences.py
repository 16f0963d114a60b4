"""What each caller prefers: where new pipelines keep their tables, and how clients look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, Field

from ..arguments import Json
from ..operations import Answer, operation

if TYPE_CHECKING:
    from ..workspace import Workspace

Theme = Literal["system", "light", "dark"]
Key = Literal["default_catalog", "default_schema", "theme"]
PLACES: dict[Key, str] = {"default_catalog": "catalog", "default_schema": "schema"}
"""Preferences that are settings of new pipelines, and what they are called there."""
NAME = r"^[A-Za-z0-9_-]{1,255}$"
RECENT_MAX = 10


class Recent(BaseModel):
    """A pipeline that the caller worked on."""

    pipeline_id: str
    name: str
    at: str


class PreferencesAnswer(Answer):
    """What the caller prefers; what was never said is left out."""

    default_catalog: str | None = None
    default_schema: str | None = None
    theme: Theme | None = None
    recent_pipelines: list[Recent]
    next: str


@operation(
    title="Read preferences",
    effect="read",
    method="GET",
    path="/api/preferences",
    mcp=False,
    examples=({},),
)
def get_preferences(ws: Workspace) -> PreferencesAnswer:
    """Read what you prefer, and the pipelines you worked on last."""
    with ws.reading() as store:
        chosen = store.preferences(ws.identity.name)
        recent = store.recent_pipelines(ws.identity.name, RECENT_MAX)
    return PreferencesAnswer(
        **{key: chosen.get(key) for key in get_args(Key)},
        recent_pipelines=[
            Recent(pipeline_id=found.id, name=found.name, at=found.at.isoformat())
            for found in recent
        ],
        next=f'get_pipeline(pipeline_id="{recent[0].id}")' if recent else "list_templates",
    )


@operation(
    title="Set preferences",
    effect="edit",
    method="PATCH",
    path="/api/preferences",
    role="viewer",
    mcp=False,
    idempotent=True,
    examples=({"default_catalog": "main", "default_schema": "fraud"}, {"forget": ["theme"]}),
)
def set_preferences(
    ws: Workspace,
    default_catalog: Annotated[
        str | None, Field(pattern=NAME, description="Of new pipelines that do not say theirs")
    ] = None,
    default_schema: Annotated[str | None, Field(pattern=NAME, description="Likewise")] = None,
    theme: Annotated[Theme | None, Field(description="Of the canvas")] = None,
    forget: Annotated[
        list[Key], Json, Field(max_length=3, description="Preferences to have no more")
    ] = [],  # noqa: B006 - the argument model copies it
) -> PreferencesAnswer:
    """Set what you prefer; what you leave out stays as it is."""
    given = {"default_catalog": default_catalog, "default_schema": default_schema, "theme": theme}
    changed = dict.fromkeys(forget) | {k: v for k, v in given.items() if v is not None}
    with ws.writing() as store:
        for key, value in changed.items():
            store.set_preference(ws.identity.name, key, value)
    return get_preferences(ws)


def preferred_places(ws: Workspace) -> dict[str, str]:
    """The settings of a new pipeline that its author prefers."""
    with ws.reading() as store:
        chosen = store.preferences(ws.identity.name)
    return {setting: chosen[key] for key, setting in PLACES.items() if key in chosen}
