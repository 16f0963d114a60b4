"""What the rules make of a sentence finds what it says on events, and not what only nearly is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.cases import Case, cases
from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.language.proposal import Request
from lakestream_mcp.language.rules import Rules
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import Caller, McpCaller

CATALOG = Catalog.load()
STORIES = cases("stories")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("store")))
    yield McpCaller(host)
    host.workspace.close()


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.text[:60])
def test_it_finds_what_the_sentence_says(agent: Caller, story: Case) -> None:
    draft = Rules().draft(Request(story.text, story.document, {}, story.schema, CATALOG))
    assert draft.changes, (draft.refusal, draft.questions)
    document = apply(story.document, draft.changes, CATALOG).document
    named = document.model_copy(update={"name": story.text[:100]})
    created = agent.call("create_pipeline", {"document": named.model_dump(mode="json")})
    assert "error" not in created, created
    pipeline = created["pipeline_id"]
    assert found(agent, pipeline, story.expect["match"]), draft.changes
    assert not found(agent, pipeline, story.expect["near_miss"]), draft.changes


def found(agent: Caller, pipeline: str, rows: list[dict[str, Any]]) -> list[Any]:
    """The matches that come of some rows."""
    answer = agent.call("test_pattern", {"pipeline_id": pipeline, "events": rows})
    assert "error" not in answer, answer
    matches: list[Any] = answer["matches"]
    return matches


def test_there_are_enough_of_them() -> None:
    assert len(STORIES) >= 20
    assert Path("evals/sentences/stories.jsonl").is_file()
