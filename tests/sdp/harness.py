"""The parent's side of open-source declarative pipelines."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lakestream_mcp.codegen import Generated
from lakestream_mcp.deploy import spark_env
from tests import witness

from .open_source import OpenSource, to_open_source

if TYPE_CHECKING:
    import pyarrow as pa

CHILD = Path(__file__).with_name("pipelines_child.py")
CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.pipelines.maxFlowRetryAttempts": "0",
    "spark.sql.connect.serverStacktrace.enabled": "false",
    "spark.driver.host": "127.0.0.1",
}


SECRETS = {"KAFKA_PASSWORD": "x", "KAFKA_OTHER": "x"}
"""What stands for the secrets of the tests' documents."""


class Failed(AssertionError):
    """What Spark says is wrong."""


class Pipelines:
    """A Spark in a child process that takes declarative pipelines; a context manager."""

    def __init__(
        self,
        environment: spark_env.SparkEnvironment,
        conf: Mapping[str, str] = CONF,
        catalog: str = "",
    ) -> None:
        self.conf = conf
        self.catalog = catalog
        self.work = tempfile.TemporaryDirectory(prefix="lakestream-pipelines-")
        self.folder = Path(self.work.name)
        self.log = self.folder.joinpath("log").open("wb")
        self.environment = environment
        self.child = subprocess.Popen(
            [str(environment.python), str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=self.folder,
            env=environment.environ() | SECRETS,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Pipelines:
        flags = " ".join([*spark_env.QUICK, f"-Dderby.system.home={self.folder}"])
        conf = {
            **self.conf,
            "spark.jars": ",".join(map(str, self.environment.jars)),
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
            "spark.driver.extraJavaOptions": flags,
            "spark.driver.memory": "1g",
        }
        self.request("start", conf=conf)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.child.stdin is not None
        self.child.stdin.close()
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()
        self.work.cleanup()

    def request(self, kind: str, **given: Any) -> Any:
        """Send a request and wait. Raises Failed with Spark's words."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps({"request": kind, **given}) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            tail = self.folder.joinpath("log").read_text("utf-8", errors="replace")[-3000:]
            raise Failed(f"the child has ended: {tail}")
        answer = json.loads(line)
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer["done"]

    def run(self, made: Generated, storage: Path | None = None, more: str = "") -> OpenSource:
        """Dry-run a generated pipeline, or run it where there is a storage folder."""
        (sql,) = [name for name in made.files if name.endswith(".sql")]
        rewritten = to_open_source(made.files[sql], self.catalog)
        sinks = [name for name in made.files if name.endswith("_sinks.py")]
        self.request(
            "graph",
            sql=rewritten.sql,
            python=[more, rewritten.python, *map(made.files.__getitem__, sinks)],
            dry=storage is None,
            storage=f"file://{storage or self.folder / 'dry'}",
        )
        ran = [made.files[name] for name in (sql, *sinks)]
        witness.declared(ran, storage is None, rewritten.rewrites)
        return rewritten

    def apart(self, name: str) -> None:
        """Give what follows a database of its own.

        Databricks keeps private tables apart by pipeline; here they would all be in one database.
        """
        self.request("sql", text=f"CREATE DATABASE {name}")
        self.request("sql", text=f"USE {name}")

    def table(self, text: str) -> pa.Table:
        """The rows of a query, with their types."""
        import pyarrow.parquet as pq

        file = self.folder / "answer.parquet"
        self.request("parquet", text=text, path=str(file))
        return pq.read_table(file)

    def rows(self, text: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        found: list[dict[str, Any]] = self.request("sql", text=text)
        return found
