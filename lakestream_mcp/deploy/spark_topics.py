"""What the Spark child does to read the newest records of topics. Loaded by it alone."""
# mypy: ignore-errors

import datetime as dt
import json

from py4j.protocol import Py4JJavaError
from pyspark.sql import functions as F  # noqa: N812
from spark_child import CELL_MARK, NODE_MARK, execute, replaced, write_arrow

WAIT_MS = "15000"
OF_STREAMS = (
    *("startingOffsets", "startingTimestamp", "startingOffsetsByTimestampStrategy"),
    "maxOffsetsPerTrigger",
)
"""Options that say what a stream reads; here that is known."""
BYTES = "org.apache.kafka.common.serialization.ByteArrayDeserializer"
CONSUMER = {
    "key.deserializer": BYTES,
    "value.deserializer": BYTES,
    "allow.auto.create.topics": "false",
    "enable.auto.commit": "false",
    "default.api.timeout.ms": WAIT_MS,
    "request.timeout.ms": WAIT_MS,
}
READERS = {}
STAND_IN = "import spark_topics\nread_kafka = spark_topics.READERS['now'].read\n"
"""What the notebook's source calls in place of the stream."""


class NotReached(Exception):
    """No broker answers, or none lets us in. missing: a topic that is not there."""

    def __init__(self, text, missing=None):
        super().__init__(text)
        self.missing = missing


def newest(spark, output, notebook, parameters, node, frame, count, since_ms):
    """Write at most `count` rows of a notebook's source as an Arrow file.

    since_ms: only records that are newer. Returns when the newest was written, or why none is read.
    """
    reader = READERS["now"] = Reader(spark, count, since_ms)
    mark = f"{NODE_MARK}{node}\n"
    cells = notebook.split(f"\n{CELL_MARK}\n")
    cells = [STAND_IN + cell if mark in cell else cell for cell in cells]
    try:
        names = execute(replaced(f"\n{CELL_MARK}\n".join(cells), {}), parameters)
    except NotReached as error:
        return {"refused": str(error), "missing": error.missing}
    write_arrow(names[frame], output)
    return {"refused": None, "until": reader.until}


class Reader:
    """Reads the last records of topics, once."""

    def __init__(self, spark, count, since_ms):
        self.spark, self.count, self.since_ms = spark, count, since_ms
        self.until = None

    def read(self, options):
        """The records, the oldest first, as a frame that is no stream."""
        try:
            first, last = self.bounds(options)
        except Py4JJavaError as error:
            cause = error.java_exception
            while cause.getCause() is not None:
                cause = cause.getCause()
            raise NotReached(f"{cause.getClass().getSimpleName()}: {cause.getMessage()}") from None
        own = {k: v for k, v in options.items() if k not in OF_STREAMS}
        own |= {"startingOffsets": json.dumps(first), "endingOffsets": json.dumps(last)}
        rows = self.spark.read.format("kafka").options(**own).load()
        ordered = rows.orderBy(F.desc("timestamp"), "topic", "partition", F.desc("offset"))
        found = ordered.limit(self.count).collect()
        if found:
            self.until = found[0]["timestamp"].astimezone(dt.UTC).isoformat()
        return self.spark.createDataFrame(found[::-1], rows.schema)

    def bounds(self, options):
        """Where to start and to end, by topic and partition, as Spark's options have it."""
        java, kafka = self.spark.sparkContext._jvm.java, self.spark.sparkContext._jvm.org.apache
        properties = java.util.Properties()
        given = {k.removeprefix("kafka."): v for k, v in options.items() if k.startswith("kafka.")}
        for name, value in (given | CONSUMER).items():
            properties.put(name, value)
        consumer = kafka.kafka.clients.consumer.KafkaConsumer(properties)
        try:
            return self.places(consumer, options["subscribe"].split(","), java, kafka.kafka.common)
        finally:
            consumer.close(java.time.Duration.ofSeconds(1))

    def places(self, consumer, topics, java, common):
        """The same, asked of a consumer."""
        parts, times = java.util.ArrayList(), java.util.HashMap()
        for topic in topics:
            known = consumer.partitionsFor(topic)
            if not known:
                raise NotReached(f"there is no topic {topic}", topic)
            for info in known:
                part = common.TopicPartition(info.topic(), info.partition())
                parts.add(part)
                times.put(part, java.lang.Long((self.since_ms or 0) + 1))
        begin, end = consumer.beginningOffsets(parts), consumer.endOffsets(parts)
        newer = consumer.offsetsForTimes(times) if self.since_ms is not None else {}
        first, last = ({topic: {} for topic in topics} for _ in range(2))
        for part in parts:
            start = max(begin[part], end[part] - self.count)
            if self.since_ms is not None:
                start = max(start, end[part] if newer[part] is None else newer[part].offset())
            first[part.topic()][str(part.partition())] = start
            last[part.topic()][str(part.partition())] = end[part]
        return first, last
