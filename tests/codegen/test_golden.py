"""Generated code as it was last agreed on: one cell per node type, and a few whole pipelines."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.carried import carried
from lakestream_mcp.codegen.verify import check
from lakestream_mcp.errors import InvalidPipeline
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.relational.column_types import ddl
from tests.conftest import Golden
from tests.nodes.udfs import COLUMNS, row_nodes, series_nodes

from .bench import Bench, Made, chain, source
from .cases import BASES, document

FOLDER = Path(__file__).parent / "golden"
PIPELINES = sorted(path.stem for path in FOLDER.glob("*.json"))


def text_of(made: Made) -> str:
    return next(iter(made.generated.files.values()))


def cell(made: Made, node: str) -> str:
    """The lines of one node."""
    lines = text_of(made).splitlines()
    where = next(n for n in made.generated.line_map if n.node == node)
    return "\n".join(lines[where.start - 1 : where.end]).strip() + "\n"


@pytest.mark.parametrize("node_type", Catalog.load().types())
def test_a_node_of_each_type(bench: Bench, golden: Golden, node_type: str) -> None:
    made = bench.make(document(node_type, BASES[node_type]))
    golden(bench.catalog.get(node_type).folder / "golden" / "example.py", cell(made, "it"))


@pytest.mark.parametrize("name", PIPELINES)
def test_whole_pipelines(bench: Bench, golden: Golden, name: str) -> None:
    made = bench.make(json.loads(FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8")))
    golden(FOLDER / f"{name}.py", text_of(made))


@pytest.mark.parametrize("node_type", list(BASES))
def test_code_is_the_same_every_time_and_tidy(bench: Bench, node_type: str) -> None:
    first = text_of(bench.make(document(node_type, BASES[node_type])))
    check(first)
    assert first == text_of(bench.make(document(node_type, BASES[node_type])))


@pytest.mark.parametrize(
    "node_type", ["absence", "count-threshold", "sequence", "temporal-correlation"]
)
def test_code_carries_the_text_that_tests_run(bench: Bench, node_type: str) -> None:
    made = bench.make(document(node_type, BASES[node_type]))
    relations = [made.validation.relations[e.source] for e in made.document.inputs("it")]
    kind = bench.catalog.get(node_type)
    plan = kind.plan(made.validation.configs["it"], relations, bench.resolver)  # type: ignore[attr-defined]
    text = carried(plan, "it")
    notebook = text_of(made)
    for part in (text.kernel, text.runtime, text.matcher):
        assert part.strip() in notebook
    assert made.generated.hashes["it"] == text.sha256
    header = notebook.partition("\n\n")[0]
    assert f"# Pattern it: sha256 {text.sha256}" in header.splitlines()


def test_state_version_changes_with_the_layout_only(bench: Bench) -> None:
    base = BASES["absence"]

    def version(**changes: object) -> str:
        return bench.make(document("absence", base | changes)).generated.state_version

    assert version() == version(within="9s")
    assert version() == version(trigger="kind = 'C'")
    assert version() != version(keep=["id"])
    assert version() != version(key=["kind"])


def test_state_version_tells_the_layouts_of_state_apart(bench: Bench) -> None:
    def version(**settings: object) -> str:
        given = document("absence", BASES["absence"]) | {"settings": settings}
        return bench.make(given).generated.state_version

    assert version() == version(state_layout="buckets")
    assert version() != version(state_layout="keys")


def test_an_unknown_layout_of_state_is_refused(bench: Bench) -> None:
    given = document("absence", BASES["absence"]) | {"settings": {"state_layout": "key"}}
    with pytest.raises(InvalidPipeline) as refused:
        bench.make(given)
    assert refused.value.code == "INVALID_SETTING"
    assert refused.value.where == {"setting": "state_layout"}
    assert refused.value.got == "key"
    assert refused.value.expected == ["buckets", "keys"]
    assert refused.value.hint == "keys"


def test_state_by_key_is_carried_only_where_it_is_asked_for(bench: Bench) -> None:
    given = document("absence", BASES["absence"])
    by_bucket, by_key = (
        text_of(bench.make(given | {"settings": {"state_layout": layout}}))
        for layout in ("buckets", "keys")
    )
    check(by_key)
    assert "KeyedPatternHost" in by_key
    assert "KeyedPatternHost" not in by_bucket


def test_every_line_of_a_node_is_on_the_map(bench: Bench) -> None:
    made = bench.make(document("absence", BASES["absence"]))
    assert [lines.node for lines in made.generated.line_map] == ["feed", "it", "out"]
    for lines in made.generated.line_map:
        ast.parse("\n".join(text_of(made).splitlines()[lines.start - 1 : lines.end]))


def test_names_that_python_or_the_notebook_use_are_avoided(bench: Bench) -> None:
    given = document("filter", BASES["filter"])
    for old, new in (("feed", "spark"), ("it", "class"), ("out", "print")):
        for node in given["nodes"]:
            node["id"] = new if node["id"] == old else node["id"]
        for edge in given["edges"]:
            edge.update({k: new for k in ("source", "target") if edge[k] == old})
    made = bench.make(given)
    assert made.generated.frames == {"spark": "spark_", "class": "class_", "print": "print_"}


def test_a_pipeline_document_is_all_a_golden_needs() -> None:
    for name in PIPELINES:
        text = FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8")
        PipelineDocument.model_validate_json(text)


def test_functions_of_every_type_make_clean_code(bench: Bench) -> None:
    for nodes in (row_nodes(), series_nodes()):
        check(text_of(bench.make(chain(source("1 day", ddl(COLUMNS)), *nodes))))
