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

PROFILES = ("iot-sensors", "clickstream", "financial-transactions", "ecommerce-orders", "cdc")
SPARSE = {"clickstream": {"product_id", "quantity", "cart_value"}, "cdc": {"before", "after"}}


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


NESTED = Relation(
    (
        Column("at", "timestamp"),
        Column("tags", "array<string>"),
        Column("m", "map<string,struct<`a b`:int,at:date>>"),
        Column("s", "struct<x:struct<ys:array<bigint>>,`y z`:int>"),
    ),
    "at",
    60_000,
)


@pytest.mark.parametrize(
    ("config", "columns"),
    [
        ({"column": "tags", "keep": True, "alias": "t"}, "at tags m s t"),
        ({"column": "TAGS", "position": "n"}, "at m s n tags"),
        ({"column": "m", "alias": "k", "prefix": "m_"}, "at tags s k_key m_a b m_at"),
        ({"column": "s.x.ys"}, "at tags m s ys"),
        ({"column": "s", "prefix": "s_"}, "at tags m s_x s_y z"),
    ],
)
def test_flattened_columns(engine: LocalEngine, config: dict[str, Any], columns: str) -> None:
    found = flows(engine, "flatten-explode", config, NESTED)
    assert " ".join(found.names) == columns
    assert (found.event_time, found.delay_ms) == ("at", 60_000)
    node = CATALOG.get("flatten-explode")
    query = node.query(node.Config.model_validate(config), [NESTED])  # type: ignore[attr-defined]
    assert SailResolver(engine).columns(query, [NESTED]) == found.columns


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"column": "tagz"}, "UNKNOWN_COLUMN"),
        ({"column": "s.y"}, "UNKNOWN_COLUMN"),
        ({"column": "at"}, "NOT_NESTED"),
        ({"column": "m"}, "DUPLICATE_COLUMN"),
        ({"column": "tags", "alias": "AT"}, "DUPLICATE_COLUMN"),
    ],
)
def test_bad_flattening(engine: LocalEngine, config: dict[str, Any], code: str) -> None:
    assert refusal(engine, "flatten-explode", config, NESTED) == code


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"column": "s", "outer": True, "alias": "x"}, ["alias", "outer"]),
        ({"column": "tags", "key_alias": "k", "prefix": "p_"}, ["key_alias", "prefix"]),
        ({"column": "m", "flatten": False, "prefix": "p_"}, ["prefix"]),
    ],
)
def test_settings_without_use_are_told(config: dict[str, Any], fields: list[str]) -> None:
    node = CATALOG.get("flatten-explode")
    problems = list(node.check(node.Config.model_validate(config), [NESTED]))
    assert [(p.code, p.field) for p in problems] == [("UNUSED_CONFIG", f) for f in fields]


PEOPLE = {
    "table": "main.shop.people",
    "keys": [{"stream": "we ird", "static": "name"}],
    "static_columns": "name string, age int, born date, tags array<string>",
}


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"defaults": {"age": "old"}}, "DEFAULT_TYPE"),
        ({"defaults": {"age": 2**40}}, "DEFAULT_TYPE"),
        ({"defaults": {"born": "yesterday"}}, "DEFAULT_TYPE"),
        ({"defaults": {"tags": "x"}}, "DEFAULT_TYPE"),
        ({"defaults": {"aged": 1}}, "UNKNOWN_COLUMN"),
        ({"static_columns": "name int"}, "TYPES_DIFFER"),
        ({"prefix": "i", "static_columns": "name string, d int"}, "DUPLICATE_COLUMN"),
    ],
)
def test_bad_lookups(engine: LocalEngine, config: dict[str, Any], code: str) -> None:
    assert refusal(engine, "lookup-enrichment", {**PEOPLE, **config}) == code


def test_a_lookup_adds_columns_and_event_time_goes_on(engine: LocalEngine) -> None:
    defaults = {"born": "2000-01-01", "age": 7}
    found = flows(engine, "lookup-enrichment", {**PEOPLE, "defaults": defaults})
    assert found.columns[4:] == (
        Column("age", "int"),
        Column("born", "date"),
        Column("tags", "array<string>"),
    )
    assert (found.event_time, found.delay_ms) == ("at", 60_000)


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
    for profile in PROFILES:
        config = node.Config.model_validate({"profile": profile, "seed": 7, "max_events": 400})
        rows = node.simulate(config, 1000, engine)
        assert rows.num_rows == 400
        assert tuple(rows.schema.names) == node.relation(config, (), None).names
        assert rows.slice(0, 100) == node.simulate(config, 100, engine)
        other = node.simulate(config.model_copy(update={"seed": 8}), 400, engine)
        assert rows != other
        sparse = {name for name in rows.schema.names if rows[name].null_count}
        assert sparse == SPARSE.get(profile, set())
