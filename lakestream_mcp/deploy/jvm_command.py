"""The command line of a local Spark's JVM: only what a stream on one machine has a use for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

SUBMIT = "org.apache.spark.deploy.SparkSubmit"
GATEWAY = "org.apache.spark.api.python.PythonGatewayServer"
UNUSED_JARS = (
    "spark-mllib_",  # registers functions with every session, by reflection: half a second
    *("spark-graphx_", "spark-repl_", "spark-hive-thriftserver_", "breeze", "spire", "JTransforms"),
    *("spark-kubernetes_", "kubernetes-", "vertx-", "volcano-", "spark-yarn_"),
)
"""Jars are opened one by one whenever services are looked for, so that fewer start faster."""


def gateway_command(submit: Sequence[str]) -> list[str]:
    """From what `spark-submit` would execute: the same JVM, without the program that reads its
    arguments. Settings are given to the session by who connects to the gateway."""
    java = list(submit[: submit.index(SUBMIT)])
    place = java.index("-cp") + 1
    java[place] = os.pathsep.join(_expanded(java[place].split(os.pathsep)))
    return [*java, GATEWAY]


def _expanded(entries: Iterable[str]) -> Iterable[str]:
    """Class path entries with folders of jars listed, without unused ones."""
    seen: dict[str, None] = {}
    for entry in entries:
        if not entry.endswith("*"):
            seen[entry] = None
            continue
        for jar in sorted(Path(entry).parent.glob("*.jar")):
            if not jar.name.startswith(UNUSED_JARS):
                seen[str(jar)] = None
    return seen
