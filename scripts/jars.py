"""Fetch the jars of a local Spark and of the tests' Kafka broker; cheap when they are there."""

from __future__ import annotations

import os
import sys

from java_network import java_options
from progress import ROOT

from lakestream_mcp.deploy import jar_files, spark_env
from lakestream_mcp.errors import LakestreamError


def main() -> int:
    """Both groups of jars, checked against their pins."""
    given = os.environ.get("JAVA_TOOL_OPTIONS", "")
    told = java_options(os.environ, ROOT / ".cache")
    os.environ["JAVA_TOOL_OPTIONS"] = " ".join([*told, given]).strip()
    try:
        spark = spark_env.find()
        jar_files.jars("broker", spark.python, spark.java_home, spark.cache)
    except LakestreamError as error:
        print(f"{error.message} {error.got or ''} {error.hint or ''}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
