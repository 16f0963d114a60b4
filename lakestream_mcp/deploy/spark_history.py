"""What the Spark child does for a backtest. Loaded by `spark_child`, and by nothing else."""
# mypy: ignore-errors

from spark_child import execute, move, write_arrow


class Backtest:
    """Generated code over history, in a folder of its own.

    sources: node → {frame, read, open, closing?, copy?}; `closing` is the file that ends a source,
    and where it has to be; `copy` a table, its version, and where to. collect: label → frame. keys:
    label → source → pairs of key columns, of the match and of the source. limit, rows: how many
    matches, and how many rows of their keys, are kept.
    """

    def __init__(self, child, code, parameters, sources, collect, keys, scratch, limit, rows):
        self.child, self.spark, self.code = child, child.spark, code
        self.parameters, self.sources, self.collect = parameters, sources, collect
        self.keys, self.scratch, self.limit, self.rows = keys, scratch, limit, rows

    def run(self):
        """All of it; rows by observation, matches by label."""
        for table, version, folder in filter(None, (s["copy"] for s in self.sources.values())):
            old = self.spark.read.format("delta").option("versionAsOf", version).load(table)
            old.write.format("delta").save(folder)
        passed = self.into_tables()
        move([[s["closing"] for s in self.sources.values() if s["closing"]]])
        self.into_tables()
        counts = {label: self.keep(label) for label in self.collect}
        for name in self.sources:
            self.rows_of_keys(name)
        return {"passed": passed, "counts": counts}

    def delta(self, *names):
        """A table of the folder."""
        return self.spark.read.format("delta").load("/".join([self.scratch, *names]))

    def checkpoint(self, name):
        """Where a query remembers its progress."""
        return f"{self.parameters['checkpoints']}/{name}"

    def into_tables(self):
        """Run to the end of what is there, each frame into its table.

        Returns how many rows passed each observation, the most where queries share one.
        """
        names = execute(self.code, self.parameters)
        started = []
        for label, frame in self.collect.items():
            writer = names[frame].writeStream.queryName(label).format("delta").outputMode("append")
            writer = writer.option("checkpointLocation", self.checkpoint(label))
            started.append(writer.trigger(availableNow=True).start(f"{self.scratch}/found/{label}"))
        for query in started:
            query.awaitTermination()
        self.check()
        passed = {}
        for query in started:
            for name, rows in observed(self.child.ended(query)["progress"]).items():
                passed[name] = max(passed.get(name, 0), rows)
        return passed

    def check(self):
        """Stop here if the parent asked for it."""
        if self.child.interrupted.is_set():
            raise KeyboardInterrupt

    def keep(self, label):
        """Write the first matches of a table as an Arrow file; how many there are."""
        found = self.delta("found", label)
        first = found.orderBy("detected_at", "match_id").limit(self.limit)
        first.write.format("delta").save(f"{self.scratch}/kept/{label}")
        write_arrow(self.delta("kept", label), f"{self.scratch}/results/{label}.arrow")
        return found.count()

    def rows_of_keys(self, name):
        """Write the rows of a source whose key has a kept match, as far as all of a key's fit."""
        wanted = {label: by[name] for label, by in self.keys.items() if by.get(name)}
        if not wanted:
            return
        rows = execute(self.code, self.parameters)[self.sources[name]["frame"]]
        columns = rows.columns
        for label, pairs in wanted.items():
            own = self.delta("kept", label)
            own = own.selectExpr(*[f"{quoted(k)} AS {quoted(c)}" for k, c in pairs]).distinct()
            own = own.selectExpr("*", f"true AS {flag(label)}")
            rows = rows.join(own, [c for _, c in pairs], "left")
        rows = rows.where(" OR ".join(map(flag, wanted))).select(*columns)
        writer = rows.writeStream.format("delta").outputMode("append").queryName(f"rows of {name}")
        writer = writer.option("checkpointLocation", self.checkpoint(f"rows-{name}"))
        query = writer.trigger(availableNow=True).start(f"{self.scratch}/rows/{name}")
        query.awaitTermination()
        self.check()
        self.child.ended(query)
        (by, *others) = {tuple(c for _, c in pairs) for pairs in wanted.values()}
        found = self.fitting(self.delta("rows", name), () if others else by)
        if found is not None:
            write_arrow(found, f"{self.scratch}/results/rows-{name}.arrow")

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
        some = self.spark.createDataFrame(chosen, found.select(*by).schema)
        return found.join(some, list(by), "left_semi").select(*found.columns)


def observed(progress):
    """How many rows passed each observation of a query."""
    totals = {}
    for batch in progress:
        for name, values in batch.get("observedMetrics", {}).items():
            totals[name] = totals.get(name, 0) + int(values.get("rows") or 0)
    return totals


def flag(label):
    """The column that says that a row's key has a match of a pattern."""
    return quoted(f"__match_{label}")


def quoted(name):
    """A column name, quoted."""
    return "`" + name.replace("`", "``") + "`"
