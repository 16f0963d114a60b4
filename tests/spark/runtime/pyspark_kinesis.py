"""What Spark finds as the format `kinesis`."""
# mypy: ignore-errors

from databricks_sources import Documented


class DefaultSource(Documented):
    """The source of this name."""

    service = "kinesis"
