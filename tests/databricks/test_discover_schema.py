"""Discovery through the front door, against the workspace that is stood in for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastmcp import Client
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.deploy.unity import names_of
from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server
from tests.surfaces.callers import Caller, CliCaller, McpCaller, RestCaller

from .stand_in import StandIn

ORDERS = "id BIGINT NOT NULL, at TIMESTAMP, `a b` STRUCT<x: INT, Yy: ARRAY<STRING>>, v VARIANT"
TEXT_MAX = 8_000


@pytest.fixture
def lake(connected: StandIn) -> StandIn:
    """A workspace with some tables, a volume and a warehouse."""
    unity = connected.unity
    unity.add_table("main.sales.orders", ORDERS, comment="What was sold")
    unity.add_table("main.sales.order_lines", "id INT")
    unity.add_table("main.salesX.orders_old", "id INT")
    unity.add("CATALOG", "other")
    unity.add_volume("main.sales.raw")
    connected.warehouses.add("small")
    return connected


@pytest.fixture(params=[McpCaller, RestCaller, CliCaller])
def caller(request: pytest.FixtureRequest, process: Host) -> Caller:
    """Each surface."""
    surface: Caller = request.param(process)
    return surface


def found(answer: dict[str, Any]) -> list[str]:
    assert "error" not in answer, answer
    return [thing["name"] for thing in answer["found"]]


def test_a_table_is_reached_from_the_top(lake: StandIn, caller: Caller) -> None:
    assert found(caller.call("discover_schema", {})) == ["main", "other"]
    assert found(caller.call("discover_schema", {"path": "main"})) == ["main.sales", "main.salesX"]
    tables = caller.call("discover_schema", {"path": "main.sales"})
    assert found(tables) == ["main.sales.order_lines", "main.sales.orders"]
    table = caller.call("discover_schema", {"path": "main.sales.orders"})
    assert table["columns"] == "id bigint, at timestamp, `a b` struct<x:int,Yy:array<string>>"
    assert table["times"] == ["at"]
    assert table["left_out"] == ["v variant"]


def ask(process: Host, **arguments: Any) -> dict[str, Any]:
    return McpCaller(process).call("discover_schema", arguments)


def test_names_are_searched_in_a_whole_catalog(lake: StandIn, process: Host) -> None:
    everywhere = ask(process, path="main", search="ORDERS")
    assert found(everywhere) == ["main.sales.orders", "main.salesX.orders_old"]
    assert found(ask(process, path="main.sales", search="lines")) == ["main.sales.order_lines"]
    assert found(ask(process, search="oth")) == ["other"]
    assert found(ask(process, path="main.sales", search="100%")) == []
    both = found(ask(process, path="main", search="SAL"))
    assert both == ["main.sales", "main.salesX"], "schemas are found by their names too"
    lake.unity.add_table("other.raw.rawest", "id INT")
    assert found(ask(process, path="other", search="raw")) == ["other.raw", "other.raw.rawest"]


def test_a_search_goes_on_from_schemas_to_tables(lake: StandIn, process: Host) -> None:
    for n in range(3):
        lake.unity.add_table(f"other.raw_{n}.raw", "id INT")
    seen: list[str] = []
    page = ""
    while page is not None and len(seen) < 7:
        answer = ask(process, path="other", search="raw", limit=2, page=page)
        seen += found(answer)
        page = answer.get("page")
    assert seen == [f"other.raw_{n}" for n in range(3)] + [f"other.raw_{n}.raw" for n in range(3)]


def test_pages_follow_each_other(lake: StandIn, process: Host) -> None:
    for n in range(7):
        lake.unity.add("CATALOG", f"c{n}")
    first = ask(process, limit=4)
    second = ask(process, limit=4, page=first["page"])
    third = ask(process, limit=4, page=second["page"])
    assert len({*found(first), *found(second), *found(third)}) == 9
    assert "page" not in third


def test_warehouses_volumes_and_who_is_connected(lake: StandIn, process: Host) -> None:
    (warehouse,) = ask(process, kind="warehouses")["found"]
    assert warehouse["about"] == f"id {next(iter(lake.warehouses.known))}, running"
    assert found(ask(process, kind="volumes", path="main.sales")) == ["main.sales.raw"]
    assert ask(process, kind="volumes", path="main")["error"]["code"] == "INVALID_ARGUMENT"
    connection = ask(process, kind="connection")["connection"]
    assert connection == {"host": lake.url, "user": "ann@example.com", "auth": "pat"}
    assert lake.token not in str(connection)


def test_a_source_takes_its_columns_from_its_table(lake: StandIn, process: Host) -> None:
    mcp = McpCaller(process)
    mcp.call("create_pipeline", {"name": "orders"})
    config = {"table": "main.sales.orders", "event_time": "at", "watermark_delay": "1 minute"}
    source = {"type": "delta-table-source", "id": "src", "config": config}
    add = [{"op": "add_node", "node": source}]
    edited = mcp.call("edit_pipeline", {"pipeline_id": "orders", "changes": add})
    assert [f for f in edited["findings"] if f.get("field") == "columns"], edited
    fix = ask(process, pipeline_id="orders")["fix"]
    edited = mcp.call("edit_pipeline", {"pipeline_id": "orders", "changes": fix})
    assert not [f for f in edited["findings"] if f.get("field") == "columns"], edited
    shown = mcp.call("get_pipeline", {"pipeline_id": "orders", "detail": "node", "node": "src"})
    assert "Yy" in str(shown["node"]), shown
    assert ask(process, pipeline_id="orders")["error"]["code"] == "INVALID_ARGUMENT"
    assert ask(process, pipeline_id="orders", node="src")["fix"] == fix
    assert ask(process, pipeline_id="orders", node="srcc")["error"]["code"] == "NOT_FOUND"


def test_without_a_workspace_the_way_is_told(caller: Caller) -> None:
    error = caller.call("discover_schema", {})["error"]
    assert error["code"] == "DATABRICKS_NOT_CONNECTED"
    assert "DATABRICKS_HOST" in error["hint"] and "files" in error["hint"]


def test_local_files_need_no_workspace(process: Host) -> None:
    assert found(ask(process, kind="files")) == ["in/orders.csv"]
    shown = ask(process, kind="files", path="in/orders.csv")
    assert (shown["columns"], shown["times"]) == ("id bigint, at timestamp", ["at"])
    assert ask(process, kind="files", path="in/notes.txt")["error"]["code"] == "INVALID_ARGUMENT"
    assert ask(process, kind="files", path="/etc/passwd")["error"]["code"] == "FILE_REFUSED"


def test_a_stranger_is_told_what_is_lacking(
    lake: StandIn, process: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", lake.user("bob@example.com").token)
    assert found(ask(process)) == []
    error = ask(process, path="main.sales.orders")["error"]
    assert error["code"] == "DATABRICKS_FORBIDDEN" and "USE CATALOG" in error["message"]


def test_a_service_that_is_busy_is_asked_again(lake: StandIn, process: Host) -> None:
    lake.fail("catalogs.list", 1, "429")
    assert found(ask(process)) == ["main", "other"]
    lake.fail("tables.list_summaries", 1, "429", times=99)
    assert ask(process, path="main.sales")["error"]["code"] == "DATABRICKS_RATE_LIMITED"


@pytest.mark.parametrize(
    "path",
    ["main.sales.orders?x=1", "main.sales.orders#", "main.sales.%2e%2e", "`main`.`sales`.`a&b`"],
)
def test_a_name_stays_a_name(lake: StandIn, process: Host, path: str) -> None:
    error = ask(process, path=path)["error"]
    assert error["code"] == "DATABRICKS_NOT_FOUND"
    (call,) = lake.named("tables.get")
    assert call.path["full_name"] == path.replace("`", "")


@pytest.mark.parametrize("path", ["a.b.c.d", ".", "a..b", "a/../b", "main.sales.x\ny", "`a", "a."])
def test_what_is_no_name_is_refused(lake: StandIn, process: Host, path: str) -> None:
    assert ask(process, path=path)["error"]["code"] == "INVALID_ARGUMENT"
    assert lake.calls == []


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4))
def test_names_are_read_back(names: list[str]) -> None:
    path = ".".join(f"`{name}`" for name in names)
    usable = len(names) <= 3 and all(
        c not in name for name in names for c in "`/\x7f" + "".join(map(chr, range(32)))
    )
    if usable:
        assert names_of(path) == names
    else:
        with pytest.raises(InvalidArgument):
            assert names_of(path) != names
            raise InvalidArgument("a backtick ends a name")


@pytest.mark.parametrize("where", ["workspace", "file"])
def test_a_wide_tables_columns_are_read_page_by_page_and_searched(
    lake: StandIn, process: Host, where: str
) -> None:
    names = [f"a_column_with_a_long_name_{n}" for n in range(400)]
    lake.unity.add_table("main.sales.wide", ", ".join(f"{n} STRING" for n in names))
    path = {"path": "main.sales.wide"}
    if where == "file":
        (root,) = process.workspace.settings.data_roots
        wide = [names, ["x"] * 400]
        (root / "in" / "wide.csv").write_text("".join(f"{','.join(row)}\n" for row in wide))
        path = {"path": "in/wide.csv", "kind": "files"}
    columns: list[str] = []
    page: dict[str, str] = {}
    while len(columns) < 400:
        answer = ask(process, **path, **page)
        columns += answer["columns"].split(", ")
        page = {"page": answer.get("page", "")}
    assert (columns, page) == ([f"{name} string" for name in names], {"page": ""})
    some = ask(process, **path, search="NAME_39")
    assert some["columns"].split(", ") == [f"{n} string" for n in names if "name_39" in n]
    for bad in ("400", "-1", "0", "x", "9" * 30, "٣"):
        error = ask(process, **path, page=bad)["error"]
        assert (error["code"], error["where"]["argument"]) == ("INVALID_ARGUMENT", "page")


def test_a_long_answer_is_short_for_a_model(lake: StandIn, process: Host) -> None:
    wide = ", ".join(f"a_column_with_a_long_name_{n} STRING" for n in range(400))
    lake.unity.add_table("main.sales.wide", wide)
    for n in range(200):
        lake.unity.add("CATALOG", f"a_catalog_with_a_long_name_{n}", comment="x" * 200)

    async def texts() -> list[str]:
        async with Client(server(process)) as client:
            answers = [
                await client.call_tool("discover_schema", arguments)
                for arguments in ({"limit": 200}, {"path": "main.sales.wide"})
            ]
        return ["".join(block.text for block in answer.content) for answer in answers]

    for text in asyncio.run(texts()):
        assert len(text) < TEXT_MAX and "Next: " in text
    assert "a_column_with_a_long_name_9 string" in text and "`search` narrows it" in text
