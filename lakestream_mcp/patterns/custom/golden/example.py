# lakestream:node=it
# Node: Under test
# Summary: own code (class Counts), by key


def processor_it():
    # fmt: off
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
    # fmt: on
    return Counts()


it = (
    feed.select(["`id`", "`key`", "`kind`", "`amount`", "`note`", "`at`", "`other`"])
    .groupBy(["`key`"])
    .transformWithState(
        statefulProcessor=processor_it(),
        outputStructType="key string, n bigint",
        outputMode="Append",
        timeMode="EventTime",
    )
)
