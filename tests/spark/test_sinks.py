"""One notebook with many sinks on Spark: each delivers exactly the host's matches."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.graph.node_type import SinkType
from lakestream_mcp.nodes.messages import plain_json
from tests import witness
from tests.codegen.bench import Bench, Made
from tests.sinks.servers import Answer, http_server, smtp_server
from tests.storage.conftest import Postgres, postgres_server  # noqa: F401  a fixture

from .test_pipelines import QUIET, into, run, shocks, write

pytestmark = [pytest.mark.spark, pytest.mark.postgres]
Json = dict[str, Any]
NEWEST = {"table": "main.out.newest", "primary_keys": ["key"], "sequence_by": "detected_at"}
MERGED = {"warehouse_id": "w1", "table": "main.out.merged", "staging": "/Volumes/main/ops/staging"}
KEPT = {**QUIET, "config": {**QUIET["config"], "keep": ["id"]}}
DRIVER = ("psycopg", "psycopg_binary", "typing_extensions")


class WithDriver(spark_env.SparkEnvironment):
    """The local Spark with the driver of PostgreSQL, as `%pip install` would give it."""

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        env = super().environ(base)
        env["PYTHONPATH"] += os.pathsep + os.environ["TEST_DRIVER_FOLDER"]
        return env


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkProcess]:
    """A Spark whose workers have the driver and a secret."""
    folder = tmp_path_factory.mktemp("driver")
    for name in DRIVER:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        folder.joinpath(origin.name).symlink_to(origin)
        libraries = origin.parent / f"{name}.libs"
        if libraries.is_dir():
            folder.joinpath(libraries.name).symlink_to(libraries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_DRIVER_FOLDER", str(folder))
        patch.setenv("DB_PASSWORD", "unused")
        with witness.Spark(WithDriver(*spark_env.find())) as process:
            yield process


def sink(node_id: str, node_type: str, config: Json) -> Json:
    return {"id": node_id, "type": node_type, "name": node_id, "config": config}


def host_rows(bench: Bench, made: Made, events: list[Json]) -> list[Json]:
    """The matches of the host, as the sinks' rows."""
    table = bench.on_host(made, bench.tables(made, {"events": events})).tables["quiet"]
    names = made.validation.relations["quiet"].names
    return list(table.select(list(names)).to_pylist())


def messages(bench: Bench, made: Made, node: str, rows: list[Json]) -> list[Any]:
    kind = bench.catalog.get(next(n.type for n in made.document.nodes if n.id == node))
    assert isinstance(kind, SinkType)
    config, relation = made.validation.configs[node], made.validation.relations[node]
    return kind.messages(config, relation, rows) or []


def in_order(found: list[Any]) -> list[str]:
    return sorted(map(repr, found))


def test_alerts_are_the_hosts_and_come_once(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    sending = {"longest_wait": "1 second", "timeout": "2 seconds"}
    with (
        http_server(Answer(429, {"Retry-After": "0"}), Answer(500)) as hook,
        http_server() as slack,
        smtp_server("451 later") as mail,
    ):
        document = into(
            tmp_path,
            sink("hook", "rest-webhook-sink", {"url": hook.url, **sending}),
            sink(
                "slack",
                "slack-teams-pagerduty",
                {
                    "provider": "slack",
                    "webhook_url": slack.url,
                    "message": "{key} at {ended_at}: {events}",
                    "max_per_minute": 2,
                    **sending,
                },
            ),
            sink(
                "mail",
                "email-sink",
                {
                    "host": "127.0.0.1",
                    "port": mail.port,
                    "security": "none",
                    "sender": "a@b.c",
                    "to": "d@e.f",
                    "subject": "{key}",
                    "body": "{match_id}",
                    **sending,
                },
            ),
            pattern=KEPT,
        )
        made = bench.make(document)
        events = shocks([0, 1, 2, 20, 40]) + shocks([100], "C")
        write(tmp_path / "in", "a.json", events)
        run(spark, made, tmp_path)
        rows = host_rows(bench, made, events)
        assert in_order(hook.taken()) == in_order(messages(bench, made, "hook", rows))
        said = [r.body for r in slack.requests]
        wanted = in_order(messages(bench, made, "slack", rows))
        assert len(said) == 3
        assert set(in_order(said[:2])) <= set(wanted)
        assert said[2]["text"].startswith(f"{len(rows) - 2} more alerts")
        assert len(mail.mails) == len(rows)
        seen = len(hook.requests), len(mail.mails)
        tmp_path.joinpath("state").rename(tmp_path / "lost")
        run(spark, made, tmp_path)
        assert (len(hook.requests), len(mail.mails)) == seen
    log = f"SELECT sink, status, COUNT(*) AS n FROM delta.`{tmp_path}/tables/main.default." + (
        "lakestream_deliveries` GROUP BY ALL"
    )
    counts = {
        (r["sink"].split("-")[0], r["status"]): r["n"] for r in spark.request("sql", text=log)
    }
    assert counts["hook", "sent"] == counts["mail", "sent"] == len(rows)


def stored(spark: SparkProcess, folder: Path, table: str, columns: str) -> list[Json]:
    path = folder / "tables" / f"main.out.{table}"
    rows: list[Json] = spark.request("sql", text=f"SELECT {columns} FROM delta.`{path}`")
    return rows


def test_tables_and_databases_hold_the_hosts_matches(
    bench: Bench,
    spark: SparkProcess,
    tmp_path: Path,
    postgres_server: Postgres,  # noqa: F811
) -> None:
    url = postgres_server.url
    document = into(
        tmp_path,
        sink("unity", "unity-catalog-table-sink", {"table": "main.out.unity"}),
        sink(
            "dead", "dead-letter-queue", {"table": "main.out.dead", "error": "concat('no ', key)"}
        ),
        sink(
            "features",
            "feature-store-sink",
            {
                "table": "main.out.features",
                "primary_keys": ["key"],
                "timestamp_key": "detected_at",
                "description": "it's 5 \\ 2",
            },
        ),
        sink("newest", "feature-store-sink", NEWEST),
        sink("warehouse", "sql-warehouse-sink", MERGED),
        sink(
            "postgres",
            "lakebase-sink",
            {
                "host": url.query.get("host") or url.host,
                "database": url.database,
                "table": "matches",
                "user": url.username,
                "password": "secret://db/password",
                "tls": "disable",
            },
        ),
        pattern=KEPT,
    )
    made = bench.make(document)
    events = shocks([0, 1, 2, 20, 40, 43]) + shocks([100], "C")
    write(tmp_path / "in", "a.json", events)
    run(spark, made, tmp_path)
    tmp_path.joinpath("state").rename(tmp_path / "lost")
    tmp_path.joinpath("tables", "main.out.unity").rename(tmp_path / "lost_unity")
    tmp_path.joinpath("tables", "main.out.dead").rename(tmp_path / "lost_dead")
    run(spark, made, tmp_path)
    rows = host_rows(bench, made, events)
    ids = sorted(r["match_id"] for r in rows)
    assert sorted(r["match_id"] for r in stored(spark, tmp_path, "merged", "match_id")) == ids
    assert sorted(r["match_id"] for r in stored(spark, tmp_path, "unity", "match_id")) == ids
    dead = stored(spark, tmp_path, "dead", "error, source, row, at")
    assert sorted(json.loads(r["row"])["match_id"] for r in dead) == ids
    assert {(r["error"], r["source"]) for r in dead} == {(f"no {r['key']}", "dead") for r in rows}
    assert sorted(r["match_id"] for r in stored(spark, tmp_path, "features", "match_id")) == ids
    newest = {r["key"]: r["match_id"] for r in sorted(rows, key=lambda r: r["detected_at"])}
    found = stored(spark, tmp_path, "newest", "key, match_id")
    assert {r["key"]: r["match_id"] for r in found} == newest
    assert len(found) == len(newest)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(False)) as connection:
        written = connection.execute("SELECT * FROM matches ORDER BY match_id").fetchall()
    wanted = sorted(rows, key=lambda r: r["match_id"])
    assert [r[:6] for r in written] == [tuple(r.values())[:6] for r in wanted]
    assert [r[6] for r in written] == [plain_json(r["events"]) for r in wanted]
