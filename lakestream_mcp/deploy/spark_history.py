"""What a backtest does on Spark. `spark_child` loads it; a job in the workspace carries a part."""
# mypy: ignore-errors

import contextlib
import json

from pyspark.sql import SparkSession

# --- carried ---
PROGRESS_KEPT = 100_000
spark = SparkSession.builder.getOrCreate()


class Backtest:
    """Generated code over history, to its end.

    place: where tables are and how they are reached. sources: node → {frame, …}, where the rest is
    the place's. collect: label → frame. keys: label → source → pairs of key columns, of the match
    and of the source. limit, rows: how many matches, and how many rows of their keys, are kept.
    """

    def __init__(self, place, sources, collect, keys, limit, rows):
        self.place, self.sources, self.collect = place, sources, collect
        self.keys, self.limit, self.rows = keys, limit, rows

    def run(self):
        """All of it; rows by observation, matches by label."""
        with contextlib.suppress(Exception):  # serverless compute lets nobody say how many it keeps
            spark.conf.set("spark.sql.streaming.numRecentProgressUpdates", PROGRESS_KEPT)
        self.place.open_sources(self.sources)
        passed = self.into_tables()
        self.place.close_sources(self.sources)
        self.into_tables()
        counts = {label: self.keep(label) for label in self.collect}
        for name in self.sources:
            self.rows_of_keys(name)
        return {"passed": passed, "counts": counts}

    def into_tables(self):
        """Run to the end of what is there, each frame into its table.

        Returns how many rows passed each observation, the most where queries share one.
        """
        names = self.place.code()
        started = [
            self.place.stream(names[frame], label, f"found/{label}")
            for label, frame in self.collect.items()
        ]
        passed = {}
        for query in started:
            for name, rows in observed(self.place.ended(query)).items():
                passed[name] = max(passed.get(name, 0), rows)
        return passed

    def keep(self, label):
        """Keep the first matches of a table; how many there are."""
        found = self.place.read(f"found/{label}")
        first = found.orderBy("detected_at", "match_id").limit(self.limit)
        self.place.save(first, f"kept/{label}")
        self.place.give(self.place.read(f"kept/{label}"), label)
        return found.count()

    def rows_of_keys(self, name):
        """Keep the rows of a source whose key has a kept match, as far as all of a key's fit."""
        wanted = {label: by[name] for label, by in self.keys.items() if by.get(name)}
        if not wanted:
            return
        rows = self.place.code()[self.sources[name]["frame"]]
        columns = [quoted(column) for column in rows.columns]
        for label, pairs in wanted.items():
            own = self.place.read(f"kept/{label}")
            own = own.selectExpr(*[f"{quoted(k)} AS {quoted(c)}" for k, c in pairs]).distinct()
            own = own.selectExpr("*", f"true AS {flag(label)}")
            rows = rows.join(own, [c for _, c in pairs], "left")
        rows = rows.where(" OR ".join(map(flag, wanted))).select(*columns)
        self.place.ended(self.place.stream(rows, f"rows-{name}", f"rows/{name}"))
        (by, *others) = {tuple(c for _, c in pairs) for pairs in wanted.values()}
        found = self.fitting(self.place.read(f"rows/{name}"), () if others else by)
        if found is not None:
            self.place.give(found, f"rows-{name}")

    def fitting(self, found, by):
        """The rows, or those of as many whole keys as fit: those with few rows first."""
        if found.count() <= self.rows:
            return found
        total, chosen = 0, []
        for row in found.groupBy(*by).count().orderBy("count", *by).collect() if by else ():
            total += row["count"]
            if total > self.rows:
                break
            chosen.append(tuple(row[column] for column in by))
        if not chosen:
            return None
        some = spark.createDataFrame(chosen, found.select(*by).schema)
        return found.join(some, list(by), "left_semi").select(*map(quoted, found.columns))


def observed(progress):
    """How many rows passed each observation of a query."""
    totals = {}
    for batch in progress:
        for name, values in batch.get("observedMetrics", {}).items():
            totals[name] = totals.get(name, 0) + int(values.get("rows") or 0)
    return totals


def progress_of(query):
    """What each batch of a query told, as plain data."""
    return [json.loads(p.json) if hasattr(p, "json") else p for p in query.recentProgress]


def to_its_end(frame, query, checkpoint):
    """A writer of appended rows that reads what is there, and ends."""
    writer = frame.writeStream.queryName(query).format("delta").outputMode("append")
    return writer.option("checkpointLocation", checkpoint).trigger(availableNow=True)


def flag(label):
    """The column that says that a row's key has a match of a pattern."""
    return quoted(f"__match_{label}")


def quoted(name):
    """A column name, quoted."""
    return "`" + name.replace("`", "``") + "`"


# --- to here ---
class Folder:
    """A folder on this machine. A source is {read, closing_us, closing?, copy?}: `closing` the file
    that ends it, and where that has to be; `copy` a table, its version, and where to."""

    def __init__(self, child, code, parameters, path):
        self.child, self.notebook, self.parameters, self.path = child, code, parameters, path

    def code(self):
        """The names of the generated code, executed once more."""
        from spark_child import execute

        return execute(self.notebook, self.parameters)

    def open_sources(self, sources):
        """Copy the versions of tables that are asked for."""
        for table, version, folder in filter(None, (s["copy"] for s in sources.values())):
            old = spark.read.format("delta").option("versionAsOf", version).load(table)
            old.write.format("delta").save(folder)

    def close_sources(self, sources):
        """A last row per source lets the watermark decide what is open."""
        from spark_child import move

        move([[s["closing"] for s in sources.values() if s["closing"]]])

    def stream(self, frame, query, table):
        """Start to append a frame to a table."""
        writer = to_its_end(frame, query, f"{self.parameters['checkpoints']}/{query}")
        return writer.start(f"{self.path}/{table}")

    def ended(self, query):
        """Wait for a query; what its batches told. Stops here if the parent asked for it."""
        query.awaitTermination()
        if self.child.interrupted.is_set():
            raise KeyboardInterrupt
        self.child.ended(query)
        return progress_of(query)

    def read(self, table):
        """A table of the folder."""
        return spark.read.format("delta").load(f"{self.path}/{table}")

    def save(self, frame, table):
        """Write a table of the folder."""
        frame.write.format("delta").save(f"{self.path}/{table}")

    def give(self, frame, name):
        """Give rows to the parent."""
        from spark_child import write_arrow

        write_arrow(frame, f"{self.path}/results/{name}.arrow")
