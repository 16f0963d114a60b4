"""How rows are read."""
# mypy: ignore-errors
# ruff: noqa: F821, PTH112, PTH119, PTH120

import os
import re


# --- carried ---
def read_files(path, file_format, schema, options=None):
    """New files of a folder, or one file, as rows of a declared schema."""
    if RUNTIME == "databricks":
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", file_format)
        return reader.options(**(options or {})).schema(schema).load(path)
    own = {k: v for k, v in (options or {}).items() if not k.startswith("cloudFiles.")}
    if "rescuedDataColumn" in own or "cloudFiles.schemaEvolutionMode" in (options or {}):
        raise NotImplementedError("LOCAL_RUN_IMPOSSIBLE: only Databricks rescues data of files")
    if not os.path.isdir(path) and not any(c in path for c in "*?[{"):
        # The file source reads folders: a pattern in its folder picks the one file.
        own["pathGlobFilter"] = re.sub(r"([\\*?\[\]{}])", r"\\\1", os.path.basename(path))
        path = os.path.dirname(path) or "."
    return spark.readStream.format(file_format).options(**own).schema(schema).load(path)


def read_table(name, options=None):
    """Rows appended to a table."""
    reader = spark.readStream.format("delta").options(**(options or {}))
    return (
        reader.table(quoted_name(name))
        if RUNTIME == "databricks"
        else reader.load(local_folder(name))
    )


def static_table(name):
    """A table as it is when a batch starts."""
    if RUNTIME == "databricks":
        return spark.read.table(quoted_name(name))
    return spark.read.format("delta").load(local_folder(name))


def kafka_login(mechanism, username, password):
    """Kafka options for a login by name and password. Databricks keeps its Kafka client apart."""
    scram = mechanism.startswith("SCRAM")
    module = "scram.ScramLoginModule" if scram else "plain.PlainLoginModule"
    shaded = "kafkashaded." if RUNTIME == "databricks" else ""
    name, word = (v.replace("\\", "\\\\").replace('"', '\\"') for v in (username, password))
    return {
        "kafka.sasl.mechanism": mechanism,
        "kafka.sasl.jaas.config": f"{shaded}org.apache.kafka.common.security.{module} required "
        f'username="{name}" password="{word}";',
    }


def read_kafka(options):
    """Records of Kafka topics."""
    return spark.readStream.format("kafka").options(**options).load()


def read_on_databricks(service, options):
    """Records of a service that only Databricks has a source for."""
    if RUNTIME != "databricks":
        raise NotImplementedError(
            f"LOCAL_RUN_IMPOSSIBLE: {service} is read on Databricks only; test with rows instead"
        )
    return spark.readStream.format(service).options(**options).load()
