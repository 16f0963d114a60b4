"""Finding, using, saving and deleting templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.identity import Identity, LocalUser
from lakestream_mcp.operations import call, find
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.templates.library import built_in
from tests.surfaces.callers import Caller, CliCaller, McpCaller, RestCaller

LIST_TOKENS_MAX = 2_000
TRAVEL = "impossible-travel"
SURFACES: dict[str, Callable[[Host], Caller]] = {"rest": RestCaller, "cli": CliCaller}
Json = dict[str, Any]


def ids(answer: Json) -> list[str]:
    return [template["id"] for template in answer["templates"]]


def test_the_whole_list_costs_few_tokens(host: Host, agent: Caller) -> None:
    answer = call(find("list_templates"), host.workspace, {})
    assert set(built_in()) <= set(ids(answer.to_json()))
    assert len(answer.text()) / 4 < LIST_TOKENS_MAX
    assert len(json.dumps(answer.to_json(), separators=(",", ":"))) / 4 < LIST_TOKENS_MAX


def test_they_are_found_by_words_and_filters(agent: Caller) -> None:
    assert ids(agent.call("list_templates", {"query": "impossible travel"}))[0] == TRAVEL
    assert TRAVEL in ids(agent.call("list_templates", {"query": "sequence login"}))
    assert TRAVEL in ids(agent.call("list_templates", {"industry": "secur", "level": "beginner"}))
    assert TRAVEL not in ids(agent.call("list_templates", {"level": "advanced"}))
    assert ids(agent.call("list_templates", {"query": "zeppelin"})) == []
    (only,) = agent.call("list_templates", {"query": "vpn countries logins"})["templates"]
    assert "Adapt" in only["text"]


def test_an_unknown_template_names_the_nearest(agent: Caller) -> None:
    error = agent.call("create_pipeline", {"template": "impossible-travels"})["error"]
    assert error["code"] == "TEMPLATE_NOT_FOUND"
    assert TRAVEL in error["hint"]


def test_a_template_and_a_document_are_one_too_many(agent: Caller) -> None:
    given = {"template": TRAVEL, "document": {"name": "Mine"}}
    assert agent.call("create_pipeline", given)["error"]["code"] == "INVALID_ARGUMENT"


def test_a_pipeline_of_ones_own_name_from_a_template(agent: Caller) -> None:
    made = agent.call("create_pipeline", {"template": TRAVEL, "name": "Night shift"})
    assert made["pipeline_id"] == "night-shift"
    shown = agent.call("get_pipeline", {"pipeline_id": "night-shift"})
    assert shown["name"] == "Night shift"
    assert len(shown["nodes"]) == len(built_in()[TRAVEL].pipeline.nodes)


def test_an_adapted_pipeline_is_measured_by_the_stories(agent: Caller) -> None:
    agent.call("create_pipeline", {"template": TRAVEL, "id": "wider"})
    change = {"op": "update_node", "id": "travel", "config": {"within": "2 hours"}}
    agent.call("edit_pipeline", {"pipeline_id": "wider", "changes": [change]})
    asked = {"pipeline_id": "wider", "events": {"template": TRAVEL}}
    told = agent.call("test_pattern", asked)["examples"]
    assert [t["story"] for t in told if not t["as_told"]] == ["Matches of no story"]
    change["config"] = {"within": "10 minutes"}
    agent.call("edit_pipeline", {"pipeline_id": "wider", "changes": [change]})
    told = agent.call("test_pattern", asked)["examples"]
    assert [t["kind"] for t in told if not t["as_told"]] == ["match"]


def test_events_of_a_template_that_is_not_there(agent: Caller) -> None:
    agent.call("create_pipeline", {"template": TRAVEL})
    asked = {"pipeline_id": TRAVEL, "events": {"template": "nothing"}}
    assert agent.call("test_pattern", asked)["error"]["code"] == "TEMPLATE_NOT_FOUND"


@pytest.mark.parametrize("surface", SURFACES)
def test_save_use_and_delete(host: Host, surface: str) -> None:
    caller, name = SURFACES[surface](host), f"mine-{surface}"
    caller.call("create_pipeline", {"template": TRAVEL, "id": name})
    login = {"login_id": "1", "user_id": "u", "ip": "1.1.1.1", "ok": True}
    rows = [
        login | {"country": country, "event_time": f"2026-01-01T10:0{n}:00Z"}
        for n, country in enumerate(("NO", "BR"))
    ]
    tested = caller.call("test_pattern", {"pipeline_id": name, "events": rows})
    given = {"template": name, "pipeline_id": name, "title": "Travel of mine", "level": "beginner"}
    saved = caller.call("save_template", given | {"run_id": tested["run_id"], "tags": ["own"]})
    assert saved["saved_by"] == host.workspace.identity.name
    assert caller.call("save_template", given | {"run_id": tested["run_id"]}) != saved
    (line,) = caller.call("list_templates", {"query": "travel mine"})["templates"]
    assert (line["id"], line["saved_by"]) == (name, saved["saved_by"])
    caller.call("create_pipeline", {"template": name, "id": f"{name}-2"})
    again = caller.call("test_pattern", {"pipeline_id": f"{name}-2", "events": {"template": name}})
    assert again["counts"]["matches"] == 1
    assert all(told["as_told"] for told in again["examples"])
    shown = caller.call("get_template", {"template": name})["template"]
    assert shown["stories"][0]["events"] == {"sign_ins": rows}
    assert caller.call("delete_template", {"template": name})["template"] == name
    gone = caller.call("delete_template", {"template": name})["error"]
    assert gone["code"] == "TEMPLATE_NOT_FOUND"
    assert "error" not in caller.call("get_pipeline", {"pipeline_id": f"{name}-2"})


def test_what_comes_with_the_product_stays(host: Host, agent: Caller) -> None:
    rest = RestCaller(host)
    agent.call("create_pipeline", {"template": TRAVEL})
    save = {"template": TRAVEL, "pipeline_id": TRAVEL}
    assert rest.call("save_template", save)["error"]["code"] == "FORBIDDEN"
    assert rest.call("delete_template", {"template": TRAVEL})["error"]["code"] == "FORBIDDEN"
    assert TRAVEL in ids(agent.call("list_templates", {}))


def test_only_who_saved_it_replaces_or_deletes_it(host: Host, agent: Caller) -> None:
    agent.call("create_pipeline", {"template": TRAVEL})
    RestCaller(host).call("save_template", {"template": "anns", "pipeline_id": TRAVEL})
    user = LocalUser("deployer")
    user.identity = Identity("bob", "deployer")
    served = Host(host.workspace.with_caller(user.identity), user)
    bob = RestCaller(served)
    assert "anns" in ids(bob.call("list_templates", {}))
    assert marks(host)["anns"] == "saved by you"
    assert ids(agent.call("list_templates", {}))[0] == "anns"
    assert marks(served)["anns"] == f"saved by {host.workspace.identity.name}"
    for name, given in (
        ("save_template", {"template": "anns", "pipeline_id": TRAVEL}),
        ("delete_template", {"template": "anns"}),
    ):
        error = bob.call(name, given)["error"]
        assert error["code"] == "FORBIDDEN"
        assert host.workspace.identity.name in error["message"]
    RestCaller(host).call("delete_template", {"template": "anns"})


def marks(host: Host) -> dict[str, str]:
    """What a model reads of whose templates are, of all that are listed unasked."""
    text = McpCaller(host).result("list_templates", {}).content[0].text  # type: ignore[union-attr]
    lines = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]
    return {line.partition(":")[0]: line.rpartition(", ")[2].rstrip(")") for line in lines}


def test_a_run_without_rows_is_no_story(host: Host, agent: Caller, tmp_path: Path) -> None:
    rest = RestCaller(host)
    agent.call("create_pipeline", {"template": TRAVEL})
    agent.call("create_pipeline", {"template": TRAVEL, "id": "other"})
    run = agent.call("test_pattern", {"pipeline_id": "other", "events": []})["run_id"]
    save = {"template": "odd", "pipeline_id": TRAVEL, "run_id": run}
    error = rest.call("save_template", save)["error"]
    assert (error["code"], error["where"]) == ("INVALID_ARGUMENT", {"argument": "run_id"})
    assert "odd" not in ids(agent.call("list_templates", {}))


def test_a_template_is_listed_for_an_mcp_client(host: Host) -> None:
    answer = McpCaller(host).call("list_templates", {"query": "impossible travel"})
    assert answer["next"].startswith("create_pipeline")
