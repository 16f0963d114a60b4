"""A template: a pipeline, what it is for, and stories that show what it finds and what not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from ..graph.model import PipelineDocument, Strict

Level = Literal["beginner", "intermediate", "advanced"]
Kind = Literal["match", "near miss", "ordinary"]
Row = dict[str, JsonValue]
ID_PATTERN = r"^[a-z][a-z0-9-]{0,63}$"


class Expected(Strict):
    """A match that a pattern finds; of its measures those that say something."""

    key: Row = Field(description="The pattern's key, by column")
    detected_at: str = Field(description="When it is decided, ISO 8601")
    measures: Row = Field(default_factory=dict)

    def is_told_by(self, match: dict[str, Any]) -> bool:
        """Whether a reported match is this one."""
        measures = match["measures"]
        return (
            match["key"] == self.key
            and _moment(match["detected_at"]) == _moment(self.detected_at)
            and all(name in measures and measures[name] == v for name, v in self.measures.items())
        )


class Missed(Strict):
    """What a near miss fails at, as `explain_match` says it."""

    pattern: str = Field(description="Node id of the pattern that nearly matches")
    key: Row = Field(default_factory=dict)
    clause: str = Field(description="The clause that is not satisfied")


class Story(Strict):
    """Some events that belong together, and what comes of them."""

    title: str = Field(min_length=1, max_length=120)
    kind: Kind
    why: str = Field(min_length=1, max_length=400, description="Why it matches, or just does not")
    events: dict[str, list[Row]] = Field(description="Rows by source")
    matches: dict[str, list[Expected]] = Field(
        default_factory=dict, description="The matches that come of them, by pattern"
    )
    missed: Missed | None = None


class Template(Strict):
    """A pipeline to start from."""

    id: str = Field(pattern=ID_PATTERN)
    title: str = Field(min_length=1, max_length=120)
    industry: str = Field(max_length=60)
    use_case: str = Field(max_length=120, description="What it is for, in a few words")
    level: Level
    tags: list[str] = Field(default_factory=list, max_length=16)
    text: str = Field(max_length=4000, description="What it finds, when to use it, how to adapt it")
    pipeline: PipelineDocument
    stories: list[Story] = Field(default_factory=list)
    clocks: dict[str, str] = Field(
        default_factory=dict,
        description="The column of a source's rows that says when they happen, where its event "
        "time is computed further down",
    )
    rows: dict[str, list[Row]] = Field(
        default_factory=dict,
        description="What comes out of a node, or into a sink, from all stories; only the columns "
        "named",
    )

    @model_validator(mode="after")
    def _names_its_own_nodes(self) -> Self:
        known = {node.id for node in self.pipeline.nodes}
        told = {name for story in self.stories for name in (*story.events, *story.matches)}
        told |= {story.missed.pattern for story in self.stories if story.missed}
        if strangers := sorted((told | set(self.rows)) - known):
            raise ValueError(f"`{strangers[0]}` is no node of the pipeline")
        return self

    @property
    def node_types(self) -> list[str]:
        """The types of its nodes, each once, in their order."""
        return list(dict.fromkeys(node.type for node in self.pipeline.nodes))

    def events(self) -> dict[str, list[Row]]:
        """The rows of all stories by source, each source's in order of its event time."""
        sources = dict.fromkeys(name for story in self.stories for name in story.events)
        return {source: self._in_order(source) for source in sources}

    def expected(self) -> Iterator[tuple[str, Expected, Story]]:
        """Every match expected: the pattern, the match and its story."""
        for story in self.stories:
            for pattern, matches in story.matches.items():
                for match in matches:
                    yield pattern, match, story

    def _in_order(self, source: str) -> list[Row]:
        rows = [row for story in self.stories for row in story.events.get(source, ())]
        clock = self._clock(source)
        if clock is None or any(not isinstance(row.get(clock), str) for row in rows):
            return rows
        return sorted(rows, key=lambda row: _moment(str(row[clock])))

    def _clock(self, source: str) -> str | None:
        """The event-time column, which the source declares or the first node behind it."""
        if source in self.clocks:
            return self.clocks[source]
        todo = deque([source])
        while todo:
            node = self.pipeline.node(todo.popleft())
            if node is not None and isinstance(column := node.config.get("event_time"), str):
                return column
            if node is not None:
                todo += [edge.target for edge in self.pipeline.outputs(node.id)]
        return None


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
