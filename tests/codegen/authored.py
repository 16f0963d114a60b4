"""Code of authors, with all that a formatter would change."""

from __future__ import annotations

AUTHORED = '''\
"""Counts per key."""
from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor

NOTE = """two
lines"""


class Counts(StatefulProcessor):
    def init(self, handle):
        self.count = handle.getValueState("count", "n bigint")

    def handleInputRows(self, key, rows, timerValues):
        (n,) = self.count.get() or (0,)
        n += len(list(rows))
        self.count.update((n,))
        yield Row(key=key[0],  n=n)
'''
FUNCTION = '''\
"""A share of an amount."""
import math

NOTE = """two
lines"""


def _plain(amount):
    return 0.0 if amount is None else amount


def share(amount,  kind):
    return math.sqrt(abs(_plain(amount))) if kind == "A" else None
'''
FEED_CODE = '''\
"""Rows of a service, page by page."""
import json
import urllib.request

from pyspark.sql.datasource import DataSource, SimpleDataSourceStreamReader


class Pages(SimpleDataSourceStreamReader):
    def __init__(self, options):
        self.url = options["url"]

    def initialOffset(self):
        return {"next": 0}

    def read(self, start):
        rows = self._page(start["next"], "")
        return iter(rows), {"next": start["next"] + len(rows)}

    def readBetweenOffsets(self, start, end):
        return iter(self._page(start["next"], f"&to={end['next']}"))

    def _page(self, first,  more):
        with urllib.request.urlopen(f"{self.url}?from={first}{more}", timeout=30) as answer:
            return [tuple(row) for row in json.load(answer)]


class Feed(DataSource):
    def simpleStreamReader(self, schema):
        return Pages(self.options)
'''
