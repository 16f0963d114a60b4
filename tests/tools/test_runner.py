"""The runner: one audit row per call, roles, notices, and failures nobody foresaw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.errors import Forbidden, LakestreamError, NotFound
from lakestream_mcp.identity import Identity
from lakestream_mcp.operations import ROLE_OF_EFFECT, call, find, operations
from lakestream_mcp.settings import Settings
from lakestream_mcp.storage.rows import AuditEntry
from lakestream_mcp.workspace import Notice, Workspace

ANN = Identity("ann", "deployer")
BLANK = {"name": "Audited", "id": "audited"}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of its own."""
    workspace = Workspace.open(Settings(data_dir=tmp_path), ANN)
    yield workspace
    workspace.close()


def run(ws: Workspace, operation: str, **arguments: Any) -> Any:
    """Call an operation."""
    return call(find(operation), ws, arguments)


def rows(ws: Workspace) -> list[AuditEntry]:
    """The audit log, oldest first."""
    with ws.reading() as store:
        return store.list_audit()[::-1]


def rename(name: str) -> list[dict[str, Any]]:
    """A change that nothing refuses."""
    return [{"op": "set_pipeline", "name": name}]


def test_every_call_that_changes_leaves_one_row(ws: Workspace) -> None:
    run(ws, "create_pipeline", **BLANK)
    run(ws, "edit_pipeline", pipeline_id="audited", changes=rename("Renamed"))
    run(ws, "edit_pipeline", pipeline_id="audited", changes=rename("Dry"), dry_run=True)
    run(ws, "get_pipeline", pipeline_id="audited")
    run(ws, "list_pipelines")
    found = [(r.operation, r.pipeline_id, r.revision, r.outcome) for r in rows(ws)]
    assert found == [
        ("create_pipeline", "audited", 1, "ok"),
        ("edit_pipeline", "audited", 2, "ok"),
        ("edit_pipeline", "audited", 2, "ok"),
    ]
    assert {(r.actor, r.role) for r in rows(ws)} == {("ann", "deployer")}


@pytest.mark.parametrize(
    ("operation", "arguments", "outcome"),
    [
        ("delete_pipeline", {"pipeline_id": "nothing"}, "PIPELINE_NOT_FOUND"),
        ("delete_pipeline", {"pipeline_name": "nothing"}, "INVALID_ARGUMENT"),
        ("delete_pipeline", {"pipeline_id": ["a", {"b": 1}]}, "INVALID_ARGUMENT"),
        ("edit_pipeline", {"pipeline_id": "x\x00", "changes": [1]}, "INVALID_ARGUMENT"),
    ],
)
def test_failed_calls_leave_a_row_too(
    ws: Workspace, operation: str, arguments: dict[str, Any], outcome: str
) -> None:
    with pytest.raises(LakestreamError):
        run(ws, operation, **arguments)
    (row,) = rows(ws)
    assert (row.operation, row.outcome) == (operation, outcome)


def test_the_log_keeps_a_hash_of_the_arguments_and_not_them(ws: Workspace) -> None:
    run(ws, "create_pipeline", **BLANK, description="one")
    for reason in ("one", "two", "one"):
        run(ws, "restore_revision", pipeline_id="audited", mode="restore", reason=reason)
    first, second, third = (r.arguments_sha256 for r in rows(ws)[1:])
    assert first == third != second


def test_a_failed_edit_changes_nothing_and_tells_nobody(ws: Workspace) -> None:
    run(ws, "create_pipeline", **BLANK)
    heard: list[Notice] = []
    ws.services.subscribe(heard.append)
    with pytest.raises(LakestreamError):
        changes = [*rename("Half"), {"op": "remove_node", "id": "nothing"}]
        run(ws, "edit_pipeline", pipeline_id="audited", changes=changes)
    assert run(ws, "get_pipeline", pipeline_id="audited").revision == 1
    assert heard == []
    run(ws, "edit_pipeline", pipeline_id="audited", changes=rename("Whole"))
    assert [(n.kind, n.pipeline_id) for n in heard] == [("revision", "audited")]


def test_a_listener_that_left_hears_nothing(ws: Workspace) -> None:
    heard: list[Notice] = []
    leave = ws.services.subscribe(heard.append)
    leave()
    run(ws, "create_pipeline", **BLANK)
    assert heard == []


@pytest.mark.parametrize("op", operations(), ids=lambda op: op.name)
def test_an_operation_refuses_those_below_its_role(ws: Workspace, op: Any) -> None:
    roles = ("viewer", "author", "deployer")
    below = roles[: roles.index(op.role)]
    for role in below:
        with pytest.raises(Forbidden):
            call(op, ws.with_caller(Identity("bob", role)), {})
    assert [r.outcome for r in rows(ws)] == ["FORBIDDEN"] * len(below)


def test_roles_follow_from_effects_but_for_those_declared(ws: Workspace) -> None:
    declared = {op.name: op.role for op in operations() if op.role != ROLE_OF_EFFECT[op.effect]}
    assert declared == {
        "validate_pipeline": "viewer",
        "preview_node": "author",
        "delete_template": "author",  # one's own
        "test_connection": "deployer",
        "backtest": "deployer",
        "benchmark_pattern": "deployer",
        "discover_schema": "author",
        "estimate_cost": "deployer",
        "get_deployment": "deployer",
        "list_model_calls": "deployer",
        "run_pipeline": "deployer",
        "set_access": "deployer",
        "list_audit": "deployer",
        "export_audit": "deployer",
        "verify_audit": "deployer",
        "set_preferences": "viewer",  # one's own
    }
    run(ws, "create_pipeline", **BLANK)
    viewer = ws.with_caller(Identity("bob", "viewer"))
    assert run(viewer, "validate_pipeline", pipeline_id="audited").counts.errors


def test_a_failure_nobody_foresaw_has_the_same_shape(
    ws: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    ws.store.close()
    damaged = ws.settings.data_dir / "lakestream.db"
    for file in ws.settings.data_dir.glob("lakestream.db*"):
        file.unlink()
    damaged.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(LakestreamError) as raised:
        run(ws, "create_pipeline", **BLANK)
    assert raised.value.code == "STORE_DAMAGED"
    assert "no audit row" in caplog.text


def test_creating_twice_is_creating_once(ws: Workspace) -> None:
    first, second = (run(ws, "create_pipeline", **BLANK) for _ in range(2))
    assert (first.revision, second.revision) == (1, 1)
    assert run(ws, "get_history", pipeline_id="audited").revisions[0].revision == 1
    with pytest.raises(LakestreamError) as raised:
        run(ws, "create_pipeline", name="Another", id="audited")
    assert raised.value.code == "PIPELINE_EXISTS"


def test_an_edit_that_changes_nothing_makes_no_revision(ws: Workspace) -> None:
    run(ws, "create_pipeline", **BLANK)
    run(ws, "edit_pipeline", pipeline_id="audited", changes=rename("New"))
    again = run(ws, "edit_pipeline", pipeline_id="audited", changes=rename("New"))
    assert again.revision == 2


def test_edits_at_the_same_time_are_all_kept(ws: Workspace) -> None:
    from concurrent.futures import ThreadPoolExecutor

    run(ws, "create_pipeline", **BLANK)

    def tag(number: int) -> int:
        change = {"op": "set_pipeline", "settings": {f"n{number}": number}}
        revision: int = run(ws, "edit_pipeline", pipeline_id="audited", changes=[change]).revision
        return revision

    with ThreadPoolExecutor(4) as pool:
        revisions = list(pool.map(tag, range(8)))
    assert sorted(revisions) == list(range(2, 10))
    with ws.reading() as store:
        assert len(store.load("audited").document.settings) == 8


def test_a_deleted_pipeline_comes_back_with_its_history(ws: Workspace) -> None:
    run(ws, "create_pipeline", **BLANK)
    run(ws, "edit_pipeline", pipeline_id="audited", changes=rename("New"))
    run(ws, "delete_pipeline", pipeline_id="audited")
    with pytest.raises(NotFound):
        run(ws, "get_pipeline", pipeline_id="audited")
    with pytest.raises(NotFound):
        run(ws, "restore_revision", pipeline_id="audited", mode="undo")
    assert run(ws, "list_pipelines", deleted=True).pipelines[0].id == "audited"
    back = run(ws, "restore_revision", pipeline_id="audited", mode="restore")
    assert back.revision == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Größte Beben!", "grosste-beben"),
        ("'; DROP TABLE pipelines; --\n", "drop-table-pipelines"),
        ("42 answers", "pipeline-42-answers"),
        ("地震", "pipeline"),
    ],
)
def test_an_id_is_made_from_any_name(ws: Workspace, name: str, expected: str) -> None:
    made = run(ws, "create_pipeline", name=name)
    assert made.pipeline_id == expected
    with ws.reading() as store:
        assert store.load(expected).document.name == name
