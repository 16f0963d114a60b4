"""The stand-in speaks what the real SDK speaks, keeps state, and refuses as the service does."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk import errors as sdk
from databricks.sdk.service import jobs, pipelines
from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel
from databricks.sdk.service.workspace import ImportFormat, Language, ObjectType

from .stand_in import StandIn
from .stand_in.runs import Outcome

HOME = "/Users/ann@example.com/app"
NOTEBOOK = "# Databricks notebook source\nprint(1)\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def put(w: WorkspaceClient, path: str, text: str, **given: Any) -> None:
    w.workspace.mkdirs(path.rsplit("/", 1)[0])
    given = {"format": ImportFormat.AUTO, "overwrite": True} | given
    w.workspace.import_(path, content=encoded(text), **given)


def make_pipeline(w: WorkspaceClient, name: str = "quakes", **given: Any) -> str:
    put(w, f"{HOME}/src/a.sql", "SELECT 1")
    library = pipelines.PipelineLibrary(glob=pipelines.PathPattern(include=f"{HOME}/src/**"))
    settings: dict[str, Any] = {"catalog": "main", "schema": "s", "serverless": True}
    made = w.pipelines.create(name=name, libraries=[library], **(settings | given))
    assert made.pipeline_id
    return made.pipeline_id


def make_job(w: WorkspaceClient, *tasks: jobs.Task, **given: Any) -> int:
    notebook = jobs.NotebookTask(f"{HOME}/n")
    made = w.jobs.create(
        **({"name": "j", "tasks": list(tasks) or [jobs.Task("n", notebook_task=notebook)]} | given)
    )
    assert made.job_id
    return made.job_id


def test_files_and_notebooks_come_back_as_they_were_put(w: WorkspaceClient) -> None:
    put(w, f"{HOME}/q.sql", "SELECT 1")
    put(w, f"{HOME}/auto.py", NOTEBOOK)
    put(w, f"{HOME}/plain", "print(2)", format=ImportFormat.SOURCE, language=Language.PYTHON)
    kinds = {str(o.path).rsplit("/", 1)[1]: o.object_type for o in w.workspace.list(HOME)}
    assert kinds == {
        "q.sql": ObjectType.FILE,
        "auto": ObjectType.NOTEBOOK,
        "plain": ObjectType.NOTEBOOK,
    }
    content = w.workspace.export(f"/Workspace{HOME}/auto").content
    assert base64.b64decode(content or "").decode() == NOTEBOOK
    with pytest.raises(sdk.ResourceAlreadyExists):
        w.workspace.import_(f"{HOME}/q.sql", content=encoded("x"), format=ImportFormat.AUTO)
    with pytest.raises(sdk.BadRequest):
        w.workspace.delete(HOME)
    w.workspace.delete(HOME, recursive=True)
    with pytest.raises(sdk.NotFound):
        w.workspace.get_status(HOME)


def test_an_update_moves_to_its_end_and_logs_it(w: WorkspaceClient) -> None:
    pipeline = make_pipeline(w)
    update = w.pipelines.start_update(pipeline, full_refresh=True).update_id
    with pytest.raises(sdk.ResourceConflict):
        w.pipelines.start_update(pipeline)
    states = [w.pipelines.get_update(pipeline, update).update.state.value for _ in range(5)]
    assert states[-1] == "COMPLETED" and len(set(states)) > 2
    assert len(list(w.pipelines.list_pipeline_events(pipeline, max_results=2))) == 5
    assert w.pipelines.get(pipeline).state == pipelines.PipelineState.IDLE


def test_what_is_amiss_with_a_pipeline_is_in_its_event_log(
    world: StandIn, w: WorkspaceClient
) -> None:
    pipeline = make_pipeline(w)
    w.workspace.delete(f"{HOME}/src", recursive=True)
    w.pipelines.start_update(pipeline)
    world.advance(9)
    (event,) = w.pipelines.list_pipeline_events(pipeline, filter="level='ERROR'")
    assert event.error.exceptions[0].message.startswith("[PATH_NOT_FOUND]")
    assert w.pipelines.list_updates(pipeline).updates[0].state.value == "FAILED"


def test_a_pipeline_writes_where_its_owner_may(world: StandIn, w: WorkspaceClient) -> None:
    world.unity.add("SCHEMA", "theirs.s", owner="bob@example.com")
    world.unity.one("CATALOG", "theirs").owner = "bob@example.com"
    pipeline = make_pipeline(w, catalog="theirs")
    for privilege, on in (("USE CATALOG", "theirs"), ("USE SCHEMA", "theirs.s"), ("", "")):
        w.pipelines.start_update(pipeline)
        world.advance(9)
        (event, *_) = w.pipelines.list_pipeline_events(pipeline, filter="level='ERROR'")
        wanted = privilege or "CREATE TABLE"
        assert wanted in event.error.exceptions[0].message
        if privilege:
            world.grant("ann@example.com", privilege, on)
    world.grant("ann@example.com", "CREATE TABLE", "theirs.s")
    w.pipelines.start_update(pipeline)
    world.advance(9)
    assert w.pipelines.list_updates(pipeline).updates[0].state.value == "COMPLETED"


def test_a_continuous_pipeline_runs_until_it_is_stopped(world: StandIn, w: WorkspaceClient) -> None:
    pipeline = make_pipeline(w, continuous=True)
    world.advance(20)
    assert w.pipelines.get(pipeline).state == pipelines.PipelineState.RUNNING
    w.pipelines.stop(pipeline)
    assert w.pipelines.list_updates(pipeline).updates[0].state.value == "CANCELED"


def test_pipelines_are_found_by_name_page_by_page(w: WorkspaceClient) -> None:
    made = [make_pipeline(w, f"p{n}") for n in range(5)]
    make_pipeline(w, "other")
    found = w.pipelines.list_pipelines(filter="name LIKE 'p%'", max_results=2)
    assert [p.pipeline_id for p in found] == made
    with pytest.raises(sdk.ResourceConflict):
        make_pipeline(w, "p1")
    w.pipelines.delete(made[0])
    assert make_pipeline(w, "p0") != made[0]


def test_an_edit_meanwhile_is_noticed(w: WorkspaceClient) -> None:
    pipeline = make_pipeline(w)
    seen = w.pipelines.get(pipeline).last_modified
    w.pipelines.update(pipeline, name="renamed", catalog="main", expected_last_modified=seen)
    with pytest.raises(sdk.ResourceConflict):
        w.pipelines.update(pipeline, name="again", catalog="main", expected_last_modified=seen)
    spec = w.pipelines.get(pipeline).spec
    assert (spec.name, spec.libraries) == ("renamed", []), "an update replaces all settings"


def test_a_job_runs_its_tasks_in_order(world: StandIn, w: WorkspaceClient) -> None:
    pipeline = make_pipeline(w)
    first = jobs.Task("sdp", pipeline_task=jobs.PipelineTask(pipeline))
    after = [jobs.TaskDependency("sdp")]
    second = jobs.Task("n", depends_on=after, notebook_task=jobs.NotebookTask(f"{HOME}/n"))
    job = make_job(w, first, second)
    run = w.jobs.run_now(job, idempotency_token="once").run_id
    assert w.jobs.run_now(job, idempotency_token="once").run_id == run
    world.advance(9)
    ended = w.jobs.get_run(run)
    assert ended.state.result_state == jobs.RunResultState.SUCCESS
    assert w.pipelines.list_updates(pipeline).updates[0].state.value == "COMPLETED"


def test_a_failed_task_says_why(world: StandIn, w: WorkspaceClient) -> None:
    world.jobs.outcomes["n"] = Outcome("FAILED", error="ValueError: no")
    run = w.jobs.run_now(make_job(w)).run_id
    world.advance(9)
    shown = w.jobs.get_run(run)
    assert shown.state.result_state == jobs.RunResultState.FAILED
    assert w.jobs.get_run_output(shown.tasks[0].run_id).error == "ValueError: no"


def test_jobs_are_listed_newest_first_and_reset(w: WorkspaceClient) -> None:
    made = [make_job(w, name=f"j{n}") for n in range(5)]
    assert [j.job_id for j in w.jobs.list(limit=2)] == made[::-1]
    assert [j.job_id for j in w.jobs.list(name="J3")] == [made[3]]
    schedule = jobs.CronSchedule("0 0 8 * * ?", "Europe/Vienna")
    w.jobs.reset(made[0], jobs.JobSettings(name="new", schedule=schedule))
    settings = w.jobs.get(made[0]).settings
    assert (settings.name, settings.tasks) == ("new", [])
    w.jobs.delete(made[0])
    with pytest.raises(sdk.NotFound):
        w.jobs.get(made[0])


def test_a_continuous_job_has_a_run_until_it_is_paused(world: StandIn, w: WorkspaceClient) -> None:
    job = make_job(w, continuous=jobs.Continuous(pause_status=jobs.PauseStatus.UNPAUSED))
    world.advance(9)
    (run,) = w.jobs.list_runs(job_id=job, active_only=True)
    paused = jobs.Continuous(pause_status=jobs.PauseStatus.PAUSED)
    w.jobs.update(job, new_settings=jobs.JobSettings(continuous=paused))
    assert w.jobs.get_run(run.run_id).state.result_state == jobs.RunResultState.CANCELED


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": jobs.CronSchedule("0 8 * * *", "UTC")},
        {"schedule": jobs.CronSchedule("0 0 8 * * ?", "Europe/Nowhere")},
        {"tasks": [jobs.Task("a")]},
        {"tasks": [jobs.Task("a", notebook_task=jobs.NotebookTask("/n"))] * 2},
        {"environments": [], "tasks": [jobs.Task("a", notebook_task=jobs.NotebookTask("/n"))
                                       , jobs.Task("b", depends_on=[jobs.TaskDependency("c")])]},
    ],
)  # fmt: skip
def test_a_job_that_cannot_run_is_refused(w: WorkspaceClient, settings: dict[str, Any]) -> None:
    with pytest.raises(sdk.InvalidParameterValue):
        make_job(w, **settings)


@pytest.mark.parametrize(
    ("verb", "path", "sent"),
    [
        ("POST", "/api/2.2/jobs/create", {"nmae": "x"}),
        (
            "POST",
            "/api/2.2/jobs/create",
            {"tasks": [{"task_key": "a", "sql_task": {"id": 1}}]},
        ),
        ("POST", "/api/2.2/jobs/create", {"max_concurrent_runs": "1"}),
        ("POST", "/api/2.2/jobs/create", {"performance_target": "FAST"}),
        ("POST", "/api/2.2/jobs/run-now", {}),
        ("POST", "/api/2.0/pipelines", {"name": "x", "tags": ["a"]}),
        ("GET", "/api/2.2/jobs/list?nmae=x", None),
        ("GET", "/api/2.2/jobs/list?limit=x", None),
    ],
)
def test_unknown_names_and_wrong_types_are_refused(
    world: StandIn, w: WorkspaceClient, verb: str, path: str, sent: Any
) -> None:
    with pytest.raises(sdk.InvalidParameterValue):
        w.api_client.do(verb, path, body=sent)
    assert not world.jobs.known and not world.pipelines.known


def test_nobody_sees_or_changes_what_was_not_shared(world: StandIn, w: WorkspaceClient) -> None:
    job, pipeline = make_job(w), make_pipeline(w)
    other = world.client(world.user("bob@example.com"))
    refused: list[Callable[[], object]] = [
        lambda: other.jobs.get(job),
        lambda: other.jobs.delete(job),
        lambda: other.pipelines.start_update(pipeline),
        lambda: other.workspace.mkdirs(f"{HOME}/mine"),
        lambda: other.pipelines.get_permissions(pipeline),
    ]
    for call in refused:
        with pytest.raises(sdk.PermissionDenied):
            call()
    with pytest.raises(sdk.NotFound):
        other.workspace.get_status(f"{HOME}/src")
    assert not list(other.jobs.list()) and not list(other.pipelines.list_pipelines())


def test_a_level_lets_in_as_far_as_it_goes(world: StandIn, w: WorkspaceClient) -> None:
    job = make_job(w)
    bob = world.user("bob@example.com", groups=("ops",))
    level = PermissionLevel.CAN_MANAGE_RUN
    entry = AccessControlRequest(group_name="ops", permission_level=level)
    w.permissions.update("jobs", str(job), access_control_list=[entry])
    other = world.client(bob)
    assert other.jobs.run_now(job).run_id
    with pytest.raises(sdk.PermissionDenied):
        other.jobs.delete(job)
    owners = [a.user_name for a in w.jobs.get_permissions(str(job)).access_control_list or []]
    assert "ann@example.com" in owners


def test_every_route_is_guarded_and_takes_only_what_the_sdk_knows(world: StandIn) -> None:
    assert len(world.routes) > 80
    for route in world.routes:
        path = re.sub(r"\(\?P<\w+>(.).*?\)", r"\1x", route.contract.path.pattern)
        path = path.replace("[x", "x").replace(".x", "x").replace("\\", "")
        address = f"{world.url}{path}"
        assert requests.request(route.contract.verb, address).status_code == 401, route.name
        headers = {"Authorization": f"Bearer {world.token}"}
        strange = {"no_such_thing": 1}
        known = len(world.calls)
        given = requests.request(
            route.contract.verb, address, params=strange, json=strange, headers=headers
        )
        assert given.status_code == 400, (route.name, given.status_code, given.content)
        assert [call.route for call in world.calls[known:]] == [route.name]


def test_a_wrong_token_is_told_so(world: StandIn) -> None:
    stranger = WorkspaceClient(host=world.url, token="no", auth_type="pat")
    with pytest.raises(sdk.Unauthenticated):
        stranger.current_user.me()
    assert world.calls == []


def test_a_service_logs_in_with_its_secret(world: StandIn) -> None:
    app = world.user("app-principal")
    service = WorkspaceClient(host=world.url, client_id=app.name, client_secret=app.secret)
    assert service.current_user.me().user_name == "app-principal"


@pytest.mark.parametrize("fault", ["429", "503", "cut", "503 after", "cut after"])
def test_what_passes_is_tried_again_by_the_sdk(
    world: StandIn, w: WorkspaceClient, fault: str
) -> None:
    world.fail("workspace.mkdirs", 2, fault)
    for name in "ab":
        w.workspace.mkdirs(f"{HOME}/{name}")
    assert len(world.writes) == 3
    assert {f"{HOME}/a", f"{HOME}/b"} <= world.workspace.items.keys()


@pytest.mark.parametrize(("fault", "made"), [("500", 0), ("500 after", 1)])
def test_an_error_may_come_before_or_after_the_work(
    world: StandIn, w: WorkspaceClient, fault: str, made: int
) -> None:
    world.fail("writes", 1, fault)
    with pytest.raises(sdk.InternalError):
        make_job(w)
    assert len(world.jobs.known) == made


def test_in_a_paused_world_nothing_moves_by_being_looked_at() -> None:
    with StandIn(paused=True) as world:
        w = world.client()
        run = w.jobs.run_now(make_job(w)).run_id
        assert [w.jobs.get_run(run).state.life_cycle_state.value for _ in "ab"] == ["PENDING"] * 2
        world.advance(3)
        assert w.jobs.get_run(run).state.life_cycle_state.value == "TERMINATED"
