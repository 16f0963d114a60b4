"""Sends records to Kafka in one batch write. Executed by the Spark environment's Python.

This file stands alone: nothing of the product is importable here.
"""
# mypy: ignore-errors

import json
import sys

from pyspark.sql import SparkSession

given = dict(argument.removeprefix("--").split("=", 1) for argument in sys.argv[1:])
spark = SparkSession.builder.getOrCreate()
queries = []
rows = spark.read.schema("topic string, key string, value string").json(given["records"])
rows.write.format("kafka").options(**json.loads(given["options"])).save()
