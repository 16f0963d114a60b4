"""One Spark and one local engine for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests import witness
from tests.codegen.bench import Bench
from tests.nodes.serving import TOKEN


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkProcess]:
    """A running Spark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELS_TOKEN", TOKEN)  # secret://models/token on a local Spark
        with witness.Spark(spark_env.find()) as process:
            yield process


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Catalog, local engine and resolver."""
    made = Bench()
    yield made
    made.close()
