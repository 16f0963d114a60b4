"""A backtest as a one-time run in the workspace: its matches, and that nothing of it is left."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.operations import call, find
from lakestream_mcp.surfaces.host import Host

from .backtest_cluster import COLUMNS, HISTORY, Cluster, SparkCluster
from .site import ID, Site, files, folders
from .stand_in.runs import Outcome

START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)
ROWS = [
    {
        "order_id": n,
        "customer": f"c{n % 7}",
        "amount": 250.0 if n % 3 == 0 else 20.5,
        "at": START + dt.timedelta(minutes=2 * n),
    }
    for n in range(120)
]
ON_SPARK = "spark_catalog.default.history"
Json = dict[str, Any]


@pytest.fixture
def cluster(site: Site) -> Cluster:
    """A pipeline, its history in a table, and something that does the job's work."""
    site.make()
    site.world.unity.add_table(HISTORY, COLUMNS, ROWS)
    site.world.warehouses.add("small")
    return Cluster(site)


def backtest(site: Site, host: Host | None = None, **history: Any) -> Json:
    """A backtest over the table."""
    given = {"table": HISTORY} | history
    return site.call("backtest", host, pipeline_id=ID, history=given, where="workspace", limit=1000)


def left(site: Site) -> list[str]:
    """Tables, files, folders and moving runs of a backtest."""
    own = [path for path in folders(site.world) if "/backtests/" in path]
    return [*tables(site), *files(site.world), *own, *moving(site)]


def tables(site: Site) -> list[str]:
    return [name for _, name in site.world.unity.known if "backtest" in name]


def moving(site: Site) -> list[str]:
    return [run.name for run in site.world.jobs.runs if run.active]


def until(site: Site, held: Callable[[], Any]) -> None:
    """Let the workspace go on until something holds."""
    while not held():
        site.world.advance()
        time.sleep(0.02)


def ids(answer: Json) -> list[str]:
    return sorted(match["match_id"] for match in answer["matches"])


def same_as_a_test(site: Site, found: Json) -> None:
    """The tester's matches, stored as a run that is explained as any other."""
    events = [row | {"at": row["at"].isoformat()} for row in ROWS]
    tested = site.call("test_pattern", pipeline_id=ID, events=events, limit=1000)
    assert found["counts"]["events"] == len(ROWS)
    assert found["counts"]["matches"] == tested["counts"]["matches"] > 10
    assert ids(found) == ids(tested)
    assert found["code_hash"] == tested["code_hash"]
    assert not found["warnings"]
    (run,) = site.call("list_runs", pipeline_id=ID, kind="backtest")["runs"]
    asked = {"run_id": run["run_id"], "match_id": found["matches"][0]["match_id"]}
    assert "amount > 200" in str(site.call("explain_match", **asked)["sentences"])


def test_matches_come_back_and_nothing_is_left(site: Site, cluster: Cluster) -> None:
    found = backtest(site)
    assert "error" not in found, found
    same_as_a_test(site, found)
    assert cluster.done == ["backtest", "forget"]
    assert left(site) == []
    (run,) = site.world.jobs.runs
    assert run.result == "SUCCESS" and run.job_id is None


def test_an_agent_asks_for_it_as_events_of_a_test(site: Site, cluster: Cluster) -> None:
    events: Json = {"backtest": {"table": HISTORY, "where": "workspace", "keep_matches": 5}}
    found = site.call("test_pattern", pipeline_id=ID, events=events, node="burst")
    assert found["counts"]["matches"] > 10
    (run,) = site.call("list_runs", pipeline_id=ID)["runs"]
    assert (run["kind"], run["run_id"]) == ("backtest", found["run_id"])
    for given, other in (
        ({}, {}),
        ({"where": "moon"}, {}),
        (events["backtest"], {"what_if": {"threshold": 3}}),
    ):
        asked = {"pipeline_id": ID, "events": {"backtest": given}, **other}
        assert site.call("test_pattern", **asked)["error"]["code"] == "INVALID_ARGUMENT"
    author = site.by("bob", "author")
    error = site.call("test_pattern", author, pipeline_id=ID, events=events)["error"]
    assert error["code"] == "FORBIDDEN"
    assert left(site) == []


def test_history_is_bounded_by_the_job(site: Site, cluster: Cluster) -> None:
    backtest(site, version=3, to="2026-01-01T11:00:00Z")
    (told,) = [c.body for c in site.world.named("jobs.submit")]
    find, forget = told["tasks"]
    assert find["notebook_task"]["base_parameters"]["trigger"] == "available now"
    assert forget["run_if"] == "ALL_DONE" and forget["depends_on"] == [{"task_key": "backtest"}]
    sent = [c.body for c in site.world.named("workspace.import_")]
    assert len(sent) == 2


def test_a_job_that_fails_says_why(site: Site, cluster: Cluster) -> None:
    def failing(task: Any) -> Outcome | None:
        said = "[TABLE_OR_VIEW_NOT_FOUND] main.s.history cannot be found"
        return Outcome("FAILED", error=said) if cluster.find(task) else None

    site.world.jobs.work["backtest"] = failing
    error = backtest(site)["error"]
    assert error["code"] == "DATABRICKS_RUN_FAILED"
    assert "does not exist" in error["message"]
    assert left(site) == []
    assert site.call("list_runs", pipeline_id=ID)["runs"] == []


def test_a_run_that_somebody_ends_is_told(site: Site, cluster: Cluster) -> None:
    """Ended as a whole: nothing of the job drops its tables, so the server does."""

    def ended(task: Any) -> Outcome | None:
        if cluster.find(task):
            site.world.jobs._cancel(site.world.jobs.runs[0])
        return None

    site.world.jobs.work["backtest"] = ended
    error = backtest(site)["error"]
    assert (error["code"], error["got"]) == ("DATABRICKS_RUN_FAILED", "CANCELED")
    assert cluster.done == ["backtest"]
    assert left(site) == []


@pytest.mark.parametrize("fault", ["cut after", "500 after", "hang after", "429", "503", "cut"])
def test_an_answer_that_is_lost_makes_no_second_run(
    site: Site, cluster: Cluster, fault: str
) -> None:
    site.world.fail("jobs.submit", 1, fault)
    found = backtest(site)
    assert "error" not in found, found
    assert len(site.world.jobs.runs) == 1
    assert left(site) == []


ROUTES = [
    *("current_user.me", "warehouses.list", "workspace.mkdirs", "workspace.import_"),
    *("workspace.get_status", "jobs.submit", "jobs.get_run"),
    *("statement_execution.execute_statement", "tables.delete", "workspace.delete"),
]


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("route", ROUTES)
def test_whatever_fails_nothing_is_left(site: Site, cluster: Cluster, route: str, nth: int) -> None:
    """A call fails, and all that would repeat it: the answer is a typed error, or all is well."""
    site.world.fail(route, nth, "500", times=4)
    found = backtest(site)
    if "error" in found:
        assert found["error"]["code"].startswith(("DATABRICKS_", "WAREHOUSE_"))
    cluster.deserted = True
    until(site, lambda: not moving(site))
    assert tables(site) == []


def test_who_cancels_has_the_run_cancelled(site: Site, cluster: Cluster) -> None:
    class Left(BaseException):
        """The caller is gone."""

    def progress(share: float, said: str) -> None:
        if said == "the job: running":
            raise Left

    site.world.jobs.work["backtest"] = lambda _: None
    ws = site.host.workspace.with_caller(site.host.workspace.identity, progress)
    asked = {"pipeline_id": ID, "history": {"table": HISTORY}, "where": "workspace"}
    with pytest.raises(Left):
        call(find("backtest"), ws, asked)
    (run,) = site.world.jobs.runs
    assert [task.outcome and task.outcome.result for task in run.tasks] == ["CANCELED", "SUCCESS"]
    assert left(site) == []


def test_a_server_that_dies_leaves_nothing(site: Site, cluster: Cluster, tmp_path: Path) -> None:
    """The job waits for whoever asked, and when nobody comes drops its tables by itself."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lakestream_mcp.relational.local import LocalEngine\n"
        "from tests.databricks.site import ID, Site\n"
        f"site = Site(None, Path({str(tmp_path)!r}), LocalEngine())\n"
        f"history = {{'table': {HISTORY!r}}}\n"
        "site.call('backtest', pipeline_id=ID, history=history, where='workspace')\n"
    )
    site.world.paused = True
    server = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    while not site.world.jobs.runs:
        assert server.poll() is None
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    until(site, lambda: tables(site))
    site.world.advance(6)
    assert any("results" in name for name in tables(site)), "the results wait for their reader"
    cluster.deserted = True
    until(site, lambda: not moving(site))
    assert cluster.done == ["backtest", "forget"]
    assert left(site) == []


def test_what_cannot_be_is_told_before_anything_is_made(site: Site, cluster: Cluster) -> None:
    assert backtest(site, table="")["error"]["code"] == "INVALID_ARGUMENT"
    assert backtest(site, table="a.b.c.d")["error"]["code"] == "INVALID_ARGUMENT"
    offsets = {"to": "2026-01-01T10:00:00Z"}
    assert backtest(site, offsets=offsets)["error"]["code"] == "INVALID_ARGUMENT"
    assert backtest(site, table="", offsets=offsets)["error"]["code"] == "UNSUPPORTED"
    site.world.warehouses.add("another")
    assert backtest(site)["error"]["code"] == "WAREHOUSE_NEEDED"
    assert backtest(site, site.by("bob", "author"))["error"]["code"] == "FORBIDDEN"
    assert site.world.writes == []


@pytest.mark.spark
def test_both_notebooks_run_on_spark(site: Site, tmp_path: Path) -> None:
    """The notebooks as they were sent, executed: the tester's matches, and no table afterwards."""
    from lakestream_mcp.deploy.spark_process import SparkProcess

    folder = str(tmp_path / "state")
    site.make({"catalog": "spark_catalog", "schema": "default", "checkpoints": folder})
    site.world.warehouses.add("small")
    schema = pa.schema(
        [
            ("order_id", pa.int64()),
            ("customer", pa.string()),
            ("amount", pa.float64()),
            ("at", pa.timestamp("us", tz="UTC")),
        ]
    )
    pq.write_table(pa.Table.from_pylist(ROWS, schema), tmp_path / "history.parquet")
    with SparkProcess(spark_env.find()) as spark:
        SparkCluster(site, spark)
        rows = f"SELECT * FROM parquet.`{tmp_path / 'history.parquet'}`"
        spark.request("sql", text=f"CREATE TABLE {ON_SPARK} USING delta AS {rows}")
        found = backtest(site, table="history", version=0)
        assert "error" not in found, found
        same_as_a_test(site, found)
        left_there = spark.request("sql", text="SHOW TABLES IN spark_catalog.default")
        assert [row["tableName"] for row in left_there] == ["history"]
    assert left(site) == []
    assert list(tmp_path.glob("state*")) == []
