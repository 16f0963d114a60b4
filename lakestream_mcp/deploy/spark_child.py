"""Runs generated notebooks on a local Spark. Executed by the Spark environment's Python.

One JSON object per line comes in on stdin and goes out on the first stdout; all other output goes
to stderr. Requests are `start`, `run`, `follow`, `replay`, `newest`, `sql` and `stop`; events are
`started`, `running`, `progress`, `done` and `failed`. When the sender of a request dies, all of
Spark ends at once, in the middle of its batch. This file stands alone: nothing of the product is
importable here.
"""
# mypy: ignore-errors

import ast
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

NODE_MARK = "# lakestream:node="
CELL_MARK = "# COMMAND ----------"
SHOWN = ("batchId", "numInputRows", "observedMetrics", "eventTime", "durationMs")


class Child:
    """One Spark session, and the requests it serves one after the other."""

    def __init__(self, events):
        self.events = events
        self.lock = threading.Lock()
        self.spark = None
        self.busy = threading.Event()
        self.interrupted = threading.Event()

    def send(self, **event):
        """Write one event."""
        with self.lock:
            self.events.write(json.dumps(event, default=str) + "\n")
            self.events.flush()

    def serve(self, requests):
        """Answer requests until the input ends."""
        while line := requests.get():
            request = json.loads(line)
            kind = request.pop("request")
            if kind == "stop":
                break
            answer = self.answer(kind, request)
            self.busy.clear()
            self.send(**answer)
        if self.spark is not None:
            self.spark.stop()
            self.jvm.stdin.close()
            self.jvm.wait(60)

    def answer(self, kind, request):
        """The event that answers a request."""
        try:
            return {"event": "done", "result": getattr(self, f"do_{kind}")(**request)}
        except KeyboardInterrupt:
            return {"event": "failed", "message": "interrupted", "detail": ""}
        except Exception as error:  # noqa: BLE001  every failure is an answer
            detail = traceback.format_exc()
            return {"event": "failed", "message": sentence(error), "detail": detail}

    def read(self, lines, requests):
        """Hand requests on. Where they end while one is being answered, its sender has died."""
        for line in lines:
            self.busy.set()
            requests.put(line)
        if self.busy.is_set():
            os.killpg(0, signal.SIGKILL)
        requests.put("")

    def do_start(self, conf, command, kept=()):
        """Start the JVM, then the session in it. kept: descriptors that the JVM keeps open."""
        began = time.time()
        self.jvm = start_jvm(command, kept)
        from pyspark.sql import SparkSession

        builder = SparkSession.builder
        for name, value in conf.items():
            builder = builder.config(name, value)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel("ERROR")
        # Every file would get a second one with its checksum, and for each a process sets its mode.
        files = self.spark._jvm.org.apache.hadoop.fs.FileSystem
        files.getLocal(self.spark._jsc.hadoopConfiguration()).setWriteChecksum(False)
        # Spark has put a handler of its own, which would break the batch it is in.
        signal.signal(signal.SIGINT, lambda *_: self.interrupted.set())
        return {"version": self.spark.version, "seconds": round(time.time() - began, 2)}

    def do_run(self, notebook, parameters, follow=False):
        """Run a notebook as it is, reporting progress, until its queries end or are stopped."""
        watching = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(watching,), daemon=True)
        watcher.start()
        try:
            names = execute(notebook, parameters, stop_early=self.interrupted if follow else None)
            ended = [self.ended(query) for query in names["queries"]]
        finally:
            self.stop_queries()
            watching.set()
            watcher.join()
        return {"queries": ended, "interrupted": self.interrupted.is_set()}

    def do_run_for(self, notebook, parameters, rows):
        """Run a notebook whose sources have no end until each query has read so many rows."""
        never = threading.Event()
        names = execute(without_end(notebook), parameters)
        try:
            for query in names["queries"]:
                while query.isActive and read_rows(query) < rows:
                    never.wait(0.2)
        finally:
            self.stop_queries()
        return {"queries": [self.ended(query) for query in names["queries"]]}

    def do_follow(self, notebook, parameters, progress, sources, static=()):
        """Run a notebook until its queries end, one fails, or it is told to stop.

        progress: a folder where each batch becomes a line, on the disk when its batch is told of.
        sources, static: as of `replay`; empty where the notebook reads what it names.
        """
        for file, folder in static:
            if not Path(folder, "_delta_log").exists():
                self.spark.read.parquet(file).write.format("delta").save(folder)
        from spark_progress import ProgressFile

        ended = ProgressFile(progress, self.spark)
        code = replaced(notebook, sources, sinks=True) if sources else notebook
        try:
            names = execute(without_end(code), parameters)
            self.send(event="running", queries=[query.name for query in names["queries"]])
            while not self.interrupted.wait(0.2):
                if not all(q.isActive or q.exception() is None for q in names["queries"]):
                    break
                if not any(q.isActive for q in names["queries"]):
                    break
            for query in names["queries"]:
                ended.stop_after_batch(query)
            failure = next(filter(None, (q.exception() for q in names["queries"])), None)
        finally:
            self.stop_queries()
            ended.close()
        if failure is not None:
            raise failure
        return {"interrupted": self.interrupted.is_set()}

    def watch(self, finished, seconds=0.5):
        """Send what each query has done since it was last looked at; stop queries when told to."""
        seen, known = {}, {}
        while True:
            last = finished.wait(seconds)
            known |= {query.name: query for query in self.spark.streams.active}
            for name, query in known.items():
                for progress in query.recentProgress:
                    if progress["batchId"] > seen.get(name, -1):
                        seen[name] = progress["batchId"]
                        self.send(event="progress", query=name, progress=shown(progress))
            if self.interrupted.is_set():
                self.stop_queries()
            if last:
                return

    def stop_queries(self):
        """Stop every query; each ends after the batch it is in."""
        for query in self.spark.streams.active:
            query.stop()

    def ended(self, query):
        """How a query ended. Raises what it failed with."""
        failure = None if self.interrupted.is_set() else query.exception()
        if failure is not None:
            raise failure
        progress = [shown(p) for p in query.recentProgress]
        return {"name": query.name, "progress": progress}

    def do_replay(
        self, notebook, parameters, sources, collect, phases, results, states=False, static=()
    ):
        """Run a notebook on given files: sources read folders, frames are collected as Arrow.

        sources: node → {frame, folder, schema, closing_us?}; `closing_us` is the time of a row that
        only watermarks see. collect: label → frame. phases: the notebook is started afresh for
        each; a phase is {live, steps}, a step a list of (from, to) file moves. static: Parquet
        files and the Delta folders they become, which the notebook reads beside its streams.
        """
        for file, folder in static:
            self.spark.read.parquet(file).write.format("delta").save(folder)
        code = replaced(notebook, sources)
        progress = []
        for phase in phases:
            if not phase["live"]:
                move(phase["steps"])
            names = execute(code, parameters)
            started = self.collectors(names, collect, parameters, results, phase["live"])
            try:
                if phase["live"]:
                    for step in phase["steps"]:
                        move([step])
                        for query in started:
                            query.processAllAvailable()
                else:
                    for query in started:
                        query.awaitTermination()
            finally:
                self.stop_queries()
            progress += [self.ended(query) for query in started]
        left = {label: self.state_rows(parameters, label) for label in collect} if states else {}
        return {"queries": progress, "states": left}

    def state_rows(self, parameters, label):
        """How many rows each state variable of a stopped query holds."""
        path = f"{parameters['checkpoints']}/{label}"
        (operator,) = self.spark.read.format("state-metadata").load(path).collect()
        variables = json.loads(operator["operatorProperties"])["stateVariables"]
        reader = self.spark.read.format("statestore")
        return {
            variable["stateName"]: reader.option("stateVarName", variable["stateName"])
            .load(path)
            .count()
            for variable in variables
            if not variable["stateName"].startswith("$")
        }

    def collectors(self, names, collect, parameters, results, live):
        """Start one query per collected frame; each batch becomes one Arrow file."""
        started = []
        for label, frame in collect.items():
            writer = names[frame].writeStream.queryName(label).outputMode("append")
            writer = writer.option("checkpointLocation", f"{parameters['checkpoints']}/{label}")
            writer = writer.foreachBatch(collector(f"{results}/{label}"))
            trigger = {"processingTime": "0 seconds"} if live else {"availableNow": True}
            started.append(writer.trigger(**trigger).start())
        return started

    def do_measure(self, notebook, parameters, sources, frame):
        """Run one frame of a notebook and throw its rows away; its progress and Spark's plans."""
        names = execute(replaced(notebook, sources), parameters)
        writer = names[frame].writeStream.format("noop").trigger(availableNow=True)
        writer = writer.option("checkpointLocation", f"{parameters['checkpoints']}/{frame}")
        query = writer.start()
        query.awaitTermination()
        return {**self.ended(query), "plan": query._jsq.explainInternal(True)}

    def do_benchmark(self, notebook, parameters, sources, frame, results=None):
        """Run one frame of a notebook, a file of each source per batch; keep its rows by batch.

        Without `results` they go nowhere.
        `cpu_s` of a batch: the processor seconds of this process and of all below it, from the
        batch before to the end of its work.
        """
        names = execute(replaced(notebook, sources), parameters)
        spent = []
        keep = collector(f"{results}/{frame}") if results else nowhere

        def batch(rows, batch_id):
            if self.interrupted.is_set():
                raise RuntimeError("interrupted")
            keep(rows, batch_id)
            spent.append(cpu_seconds())
            self.send(event="progress", query=frame, progress={"batchId": batch_id})

        writer = names[frame].writeStream.queryName(frame).outputMode("append").foreachBatch(batch)
        writer = writer.option("checkpointLocation", f"{parameters['checkpoints']}/{frame}")
        began = cpu_seconds()
        query = writer.trigger(availableNow=True).start()
        query.awaitTermination()
        ended = self.ended(query)
        spent = [after - before for before, after in zip([began, *spent], spent)]
        return {**ended, "cpu_s": spent, "state_bytes": state_bytes(query)}

    def do_backtest(self, notebook, parameters, scratch, **asked):
        """Run a notebook over history to its end: see `spark_history`, the file beside this one."""
        from spark_history import Backtest, Folder

        watching = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(watching,), daemon=True)
        watcher.start()
        try:
            code = replaced(notebook, asked["sources"])
            return Backtest(Folder(self, code, parameters, scratch), **asked).run()
        finally:
            self.stop_queries()
            watching.set()
            watcher.join()

    def do_newest(self, output, **asked):
        """The newest records of topics, as a source gives them: see `spark_topics` beside this."""
        from spark_topics import newest

        return newest(self.spark, output, **asked)

    def do_sql(self, text, output=None):
        """Run a statement; its rows as an Arrow file, or as plain values."""
        rows = self.spark.sql(text)
        if output:
            write_arrow(rows, output)
            return None
        return [row.asDict(recursive=True) for row in rows.collect()]


def start_jvm(command, kept=()):
    """Start Spark's gateway as `spark-submit` would, without the JVM that works out the command."""
    from pyspark.serializers import UTF8Deserializer, read_int

    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "gateway"
        # Without SPARK_HOME, workers import pyspark from where it is installed and compiled, and
        # not from a zip file of its sources.
        env = {**os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(note), "SPARK_CONNECT_MODE": "0"}
        # The JVM ends when this pipe closes.
        jvm = subprocess.Popen(command, stdin=subprocess.PIPE, env=env, pass_fds=kept)
        while not note.exists():
            if jvm.poll() is not None:
                raise RuntimeError(f"the JVM has ended with code {jvm.returncode}")
            time.sleep(0.02)
        with note.open("rb") as info:
            os.environ["PYSPARK_GATEWAY_PORT"] = str(read_int(info))
            os.environ["PYSPARK_GATEWAY_SECRET"] = UTF8Deserializer().loads(info)
    return jvm


def execute(code, parameters, stop_early=None):
    """Execute a notebook's text; returns its names."""
    arguments = [f"--{name}={value}" for name, value in parameters.items()]
    names = {"__name__": "__main__"}
    sys.argv = ["notebook.py", *arguments]
    if stop_early is not None:
        code = without_end(code)
    exec(compile(code, "notebook.py", "exec"), names)
    if stop_early is not None:
        while not stop_early.wait(0.2) and any(q.isActive for q in names["queries"]):
            pass
    return names


def without_end(notebook):
    """The notebook without the line that waits for its queries."""
    return re.sub(r"\nawait_queries\(\)\s*$", "\n", notebook)


def replaced(notebook, sources, sinks=False):
    """The notebook with other sources, and without sinks unless they are asked for. The rest stays
    as it is, but that what a watermark is declared on goes on without the closing row."""
    closing_us = next((s["closing_us"] for s in sources.values() if "closing_us" in s), None)
    cells = []
    for cell in notebook.split(f"\n{CELL_MARK}\n"):
        mark = next((line for line in cell.splitlines() if line.startswith(NODE_MARK)), "")
        node = mark.removeprefix(NODE_MARK)
        tree = ast.parse(cell)
        declared = [s for s in tree.body if declares_watermark(s)]
        if node in sources:
            source = sources[node]
            read = source.get("read") or (
                f"{source['frame']} = spark.readStream.schema({source['schema']!r})"
                f".option('maxFilesPerTrigger', 1).parquet({source['folder']!r})"
            )
            cells += [read, *map(ast.unparse, declared)]
        elif not sinks and any(is_write(statement) for statement in tree.body):
            continue
        else:
            cells.append(cell)
        if closing_us is not None:
            cells += [without_closing(statement, closing_us) for statement in declared]
    return without_end("\n\n".join(cells) + "\n")


def declares_watermark(statement):
    """Whether a statement is `frame = frame.withWatermark(…)…`."""
    if not isinstance(statement, ast.Assign):
        return False
    frame = ast.unparse(statement.targets[0])
    return ast.unparse(statement.value).startswith(f"{frame}.withWatermark(")


def without_closing(declaration, closing_us):
    """The statement after a watermark's declaration that hides the closing row from what follows.

    Nothing moves below the observation in the declaration: the watermark sees all rows.
    """
    called = (n for n in ast.walk(declaration) if isinstance(n, ast.Call))
    named = next(n for n in called if getattr(n.func, "attr", "") == "withWatermark").args[0]
    frame, column = ast.unparse(declaration.targets[0]), named.value.replace("`", "``")
    kept = f"`{column}` IS NULL OR `{column}` <> timestamp_micros({closing_us})"
    return f"{frame} = {frame}.where({kept!r})"


def is_write(statement):
    """Whether a statement starts a sink's query."""
    value = getattr(statement, "value", None)
    name = getattr(getattr(value, "func", None), "id", "")
    return isinstance(value, ast.Call) and name in WRITES


WRITES = (
    *("write_table", "merge_table", "write_files", "write_kafka", "send_alerts"),
    *("write_feature_table", "write_postgres", "write_warehouse"),
    "await_queries",
)


def move(steps):
    """Make files visible to their source, in order: the file source goes by their times."""
    for step in steps:
        for origin, target in step:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(origin).rename(target)


def collector(prefix):
    """A foreachBatch function. A batch that is run again overwrites its file."""

    def collect(rows, batch_id):
        write_arrow(rows, f"{prefix}-{batch_id:06d}.arrow")

    return collect


def write_arrow(rows, path):
    """Write a DataFrame's rows as an Arrow file."""
    import pyarrow as pa

    table = rows.toArrow()
    with pa.OSFile(f"{path}.part", "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    Path(f"{path}.part").rename(path)


def shown(progress):
    """The parts of a query progress that say something to its user."""
    told = json.loads(progress.json) if hasattr(progress, "json") else progress
    parts = {name: told[name] for name in SHOWN if name in told}
    dropped = [s.get("numRowsDroppedByWatermark", 0) for s in told.get("stateOperators", [])]
    return parts | {"droppedByWatermark": sum(dropped)}


def cpu_seconds():
    """What this process and all below it have used so far."""
    import psutil

    total = 0.0
    here = psutil.Process()
    for process in [here, *here.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def state_bytes(query):
    """Bytes of state that a query's last batch has left, by operator."""
    last = query.recentProgress[-1] if query.recentProgress else None
    operators = json.loads(last.json)["stateOperators"] if hasattr(last, "json") else []
    return [operator["memoryUsedBytes"] for operator in operators]


def nowhere(rows, _batch_id):
    """A foreachBatch function that computes all rows and keeps none."""
    rows.write.format("noop").mode("overwrite").save()


def read_rows(query):
    """How many rows a query has read."""
    return sum(progress["numInputRows"] for progress in query.recentProgress)


def sentence(error):
    """What an error says in a line: where that only begins a traceback, what ended it, too."""
    first, *more = (str(error) or type(error).__name__).splitlines()
    if first.endswith("Traceback (most recent call last):"):
        first += " … " + " ".join([line for line in more if line[:1].strip()][:2])
    return first[:2000]


def main():
    """Answer requests, one line of JSON each, until the input ends."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    child, requests = Child(events), queue.Queue()
    threading.Thread(target=child.read, args=(sys.stdin, requests), daemon=True).start()
    child.serve(requests)


if __name__ == "__main__":
    main()
