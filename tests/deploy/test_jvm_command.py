"""How the JVM of a local Spark is started."""

import os
from pathlib import Path

from lakestream_mcp.deploy.jvm_command import GATEWAY, SUBMIT, gateway_command


def test_the_gateway_is_started_with_the_jars_it_needs(tmp_path: Path) -> None:
    for name in ("spark-sql_2.13-4.2.0.jar", "spark-mllib_2.13-4.2.0.jar", "breeze_2.13-2.jar"):
        tmp_path.joinpath(name).touch()
    first = str(tmp_path / "spark-sql_2.13-4.2.0.jar")
    path = os.pathsep.join(["/conf", first, f"{tmp_path}/*"])
    submit = ["java", "-cp", path, "-Xmx2g", SUBMIT, "--conf", "spark.master=local[2]", "shell"]
    expected = ["java", "-cp", os.pathsep.join(["/conf", first]), "-Xmx2g", GATEWAY]
    assert gateway_command(submit) == expected
