"""The data side of the stand-in: catalogs, SQL, secrets, models, apps, databases, files."""

from __future__ import annotations

import datetime as dt
import io
import time

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk import errors as sdk
from databricks.sdk.service import apps, catalog, sql
from databricks.sdk.service.serving import ChatMessage, ChatMessageRole

from .stand_in import StandIn

TABLE = "main.sales.orders"
ROWS = [{"id": n, "net": "us" if n % 2 else "eu", "at": "2026-01-01T00:00:00Z"} for n in range(250)]


@pytest.fixture
def shop(world: StandIn) -> StandIn:
    """A workspace with a table of 250 rows, a volume and a warehouse."""
    world.unity.add_table(
        TABLE, "id BIGINT NOT NULL, net STRING COMMENT 'where', at TIMESTAMP", ROWS
    )
    world.unity.add_table("main.sales.odd", "`a b` STRUCT<x: INT, Yy: ARRAY<STRING>>")
    world.unity.add_volume("main.sales.raw")
    world.warehouses.add("small")
    return world


def run(
    w: WorkspaceClient, text: str, wait: str = "10s", **given: str | None
) -> sql.StatementResponse:
    (warehouse,) = w.warehouses.list()
    parameters = [sql.StatementParameterListItem(name, value=v) for name, v in given.items()]
    return w.statement_execution.execute_statement(
        text, warehouse.id, wait_timeout=wait, parameters=parameters
    )


def test_catalogs_are_walked_from_the_top(shop: StandIn, w: WorkspaceClient) -> None:
    assert [c.name for c in w.catalogs.list()] == ["main"]
    assert [s.full_name for s in w.schemas.list("main")] == ["main.sales"]
    assert [t.full_name for t in w.tables.list("main", "sales")] == ["main.sales.odd", TABLE]
    assert [v.name for v in w.volumes.list("main", "sales")] == ["raw"]
    columns = w.tables.get(TABLE).columns or []
    assert [(c.name, c.type_text, c.nullable) for c in columns] == [
        ("id", "bigint", False),
        ("net", "string", True),
        ("at", "timestamp", True),
    ]
    (nested,) = w.tables.get("main.sales.odd").columns or []
    assert (nested.name, nested.type_text) == ("a b", "struct<x:int,Yy:array<string>>")


def test_tables_are_found_by_pattern_page_by_page(shop: StandIn, w: WorkspaceClient) -> None:
    for n in range(5):
        shop.unity.add_table(f"main.s{n}.order_{n}", "id INT")
    found = w.tables.list_summaries("main", table_name_pattern="order%", max_results=2)
    assert len(list(found)) == 6
    shop.calls.clear()
    assert len(list(w.schemas.list("main", max_results=2))) == 6
    assert len(shop.calls) == 3


def test_a_stranger_sees_what_was_granted(shop: StandIn, w: WorkspaceClient) -> None:
    bob = shop.user("bob@example.com", groups=("analysts",))
    other = shop.client(bob)
    assert not list(other.catalogs.list())
    with pytest.raises(sdk.PermissionDenied, match="USE CATALOG"):
        other.tables.get(TABLE)
    shop.grant("analysts", "USE CATALOG", "main")
    with pytest.raises(sdk.PermissionDenied, match="USE SCHEMA"):
        other.tables.get(TABLE)
    shop.grant("bob@example.com", "USE SCHEMA", "main.sales")
    assert not list(other.tables.list("main", "sales"))
    change = catalog.PermissionsChange(principal="analysts", add=[catalog.Privilege.SELECT])
    w.grants.update("table", TABLE, changes=[change])
    assert [t.full_name for t in other.tables.list("main", "sales")] == [TABLE]
    known = other.grants.get_effective("table", TABLE, principal="analysts").privilege_assignments
    assert [p.privilege.value for p in known[0].privileges] == ["SELECT", "USE_CATALOG"]
    with pytest.raises(sdk.PermissionDenied):
        other.grants.update("table", TABLE, changes=[change])


def test_what_is_missing_is_told(shop: StandIn, w: WorkspaceClient) -> None:
    for name in ("no.such.table", "main.no.table", "main.sales.no"):
        with pytest.raises(sdk.NotFound):
            w.tables.get(name)
    assert not w.tables.exists("main.sales.no").table_exists


def test_schemas_and_volumes_are_made_once(shop: StandIn, w: WorkspaceClient) -> None:
    w.schemas.create("scratch", "main")
    w.volumes.create("main", "scratch", "v", catalog.VolumeType.MANAGED)
    with pytest.raises(sdk.DatabricksError, match="already exists"):
        w.schemas.create("scratch", "main")


def test_a_select_is_really_run(shop: StandIn, w: WorkspaceClient) -> None:
    answer = run(w, f"SELECT net, count(*) AS n FROM {TABLE} GROUP BY net ORDER BY net")
    assert answer.status.state == sql.StatementState.SUCCEEDED
    assert answer.result.data_array == [["eu", "125"], ["us", "125"]]
    assert [c.type_text for c in answer.manifest.schema.columns] == ["STRING", "BIGINT"]


def test_parameters_are_values(shop: StandIn, w: WorkspaceClient) -> None:
    text = f"SELECT id FROM {TABLE} WHERE net = :net"
    assert run(w, text, net="' OR 1=1 --").result.data_array == []
    answer = run(w, text)
    assert answer.status.state == sql.StatementState.FAILED
    assert "UNBOUND_SQL_PARAMETER" in answer.status.error.message


def test_rows_come_in_chunks(shop: StandIn, w: WorkspaceClient) -> None:
    answer = run(w, f"SELECT id FROM {TABLE} ORDER BY id")
    found, chunk = list(answer.result.data_array), answer.result
    while chunk.next_chunk_index:
        chunk = w.statement_execution.get_statement_result_chunk_n(
            answer.statement_id, chunk.next_chunk_index
        )
        found += chunk.data_array
    assert [int(row[0]) for row in found] == list(range(250))


def test_a_statement_is_waited_for(shop: StandIn, w: WorkspaceClient) -> None:
    first = run(w, f"SELECT 1 AS one FROM {TABLE} LIMIT 1", wait="0s")
    assert first.status.state == sql.StatementState.PENDING
    states = [w.statement_execution.get_statement(first.statement_id).status.state for _ in "abc"]
    assert [s.value for s in states] == ["RUNNING", "SUCCEEDED", "SUCCEEDED"]


def test_a_stopped_warehouse_starts(world: StandIn, w: WorkspaceClient) -> None:
    made = world.warehouses.add("asleep", state="STOPPED")
    w.warehouses.start(made.id)
    states = [w.warehouses.get(made.id).state.value for _ in "ab"]
    assert states == ["RUNNING", "RUNNING"]


def test_only_what_may_be_read_is_selected(shop: StandIn) -> None:
    answer = run(shop.client(shop.user("bob@example.com")), f"SELECT * FROM {TABLE}")
    assert "USE CATALOG" in answer.status.error.message


def test_a_table_is_dropped_by_its_owner(shop: StandIn, w: WorkspaceClient) -> None:
    assert run(w, f"DROP TABLE IF EXISTS {TABLE}").status.state == sql.StatementState.SUCCEEDED
    assert not w.tables.exists(TABLE).table_exists
    assert run(w, f"DROP TABLE {TABLE}").status.state == sql.StatementState.FAILED


def test_secrets_are_kept_from_strangers(world: StandIn, w: WorkspaceClient) -> None:
    w.secrets.create_scope("lake")
    w.secrets.put_secret("lake", "key", string_value="s3cret")
    assert [s.key for s in w.secrets.list_secrets("lake")] == ["key"]
    assert w.secrets.get_secret("lake", "key").value == "czNjcmV0"
    other = world.client(world.user("bob@example.com"))
    assert not list(other.secrets.list_scopes())
    with pytest.raises(sdk.PermissionDenied):
        other.secrets.get_secret("lake", "key")
    with pytest.raises(sdk.NotFound):
        w.secrets.get_secret("lake", "no")


def test_a_model_answers_as_it_is_told(world: StandIn, w: WorkspaceClient) -> None:
    world.endpoints.add("sonnet", lambda body: f"you said {body['messages'][0]['content']}")
    message = ChatMessage(role=ChatMessageRole.USER, content="hello")
    answer = w.serving_endpoints.query("sonnet", messages=[message], max_tokens=5)
    assert answer.choices[0].message.content == "you said hello"
    assert [e.name for e in w.serving_endpoints.list()] == ["sonnet"]
    with pytest.raises(sdk.InvalidParameterValue):
        w.serving_endpoints.query("sonnet")
    with pytest.raises(sdk.NotFound):
        w.serving_endpoints.get("opus")


def test_an_app_gets_its_code(world: StandIn, w: WorkspaceClient) -> None:
    made = w.apps.create(apps.App("mcp-lake", user_api_scopes=["sql"]), no_compute=True).response
    assert made.service_principal_client_id in world.principals.users
    w.workspace.mkdirs("/Users/ann@example.com/app")
    code = apps.AppDeployment(
        source_code_path="/Workspace/Users/ann@example.com/app",
        mode=apps.AppDeploymentMode.SNAPSHOT,
    )
    deployment = w.apps.deploy("mcp-lake", code).response
    states = [w.apps.get_deployment("mcp-lake", deployment.deployment_id).status.state.value]
    assert states == ["SUCCEEDED"]
    with pytest.raises(sdk.ResourceAlreadyExists):
        w.apps.create(apps.App("mcp-lake"), no_compute=True)
    with pytest.raises(sdk.InvalidParameterValue):
        w.apps.create(apps.App("Not A Name"), no_compute=True)


def test_databases_give_credentials_that_expire(world: StandIn, w: WorkspaceClient) -> None:
    world.lakebase.add_instance("store")
    endpoint = "projects/p/branches/b/endpoints/e"
    world.lakebase.add_endpoint(endpoint, "db.example.com")
    world.lakebase.life_s = 2
    old = w.database.generate_database_credential(request_id="r", instance_names=["store"])
    new = w.postgres.generate_database_credential(endpoint)
    assert [old.token, new.token] == world.lakebase.given
    until = dt.datetime.fromisoformat(str(old.expiration_time))
    assert 0 < until.timestamp() - time.time() <= 2
    assert w.postgres.get_endpoint(endpoint).status.hosts.host == "db.example.com"
    assert [e.name for e in w.postgres.list_endpoints("projects/p/branches/b")] == [endpoint]
    with pytest.raises(sdk.NotFound):
        w.database.generate_database_credential(request_id="r", instance_names=["no"])


def test_files_come_back_from_a_volume(shop: StandIn, w: WorkspaceClient) -> None:
    path = "/Volumes/main/sales/raw/in/a b.json"
    w.files.upload(path, io.BytesIO(b"{}"), overwrite=True)
    assert w.files.download(path).contents.read() == b"{}"
    assert [f.path for f in w.files.list_directory_contents("/Volumes/main/sales/raw/in")] == [path]
    w.files.delete(path)
    with pytest.raises(sdk.NotFound):
        w.files.download(path)
    with pytest.raises(sdk.PermissionDenied):
        shop.client(shop.user("bob@example.com")).files.upload(path, io.BytesIO(b"{}"))
