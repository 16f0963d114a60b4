# lakestream:node=it
# Node: Under test
# Summary: reads by own code: id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp


def authored_it():
    # fmt: off
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
    # fmt: on
    return Feed


it = read_python_source(
    authored_it(),
    "lakestream_it",
    "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp",
    {
        "url": "http://feed",
    },
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("at", "10000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`at`").alias("timed_rows"),
)
