"""Whose client it is, and what every failure of the SDK becomes."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lakestream_mcp.deploy.databricks_client import app_client, calling, client_for
from lakestream_mcp.errors import DatabricksFailed, NotFound
from lakestream_mcp.identity import LocalUser
from lakestream_mcp.settings import Settings

from .stand_in import StandIn
from .stand_in.faults import FAULTS, Fault


def caller(token: str | None = None, **settings: Any) -> Any:
    """What an operation knows of its caller."""
    given = {"databricks_timeout_s": 1, "databricks_retry_s": 1} | settings
    identity = SimpleNamespace(name="ann", role="deployer", token=token)
    return SimpleNamespace(settings=Settings(Path(), **given), identity=identity)


def me(ws: Any) -> str:
    with calling("asking who I am"):
        return str(client_for(ws).current_user.me().user_name)


def test_the_callers_token_comes_first(connected: StandIn) -> None:
    bob = connected.user("bob@example.com")
    assert me(caller()) == "ann@example.com"
    assert me(caller(bob.token)) == "bob@example.com"


def test_the_callers_token_wins_over_the_apps_own_login(
    world: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, bob = world.user("app-principal"), world.user("bob@example.com")
    monkeypatch.setenv("DATABRICKS_HOST", world.url)
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", app.name)
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", str(app.secret))
    monkeypatch.setenv("DATABRICKS_APP_NAME", "mcp-lakestream")
    assert me(caller(bob.token)) == "bob@example.com"
    assert app_client(caller().settings).current_user.me().user_name == "app-principal"
    with pytest.raises(DatabricksFailed) as refused:
        client_for(caller())
    assert refused.value.code == "DATABRICKS_NOT_CONNECTED"


def test_a_profile_connects(world: StandIn, tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "profiles"
    file.write_text(f"[lake]\nhost = {world.url}\ntoken = {world.token}\n")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
    assert me(caller(databricks_profile="lake")) == "ann@example.com"
    with pytest.raises(DatabricksFailed, match="no other profile") as refused:
        client_for(caller(databricks_profile="other"))
    assert refused.value.code == "DATABRICKS_NOT_CONNECTED"


def test_without_a_workspace_the_way_is_told() -> None:
    with pytest.raises(DatabricksFailed) as refused:
        client_for(SimpleNamespace(settings=Settings(Path()), identity=LocalUser().identity))
    assert refused.value.code == "DATABRICKS_NOT_CONNECTED"
    assert "DATABRICKS_HOST" in str(refused.value.hint)


def test_calls_name_the_product(connected: StandIn) -> None:
    assert client_for(caller()).config.user_agent.startswith("lakestream-mcp/")


def fail(connected: StandIn, fault: str) -> DatabricksFailed:
    """What a read becomes when each of its tries fails."""
    connected.fail("jobs.list", 1, fault, times=99)
    with pytest.raises(DatabricksFailed) as failed, calling("listing jobs", job="j"):
        list(client_for(caller()).jobs.list())
    return failed.value


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("429", "DATABRICKS_RATE_LIMITED", True),
        ("500", "DATABRICKS_FAILED", False),
        ("503", "DATABRICKS_UNAVAILABLE", True),
        ("hang", "DATABRICKS_TIMEOUT", False),
        ("cut", "DATABRICKS_UNREACHABLE", False),
        ("cut in the answer", "DATABRICKS_UNREACHABLE", False),
        ("short answer", "DATABRICKS_UNREACHABLE", False),
        ("502", "DATABRICKS_FAILED", False),
        ("504 after", "DATABRICKS_TIMEOUT", False),
        ("408", "DATABRICKS_FAILED", False),
        ("401 until renewed", "DATABRICKS_UNAUTHENTICATED", False),
        ("403", "DATABRICKS_FORBIDDEN", False),
        ("404", "DATABRICKS_NOT_FOUND", False),
        ("409 conflict", "DATABRICKS_CONFLICT", True),
        ("409 aborted", "DATABRICKS_CONFLICT", True),
        ("400 exists", "DATABRICKS_ALREADY_EXISTS", False),
        ("400 state", "DATABRICKS_INVALID", False),
        ("400 quota", "DATABRICKS_QUOTA", False),
        ("no JSON", "DATABRICKS_UNREADABLE", False),
        ("page of a proxy", "DATABRICKS_UNREADABLE", False),
        ("redirect to a login", "DATABRICKS_UNREADABLE", False),
        ("redirect to itself", "DATABRICKS_UNREADABLE", False),
    ],
)
def test_every_fault_has_its_error(
    connected: StandIn, no_waiting: None, fault: str, code: str, retryable: bool
) -> None:
    error = fail(connected, fault)
    assert (error.code, error.retryable, error.where) == (code, retryable, {"job": "j"})
    assert "listing jobs" in error.message


def test_refusals_of_the_service_keep_their_reason_and_no_more(connected: StandIn) -> None:
    stranger = connected.user("bob@example.com").token
    mine = connected.client()
    job = mine.jobs.create(name="j").job_id
    asked = {
        "DATABRICKS_FORBIDDEN": (stranger, lambda w: w.jobs.get(job)),
        "DATABRICKS_NOT_FOUND": (None, lambda w: w.jobs.get(7)),
        "DATABRICKS_INVALID": (None, lambda w: w.jobs.create(name="j", tasks=[_no_task()])),
        "DATABRICKS_UNAUTHENTICATED": ("wrong", lambda w: w.jobs.get(job)),
        "DATABRICKS_CONFLICT": (None, _taken),
    }
    for code, (token, call) in asked.items():
        with pytest.raises(DatabricksFailed) as failed, calling("trying"):
            call(client_for(caller(token)))
        assert failed.value.code == code
        said = str(failed.value.to_json())
        assert (
            "token=" not in said
            and connected.url not in said
            and "wrong" not in said.lower().replace("is wrong", "")
        )


def _no_task() -> Any:
    from databricks.sdk.service.jobs import Task

    return Task("a")


def _taken(w: Any) -> None:
    for _ in "ab":
        w.pipelines.create(name="p", catalog="c")


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_nothing_is_made_twice(connected: StandIn, no_waiting: None, fault: str) -> None:
    connected.fail("jobs.create", 1, fault)
    made: int | None = None
    try:
        with calling("creating the job"):
            made = client_for(caller(databricks_retry_s=5)).jobs.create(name="j").job_id
    except DatabricksFailed:
        made = None
    jobs = len(connected.jobs.known)
    # Of a 503 the service says that it was not carried out; what a proxy does nobody can know.
    assert jobs <= 1 or fault == "503 after" or fault.startswith("delivered twice")
    assert not made or jobs >= 1


def test_what_was_never_sent_is_sent_again(connected: StandIn, monkeypatch: Any) -> None:
    from databricks.sdk.clock import RealClock

    connected.leave()
    monkeypatch.setattr(RealClock, "sleep", lambda *_: connected.calm())
    with calling("creating the job"):
        client_for(caller(databricks_retry_s=60)).jobs.create(name="j")
    assert len(connected.jobs.known) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_as_long_as_the_service_says_is_waited(connected: StandIn, status: int) -> None:
    connected.fail("jobs.create", 1, Fault(status, retry_after="2"))
    began = time.monotonic()
    with calling("creating the job"):
        client_for(caller(databricks_retry_s=60)).jobs.create(name="j")
    # Without a word of the service the SDK's first wait is shorter.
    assert time.monotonic() - began >= 2
    assert len(list(connected.named("jobs.create"))) == 2
    assert len(connected.jobs.known) == 1


def test_a_host_that_is_not_there(monkeypatch: pytest.MonkeyPatch, no_waiting: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DATABRICKS_HOST", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("DATABRICKS_TOKEN", "t")
        with pytest.raises(DatabricksFailed) as failed, calling("asking who I am"):
            client_for(caller()).current_user.me()
    assert (failed.value.code, failed.value.retryable) == ("DATABRICKS_UNREACHABLE", True)
    assert "no connection could be made" in failed.value.message


def test_what_is_ours_passes_as_it_is() -> None:
    with pytest.raises(NotFound), calling("looking"):
        raise NotFound("no")
    with pytest.raises(ZeroDivisionError), calling("looking"):
        _ = 1 / 0
