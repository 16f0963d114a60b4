"""Every template that comes with the product does what its stories tell, asked as an agent asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import jsonschema
import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.pattern_type import PatternType, StatefulType
from lakestream_mcp.templates.library import FOLDER, built_in
from lakestream_mcp.templates.model import Template
from tests.surfaces.callers import Caller

CATALOG = Catalog.load()
FILES = sorted(FOLDER.glob("*.json"))
TEMPLATES = [pytest.param(template, id=name) for name, template in built_in().items()]
SAMPLED = "the endpoint was not called"
"""What a test says of every model: it is answered from samples."""
PACKS = (
    "iot",
    "utilities",
    "logistics",
    "fraud",
    "manufacturing",
    "security",
    "healthcare",
    "retail",
)
Json = dict[str, Any]
Tested = Callable[[Template], Json]


@pytest.fixture(scope="session")
def tested(agent: Caller) -> Callable[[Template], Json]:
    """A template's pipeline, created, and the test of it on its stories; each is made once."""

    @cache
    def run(name: str) -> Json:
        created = agent.call("create_pipeline", {"template": name})
        asked = {"pipeline_id": name, "events": {"template": name}, "limit": 1000}
        return {"created": created} | agent.call("test_pattern", asked | {"check_order": True})

    return lambda template: run(template.id)


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_a_file_is_as_the_schema_says(file: Any) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.validate(data, Template.model_json_schema())
    assert data["id"] == file.stem


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_is_wrong_with_it(tested: Tested, template: Template) -> None:
    answer = tested(template)["created"]
    assert [f for f in answer.get("findings", []) if f["severity"] != "info"] == []
    assert answer["pipeline_id"] == template.id
    assert f'events={{"template": "{template.id}"}}' in answer["next"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_it_finds_what_its_stories_tell(tested: Tested, template: Template) -> None:
    answer = tested(template)
    wrong = [told for told in answer["examples"] if not told["as_told"]]
    assert not wrong, [(m["pattern"], m["key"], m["detected_at"]) for m in answer["matches"]]
    assert [w for w in answer["warnings"] if SAMPLED not in w] == answer["late"] == []
    assert not any(order["depends_on_order"] for order in answer["order"].values())


@pytest.mark.parametrize("template", TEMPLATES)
def test_its_near_misses_are_explained(agent: Caller, tested: Tested, template: Template) -> None:
    run_id = tested(template)["run_id"]
    for story in template.stories:
        if story.missed:
            asked = {"run_id": run_id, "node": story.missed.pattern, "key": story.missed.key}
            misses = agent.call("explain_match", asked)["misses"]
            assert story.missed.clause in {m["clause"] for m in misses}, (story.title, misses)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_rows_it_names_come_out(agent: Caller, tested: Tested, template: Template) -> None:
    tested(template)
    for name, expected in template.rows.items():
        assert rows(agent, template, name, expected) == sorted(map(canonical, expected)), name


def rows(agent: Caller, template: Template, name: str, expected: list[Any]) -> list[str]:
    """What comes out of a node, or into a sink: of the columns those that are named."""
    asked = {"pipeline_id": template.id, "node": name, "events": {"template": template.id}}
    answer = agent.call("preview_node", asked | {"limit": 1000})
    columns = expected[0].keys() if expected else ()
    return sorted(canonical({c: row[c] for c in columns}) for row in answer["rows"])


def canonical(row: Json) -> str:
    return json.dumps(row, sort_keys=True)


@pytest.mark.parametrize("template", TEMPLATES)
def test_it_becomes_code(agent: Caller, tested: Tested, template: Template) -> None:
    tested(template)
    answer = agent.call("generate_code", {"pipeline_id": template.id})
    assert all(file["lines"] > 50 for file in answer["generated"])
    assert answer["generated"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_it_tells_of_matches_and_near_misses(template: Template) -> None:
    kinds = [story.kind for story in template.stories]
    assert "match" in kinds
    assert "near miss" in kinds
    assert all(
        story.matches or template.rows for story in template.stories if story.kind == "match"
    )
    assert len(template.text.split("\n\n")) > 1, (
        "what it finds, then when to use and how to adapt it"
    )


def test_they_cover_the_catalog() -> None:
    assert len(built_in()) >= 27
    used = {kind for template in built_in().values() for kind in template.node_types}
    assert {t.type for t in CATALOG if isinstance(t, PatternType | StatefulType)} <= used
    told = [f"{t.industry} {' '.join(t.tags)}".lower() for t in built_in().values()]
    assert all(any(pack in text for text in told) for pack in PACKS)
