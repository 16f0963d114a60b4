"""The platform's text as generated code carries it, run in this process without Spark."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

from lakestream_mcp.codegen.imports import IMPORTS
from lakestream_mcp.codegen.inline import MARK, PLATFORM_FILES


@cache
def carried(*parts: str) -> dict[str, Any]:
    """The names that some parts of the platform define; what starts Spark is left out."""
    names: dict[str, Any] = {"__name__": "carried"}
    lines = [line for line in IMPORTS.values() if "pyspark" not in line]
    files = {file.stem: file for file in PLATFORM_FILES}
    texts = [files[part].read_text("utf-8").partition(MARK)[2] for part in parts]
    tree = ast.parse("\n".join([*lines, *texts]))
    tree.body = [s for s in tree.body if "SparkSession" not in ast.unparse(s)]
    exec(compile(tree, "carried", "exec"), names)
    return names
