"""The catalogue: names, documentation, search; and the product's own folders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lakestream_mcp.catalog import Catalog, FieldDoc
from lakestream_mcp.errors import NotFound
from lakestream_mcp.graph.changes import Change

from .small_types import Filter


@pytest.mark.parametrize(
    "name",
    ["sequence", "sequence-detector", "Sequence_Detector", " SEQUENCE "],
)
def test_a_type_goes_by_several_names(name: str, catalog: Catalog) -> None:
    assert catalog.get(name).type == "sequence"


def test_a_title_that_two_types_share_is_no_name(catalog: Catalog) -> None:
    assert catalog.get("Plain feed").type == "plain-feed"
    with pytest.raises(NotFound):
        catalog.get("Delta table")


def test_an_unknown_name_is_answered_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(NotFound) as caught:
        catalog.get("sequence-detectr")
    assert caught.value.hint == "did you mean `sequence`?"
    assert caught.value.expected == list(catalog.types())
    for odd in ("", " ", "x" * 100_000, "\n", "../nodes"):
        with pytest.raises(NotFound) as caught:
            catalog.get(odd)
        assert len(json.dumps(caught.value.to_json())) < 1000


def fields(docs: list[FieldDoc]) -> dict[str, FieldDoc]:
    return {doc.name: doc for doc in docs}


def test_fields_are_documented_from_the_schema(catalog: Catalog) -> None:
    feed = catalog.describe("feed")
    found = fields(feed.fields)
    assert (found["topic"].required, found["topic"].type) == (True, "string")
    assert found["topic"].aliases == ["topicName"]
    assert (found["offset"].type, found["offset"].default) == (
        'one of "earliest", "latest"',
        "latest",
    )
    assert found["columns"].type == "string or list of object"
    assert [f.name for f in found["columns"].fields] == ["name", "type"]
    assert (feed.input_ports, feed.output_ports, feed.targets) == ([], ["out"], ["sss"])
    assert catalog.describe("delta-table-sink").output_ports == []
    assert catalog.describe("join").input_ports == ["left", "right"]
    json.dumps(feed.model_dump(mode="json"))


def test_readme_and_example_come_from_the_folder(tmp_path: Path) -> None:
    text = '# Filter\n\n```json\n{"rows": []}\n```\n\n```json\n{"condition": "amount > 1"}\n```\n'
    (tmp_path / "README.md").write_text(text + "more\n\n" * 4000)
    node_type = Filter()
    node_type.folder = tmp_path
    doc = Catalog([node_type]).describe("filter")
    assert doc.example == {"condition": "amount > 1"}
    assert doc.readme.startswith("# Filter")
    assert len(doc.readme) < 7000


def test_search_finds_by_name_before_text(catalog: Catalog) -> None:
    assert catalog.search("watermark")[0].type == "watermark"
    assert catalog.search("joins")[0].type == "join"
    assert {t.type for t in catalog.search("reads orders")} >= {"feed", "plain-feed"}
    assert catalog.search("zzzzz") == []
    assert len(catalog.search("  ")) == len(catalog.types())


def test_own_types_are_complete() -> None:
    own = Catalog.load()
    names: set[str] = set()
    for node_type in own:
        assert node_type.type == node_type.folder.name.replace("_", "-")
        assert node_type.type in own.types()
        said = {node_type.type, *node_type.aliases}
        assert not said & names, "two types share a name"
        names |= said
        known = set(node_type.Config.model_fields)
        assert not known & set(node_type.field_aliases), "an alias hides a field"
        doc = own.describe(node_type.type)
        assert all(field.description for field in doc.fields), f"{node_type.type}: say what it is"


def test_loading_imports_no_node_type() -> None:
    code = (
        "import sys; from lakestream_mcp.catalog import Catalog; Catalog.load().types();"
        "print([m for m in sys.modules if m.endswith('.node') or 'sqlglot' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_change_says_what_it_does() -> None:
    from pydantic import TypeAdapter

    schema = TypeAdapter(Change).json_schema()
    for name, definition in schema["$defs"].items():
        assert name == "JsonValue" or definition.get("description"), name
    assert len(json.dumps(schema)) < 12_000
