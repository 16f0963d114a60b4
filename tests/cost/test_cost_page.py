"""The template that docs/cost.md explains: its numbers are those of the estimate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.deploy.cost import work
from lakestream_mcp.deploy.cost.assumptions import Assumptions
from lakestream_mcp.deploy.cost.estimate import estimate
from lakestream_mcp.deploy.cost.load import Load
from lakestream_mcp.templates.library import built_in

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text(encoding="utf-8")


def block(kind: str) -> Any:
    """The page's one JSON block of a kind."""
    (found,) = re.findall(rf"```json {kind}\n(.*?)```", PAGE, re.DOTALL)
    return json.loads(found)


def test_the_estimate_on_the_page_is_made() -> None:
    asked = block("cost")
    document = built_in()[asked["template"]].pipeline
    made = estimate(document, Catalog.load(), Load.of(asked["load"]), Assumptions.load())
    shown = block("estimate")
    found = made.model_dump(mode="json", include=set(shown))
    assert found == shown, "run the request of docs/cost.md again"
    assert any("fixed cost" in note for note in made.notes)


def test_what_was_predicted_was_within_a_factor_of_two() -> None:
    ratios = [float(r) for r in re.findall(r"\|.*\| ([0-9.]+) \|$", PAGE, re.MULTILINE)]
    pipelines = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert len(pipelines) >= 3
    assert all(0.5 <= ratio <= 2 for ratio in ratios)


def test_the_calibration_knows_every_pattern() -> None:
    from lakestream_mcp.cep.pattern_type import StatefulType

    catalog = Catalog.load()
    types = {t.type for t in catalog if isinstance(t, StatefulType)}
    assert work.measured_kinds() == types
