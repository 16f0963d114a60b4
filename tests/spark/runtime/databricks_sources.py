"""Stand-ins for the sources that only Databricks has, by the pages that document them.

Each takes the options of its page and no others, needs those that are required, and gives the
documented columns. Spark finds `pyspark_pubsub` and `pyspark_kinesis` beside this file by name.
"""
# mypy: ignore-errors

import json

from pyspark.sql.datasource import DataSource, SimpleDataSourceStreamReader

PAGES = {
    "pubsub": {
        "required": ("subscriptionid", "topicid", "projectid"),
        "known": (
            *("servicecredential", "clientemail", "clientid", "privatekeyid", "privatekey"),
            *("numfetchpartitions", "maxbytespertrigger", "maxrecordsperfetch"),
            *("deletesubscriptiononstreamstop", "maxfetchperiod"),
        ),
        "columns": "messageId string, payload binary, attributes string, "
        "publishTimestampInMillis bigint, sequenceNumber bigint",
    },
    "kinesis": {
        "required": ("streamname",),
        "known": (
            *("region", "endpoint", "stsendpoint", "initialposition", "servicecredential"),
            *("awsaccesskey", "awssecretkey", "rolearn", "roleexternalid", "rolesessionname"),
            *("consumermode", "consumername", "requireconsumerderegistration"),
        ),
        "columns": "partitionKey string, data binary, stream string, shardId string, "
        "sequenceNumber string, approximateArrivalTimestamp timestamp",
    },
}
MESSAGES = [{"order_id": n, "at": f"2026-03-01T00:00:0{n}Z"} for n in range(5)]
AT_MS = 1_772_323_200_000


def row(name, number):
    """A message as the service gives it."""
    import datetime as dt

    body = json.dumps(MESSAGES[number]).encode()
    if name == "pubsub":
        return (f"m{number}", body, '{"from":"shop"}', AT_MS + number, number)
    at = dt.datetime.fromtimestamp(AT_MS / 1000 + number, dt.UTC)
    return (f"k{number}", body, "clicks", "shard-0", str(number), at)


class Messages(SimpleDataSourceStreamReader):
    """All messages, once."""

    def __init__(self, name):
        self.name = name

    def initialOffset(self):
        return {"next": 0}

    def read(self, start):
        return self.readBetweenOffsets(start, {"next": len(MESSAGES)}), {"next": len(MESSAGES)}

    def readBetweenOffsets(self, start, end):
        return iter([row(self.name, n) for n in range(start["next"], end["next"])])


class Documented(DataSource):
    """A source of one of the services; `service` is its name."""

    service = ""

    @classmethod
    def name(cls):
        return cls.service

    def schema(self):
        return PAGES[self.service]["columns"]

    def simpleStreamReader(self, schema):
        page = PAGES[self.service]
        given = {name.lower() for name in self.options}
        missing = set(page["required"]) - given
        unknown = given - set(page["required"]) - set(page["known"])
        if missing or unknown:
            raise ValueError(f"{self.service}: missing {missing}, not documented {unknown}")
        return Messages(self.service)
