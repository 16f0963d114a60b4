"""Settings of a pipeline are checked when they are set, and the answer says what they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

HERE = {"pipeline_id": "p"}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("settings")))
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "p", "template": "fraud-detection"})
    yield caller
    host.workspace.close()


@pytest.mark.parametrize(
    ("settings", "field", "accepted", "hint"),
    [
        ({"deploy": "continuous"}, "settings.deploy", "schedule", '"cron": "0 0 6 * * ?"'),
        ({"foo": 3}, "settings.foo", "trigger", '"trigger": "10 seconds"'),
        ({"trigers": "1 minute"}, "settings.trigers", "trigger", "Did you mean `trigger`?"),
        (
            {"deploy": {"schedule": "0 0 * * *"}},
            "settings.deploy.schedule",
            "cron",
            '"cron": "0 0 6 * * ?"',
        ),
    ],
)
def test_a_bad_setting_is_found_when_it_is_set(
    settings: dict[str, Any], field: str, accepted: str, hint: str, caller: McpCaller
) -> None:
    change = {"op": "set_pipeline", "settings": settings}
    edited = caller.call("edit_pipeline", HERE | {"changes": [change]})
    validated = caller.call("validate_pipeline", HERE)
    for answer in (edited, validated):
        found = next(f for f in answer["findings"] if f["code"] == "INVALID_SETTING")
        assert found["field"] == field
        assert accepted in found["expected"]
        assert hint in found["hint"]
    back = {"op": "set_pipeline", "settings": dict.fromkeys(settings)}
    mended = caller.call("edit_pipeline", HERE | {"changes": [back]})
    assert "INVALID_SETTING" not in {f["code"] for f in mended["findings"]}


def test_an_edit_says_which_setting_it_changed(caller: McpCaller) -> None:
    def changed(deploy: dict[str, Any]) -> list[str]:
        change = {"op": "set_pipeline", "settings": {"deploy": deploy}}
        settings: list[str] = caller.call("edit_pipeline", HERE | {"changes": [change]})["changed"][
            "settings"
        ]
        return settings

    assert changed({"continuous": True}) == ["settings.deploy"]
    assert changed({"continuous": False}) == ["settings.deploy.continuous"]


def test_no_such_pipeline_is_said_before_no_workspace(caller: McpCaller) -> None:
    def code(pipeline_id: str) -> str:
        said: str = caller.call("deploy", {"pipeline_id": pipeline_id})["error"]["code"]
        return said

    assert (code("none"), code("p")) == ("PIPELINE_NOT_FOUND", "DATABRICKS_NOT_CONNECTED")


def test_an_undone_setting_is_named(caller: McpCaller) -> None:
    change = {"op": "set_pipeline", "settings": {"trigger": "3 minutes"}}
    caller.call("edit_pipeline", HERE | {"changes": [change]})
    undone = caller.call("restore_revision", HERE | {"mode": "undo"})
    assert undone["changed"]["settings"] == ["settings.trigger"]


def test_what_was_deleted_is_said_to_be_there_again(caller: McpCaller) -> None:
    caller.call("delete_pipeline", HERE)
    back = caller.call("restore_revision", HERE | {"mode": "restore"})
    assert "is there with its history" in back["notes"][0]


def test_templates_that_have_some_of_the_words_are_offered(caller: McpCaller) -> None:
    said = caller.call("list_templates", {"query": "fraud zeppelin"})
    assert "templates" not in said or not said["templates"]
    assert "fraud-detection" in said["next"]
