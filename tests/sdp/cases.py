"""The small documents of `tests/codegen/cases.py`, for the declarative target."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.codegen import CodeTarget, Generated, generate
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from tests import witness
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, Json, document

TYPES = [name for name in BASES if "sdp" in Catalog.load().get(name).targets]
"""The node types that have declarative SQL."""


def declarative(node_type: str, config: Json, name: str = "Under test") -> Json:
    """A whole pipeline around one node, whose rows go to a table."""
    made = document(node_type, config, name)
    for each in made["nodes"]:
        if each["type"] == "file-sink":
            each.update(type="delta-table-sink", config={"table": "main.out.rows"})
    return made


def code_for(bench: Bench, made: Json, target: CodeTarget) -> Generated:
    """Code of a document that is valid. Raises what generating raises."""
    parsed = PipelineDocument.model_validate(made)
    validation = validate(parsed, bench.catalog, bench.resolver, bench.cache)
    assert validation.ok, validation.errors
    found = generate(parsed, validation, bench.catalog, "parity", 1, bench.resolver, target)
    witness.generated(found, parsed)
    return found


def code_or_none(bench: Bench, made: Json, target: CodeTarget = "sdp") -> Generated | None:
    """The same, or None where the document is refused."""
    try:
        parsed = PipelineDocument.model_validate(made)
        validation = validate(parsed, bench.catalog, bench.resolver, bench.cache)
        if not validation.ok:
            return None
        found = generate(parsed, validation, bench.catalog, "parity", 1, bench.resolver, target)
        witness.generated(found, parsed)
    except (ValidationError, LakestreamError):
        return None
    return found


CONFIG = "-- lakestream:config="


def without_config(files: dict[str, str]) -> dict[str, str]:
    """The files without the remarks that keep what their SQL does not say."""
    return {
        name: "\n".join(line for line in text.split("\n") if not line.startswith(CONFIG))
        for name, text in files.items()
    }


def node(node_id: str, node_type: str, **config: Any) -> Json:
    return {"id": node_id, "type": node_type, "name": node_id, "config": config}


def graph(*chains: list[Json]) -> Json:
    """Chains of nodes; a node may be in several."""
    nodes = {each["id"]: copy.deepcopy(each) for chain in chains for each in chain}
    edges = {(a["id"], b["id"]): None for chain in chains for a, b in pairwise(chain)}
    return {
        "name": "Case",
        "nodes": list(nodes.values()),
        "edges": [{"source": a, "target": b} for a, b in edges],
    }
