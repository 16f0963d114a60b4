"""What flows out of a node: columns, event time and watermark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.graph.node_type import NodeType
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

CATALOG = Catalog.load()
ROWS = Relation(
    (
        Column("id", "bigint"),
        Column("price", "double"),
        Column("at", "timestamp"),
        Column("we ird", "string"),
    ),
    "at",
    60_000,
)


def flows(
    engine: LocalEngine, type_name: str, given: dict[str, Any], *inputs: Relation
) -> Relation:
    node: NodeType = CATALOG.get(type_name)
    config = node.Config.model_validate(given)
    return node.relation(config, inputs or (ROWS,), SailResolver(engine))


def refusal(engine: LocalEngine, type_name: str, given: dict[str, Any], *inputs: Relation) -> str:
    with pytest.raises(LakestreamError) as caught:
        flows(engine, type_name, given, *inputs)
    return caught.value.code


def test_a_filter_changes_nothing(engine: LocalEngine) -> None:
    assert flows(engine, "filter", {"condition": "price > 1 AND `we ird` LIKE 'a%'"}) is ROWS


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("prize > 1", "UNKNOWN_COLUMN"),
        ("price + 1", "NOT_A_CONDITION"),
        ("at + 1 > 2", "TYPE_MISMATCH"),
        ("id IN (SELECT 1)", "SQL_NOT_ALLOWED"),
    ],
)
def test_bad_conditions(engine: LocalEngine, condition: str, code: str) -> None:
    assert refusal(engine, "filter", {"condition": condition}) == code


def test_columns_are_computed_and_event_time_goes_on(engine: LocalEngine) -> None:
    found = flows(engine, "map-select", {"columns": "*, price * 2 AS price, upper(`we ird`) AS w"})
    assert found.columns == (
        Column("id", "bigint"),
        Column("at", "timestamp"),
        Column("we ird", "string"),
        Column("price", "double"),
        Column("w", "string"),
    )
    assert (found.event_time, found.delay_ms) == ("at", 60_000)
    assert flows(engine, "map-select", {"columns": "id"}).event_time is None


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ("id, ID", "DUPLICATE_COLUMN"),
        ("prize AS p", "UNKNOWN_COLUMN"),
        ("NULL AS nothing", "UNSTORABLE_TYPE"),
        ("id FROM elsewhere", "INVALID_SQL"),
        ("CASE WHEN id > 1 THEN id ELSE price END AS x", "MIXED_TYPES"),
    ],
)
def test_bad_columns(engine: LocalEngine, columns: str, code: str) -> None:
    assert refusal(engine, "map-select", {"columns": columns}) == code


def test_event_time_follows_its_column(engine: LocalEngine) -> None:
    renamed = flows(engine, "rename-cast", {"columns": [{"column": "at", "name": "when"}]})
    assert (renamed.event_time, renamed.delay_ms) == ("when", 60_000)
    cast = flows(engine, "rename-cast", {"columns": [{"column": "at", "type": "date"}]})
    assert (cast.event_time, cast.type_of("at")) == (None, "date")
    dropped = flows(engine, "rename-cast", {"columns": [{"column": "id"}], "others": "drop"})
    assert (dropped.names, dropped.event_time) == (("id",), None)


def test_a_union_has_the_columns_of_all(engine: LocalEngine) -> None:
    narrow = Relation((Column("at", "timestamp"), Column("id", "int")), "at", 90_000)
    wide = Relation((Column("id", "bigint"), Column("at", "timestamp")), "at", 60_000)
    found = flows(engine, "union-merge", {}, wide, narrow)
    assert found == Relation(wide.columns, "at", 90_000)
    assert refusal(engine, "union-merge", {}, ROWS, narrow) == "COLUMNS_DIFFER"
    text = Relation((Column("id", "string"), Column("at", "timestamp")), "at", 60_000)
    assert refusal(engine, "union-merge", {"missing": "null"}, wide, text) == "TYPES_DIFFER"


def test_a_join_adds_the_tables_columns(engine: LocalEngine) -> None:
    given: dict[str, Any] = {
        "table": "main.shop.items",
        "keys": ["id"],
        "static_columns": "id bigint, name string, price double",
    }
    assert refusal(engine, "stream-static-join", given) == "DUPLICATE_COLUMN"
    found = flows(engine, "stream-static-join", given | {"prefix": "item_"})
    assert found.names == (*ROWS.names, "item_name", "item_price")
    assert (found.event_time, found.delay_ms) == ("at", 60_000)
    selected = flows(engine, "stream-static-join", given | {"select": "name"})
    assert selected.names == (*ROWS.names, "name")
    text_key = given | {"static_columns": "id string, name string"}
    assert refusal(engine, "stream-static-join", text_key) == "TYPES_DIFFER"


def test_files_are_inferred_and_hinted(tmp_path: Path, engine: LocalEngine) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "at": "2026-01-01T00:00:00Z", "price": 1}\n')
    node = CATALOG.get("auto-loader")
    config = node.Config.model_validate(
        {
            "path": "a.jsonl",
            "schema_hints": "price decimal(10,2)",
            "event_time": "at",
            "watermark_delay": "1 minute",
        }
    )
    found = node.relation(config, (), SailResolver(engine, [tmp_path]))
    assert found == Relation(
        (Column("id", "bigint"), Column("at", "timestamp"), Column("price", "decimal(10,2)")),
        "at",
        60_000,
    )


def test_simulated_events_are_the_same_each_time(engine: LocalEngine) -> None:
    node: Any = CATALOG.get("stream-simulator")
    for profile in ("iot-sensors", "clickstream", "financial-transactions", "ecommerce-orders"):
        config = node.Config.model_validate({"profile": profile, "seed": 7, "max_events": 400})
        rows = node.simulate(config, 1000, engine)
        assert rows.num_rows == 400
        assert tuple(rows.schema.names) == node.relation(config, (), None).names
        assert rows.slice(0, 100) == node.simulate(config, 100, engine)
        other = node.simulate(config.model_copy(update={"seed": 8}), 400, engine)
        assert rows != other
        assert not any(column.null_count for column in rows.columns)
