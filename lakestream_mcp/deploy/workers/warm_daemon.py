"""`spark.python.daemon.module` of local runs: heavy modules are imported once, before the fork."""
# mypy: ignore-errors

import gc

import numpy  # noqa: F401
import pandas  # noqa: F401
import pyarrow.compute
import pyarrow.ipc  # noqa: F401
import pyspark.sql.pandas.serializers
import pyspark.sql.streaming.proto.StateMessage_pb2
import pyspark.sql.streaming.stateful_processor_api_client
import pyspark.sql.streaming.stateful_processor_util  # noqa: F401
from pyspark import daemon

# Workers make a tuple per row: collecting often would scan all of them again and again.
gc.freeze()
gc.set_threshold(200_000, 20, 100)

if __name__ == "__main__":
    daemon.manager()
