"""Preferences: each caller's own, strict, and used where a pipeline is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.identity import Identity
from lakestream_mcp.operations import call, find, operations
from lakestream_mcp.settings import Settings
from lakestream_mcp.workspace import Workspace

ANN, BEN = Identity("ann", "deployer"), Identity("ben", "viewer")


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Workspace]:
    """Ann's workspace."""
    workspace = Workspace.open(Settings(data_dir=tmp_path), ANN)
    yield workspace
    workspace.close()


def run(ws: Workspace, operation: str, **arguments: Any) -> dict[str, Any]:
    return call(find(operation), ws, arguments).to_json()


def chosen(ws: Workspace) -> dict[str, Any]:
    found = run(ws, "get_preferences")
    return {
        name: found[name]
        for name in ("default_catalog", "default_schema", "theme")
        if name in found
    }


def test_each_caller_has_their_own(ann: Workspace) -> None:
    ben = ann.with_caller(BEN)
    run(ann, "set_preferences", default_catalog="main", default_schema="fraud")
    run(ben, "set_preferences", theme="dark")
    run(ann, "set_preferences", default_schema="risk")
    assert chosen(ann) == {"default_catalog": "main", "default_schema": "risk"}
    assert chosen(ben) == {"theme": "dark"}
    run(ann, "set_preferences", forget=["default_catalog"])
    assert chosen(ann) == {"default_schema": "risk"}


@pytest.mark.parametrize(
    ("arguments", "where", "hint"),
    [
        ({"default_catalogue": "main"}, "default_catalogue", "default_catalog"),
        ({"theme": "drak"}, "theme", "dark"),
        ({"default_catalog": "a.b"}, "default_catalog", None),
        ({"default_schema": ""}, "default_schema", None),
        ({"forget": ["themes"]}, "forget[0]", "theme"),
    ],
)
def test_what_cannot_be_preferred(
    ann: Workspace, arguments: dict[str, Any], where: str, hint: str | None
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        run(ann, "set_preferences", **arguments)
    assert caught.value.where["argument"] == where
    assert hint is None or f"`{hint}`" in (caught.value.hint or "")
    assert chosen(ann) == {}


def settings_of(ws: Workspace, pipeline_id: str) -> dict[str, Any]:
    with ws.reading() as store:
        return store.load(pipeline_id).document.settings


def test_new_pipelines_are_where_their_author_prefers(ann: Workspace) -> None:
    run(ann, "set_preferences", default_catalog="main", default_schema="fraud")
    run(ann, "create_pipeline", name="Blank", id="blank")
    run(ann, "create_pipeline", template="impossible-travel", id="made")
    assert settings_of(ann, "blank") == {"catalog": "main", "schema": "fraud"}
    assert {"catalog": "main", "schema": "fraud"}.items() <= settings_of(ann, "made").items()
    assert run(ann, "create_pipeline", name="Blank", id="blank")["revision"] == 1


def test_an_imported_document_stays_what_it_was(ann: Workspace) -> None:
    run(ann, "create_pipeline", name="Given", id="given")
    exported = run(ann, "get_pipeline", pipeline_id="given", detail="document")["document"]
    run(ann, "set_preferences", default_catalog="main")
    run(ann, "create_pipeline", id="again", document=exported)
    assert settings_of(ann, "again") == {}


def test_recent_pipelines_are_the_callers_latest(ann: Workspace) -> None:
    for number in range(12):
        run(ann, "create_pipeline", name=f"P{number}", id=f"p{number}")
    run(ann, "edit_pipeline", pipeline_id="p5", changes=[{"op": "set_pipeline", "name": "Five"}])
    run(ann, "delete_pipeline", pipeline_id="p11")
    recent = run(ann, "get_preferences")["recent_pipelines"]
    ids = [found["pipeline_id"] for found in recent]
    assert ids == ["p5", "p10", "p9", "p8", "p7", "p6", "p4", "p3", "p2", "p1"]
    assert recent[0]["name"] == "Five"
    assert run(ann.with_caller(BEN), "get_preferences")["recent_pipelines"] == []


def test_a_pipeline_that_is_hidden_by_now_is_not_recent(ann: Workspace) -> None:
    root = ann.with_caller(Identity("root", "deployer", admin=True))
    run(ann, "create_pipeline", name="Kept", id="kept")
    run(ann, "create_pipeline", name="Taken", id="taken")
    run(root, "set_access", actor="ann", role="none", pipeline_id="taken")
    told = run(ann, "get_preferences")
    assert [found["pipeline_id"] for found in told["recent_pipelines"]] == ["kept"]
    assert told["next"] == 'get_pipeline(pipeline_id="kept")'


def test_models_are_not_told(ann: Workspace) -> None:
    told = {op.name for op in operations() if op.mcp}
    assert not told & {"get_preferences", "set_preferences"}
