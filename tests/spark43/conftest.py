"""A Spark 4.3 with a catalog in memory that can merge: Delta has no jar for it yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.jar_files import jars
from tests.codegen.bench import Bench
from tests.sdp.harness import Pipelines

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-spark43" / "bin" / "python"
CATALOG = "org.apache.spark.sql.connector.catalog.SharedTablesInMemoryRowLevelOperationTableCatalog"
CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.sql.catalog.ice": CATALOG,
    "spark.sql.pipelines.maxFlowRetryAttempts": "0",
    "spark.driver.host": "127.0.0.1",
}


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Catalog, local engine and resolver."""
    made = Bench()
    yield made
    made.close()


@pytest.fixture(scope="session")
def merging() -> Iterator[Pipelines]:
    """The pipelines of this Spark; tables are made in `ice.db`."""
    if not PYTHON.exists():
        pytest.skip("`make soak` installs Spark 4.3")
    found = spark_env.find()
    fetched = jars("auto-cdc", PYTHON, found.java_home, found.cache)
    environment = found._replace(python=PYTHON, jars=fetched)
    with Pipelines(environment, CONF, "ice.db.") as made:
        made.request("sql", text="CREATE NAMESPACE IF NOT EXISTS ice.db")
        yield made
