"""What Spark reports of each batch, kept on disk. Loaded by `spark_child`, and by nothing else."""
# mypy: ignore-errors

import os
import time
from pathlib import Path


class ProgressFile:
    """Writes what Spark reports of each batch to files of a folder, a line each.

    A line is on the disk when the call that reports it returns. After some lines there is a new
    file, so that who reads them can delete the old ones.
    """

    LINES = 1000

    def __init__(self, folder, spark):
        from pyspark.sql.streaming.listener import StreamingQueryListener

        told = self

        class Listener(StreamingQueryListener):
            def onQueryStarted(self, event):  # noqa: N802
                pass

            def onQueryProgress(self, event):  # noqa: N802
                told.write(event.progress)

            def onQueryIdle(self, event):  # noqa: N802
                pass

            def onQueryTerminated(self, event):  # noqa: N802
                pass

        self.folder, self.spark, self.lines = folder, spark, 0
        self.prefix = f"{time.time_ns():020d}"
        self.seen = {}
        self.listener = Listener()
        Path(folder).mkdir(parents=True, exist_ok=True)
        spark.streams.addListener(self.listener)

    def write(self, progress):
        """Append a line and wait for the disk."""
        path = f"{self.folder}/{self.prefix}-{self.lines // self.LINES:06d}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, (" ".join(progress.json.split("\n")) + "\n").encode())
            os.fsync(file)
        finally:
            os.close(file)
        self.lines += 1
        self.seen[progress.name] = progress.batchId

    def stop_after_batch(self, query):
        """Stop a query when the batch it is in has ended; between batches at once."""
        before = self.seen.get(query.name)
        while query.isActive and query.status["isTriggerActive"]:
            if self.seen.get(query.name) != before:
                break
            time.sleep(0.05)
        if query.isActive:
            query.stop()

    def close(self):
        """Wait for what is still to be reported."""
        self.spark._jsc.sc().listenerBus().waitUntilEmpty()
        self.spark.streams.removeListener(self.listener)
