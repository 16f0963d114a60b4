"""MQTT as a data source in Python: messages are kept in files before they are acknowledged."""
# mypy: ignore-errors
# ruff: noqa: F821, N802

import os
from pathlib import Path

from pyspark.sql.datasource import DataSource, SimpleDataSourceStreamReader


# --- carried ---
def read_mqtt(node, options):
    """Messages of an MQTT subscription: topic, payload, qos, retained and received_at."""
    if TRIGGER == "available now":
        raise ValueError("messages have no end: give the parameter `trigger` an interval")
    spark.dataSource.register(MqttSource)
    # Its own folder: what is acknowledged and not yet read lives here alone.
    spool = f"{checkpoint(node)}_messages"
    return spark.readStream.format("lakestream_mqtt").options(**options, spool=spool).load()


class MqttSource(DataSource):
    """A subscription as a source of rows."""

    @classmethod
    def name(cls):
        return "lakestream_mqtt"

    def schema(self):
        return "topic string, payload binary, qos int, retained boolean, received_at timestamp"

    def simpleStreamReader(self, schema):
        return MqttReader(self.options)


class MqttReader(SimpleDataSourceStreamReader):
    """Reads messages; one per query, in a process of its own beside the driver."""

    def __init__(self, options):
        self.options = options
        self.client = self.lock = self.failure = None

    def initialOffset(self):
        return {"number": 0}

    def read(self, start):
        self.connect()
        if self.failure is not None:
            raise ConnectionError(f"MQTT: {self.failure}")
        most = int(self.options.get("maxRecordsPerBatch", 2**62))
        with self.lock:
            end = min(self.next, start["number"] + most)
        return self.rows(start["number"], end), {"number": end}

    def readBetweenOffsets(self, start, end):
        return self.rows(start["number"], end["number"])

    def commit(self, end):
        for path in self.files()[:-1]:
            if int(path.stem) + self.count(path) <= end["number"]:
                path.unlink()

    def files(self):
        """Files of messages in order; each is named by the number of its first."""
        folder = Path(self.options["spool"].removeprefix("file:"))
        folder.mkdir(parents=True, exist_ok=True)
        return sorted(folder.glob("*.jsonl"))

    def opened(self):
        """A new file, which the next message is the first of; one that is there holds none."""
        folder = Path(self.options["spool"].removeprefix("file:"))
        return (folder / f"{self.next:020d}.jsonl").open("wb")

    def count(self, path):
        """How many whole messages a file holds: the last line may be cut off."""
        return path.read_bytes().count(b"\n")

    def rows(self, start, end):
        """The messages of some numbers."""
        import base64
        import datetime as dt
        import json

        found = []
        for path in self.files():
            number = int(path.stem)
            for line in path.read_bytes().split(b"\n")[:-1]:
                if start <= number < end:
                    topic, payload, qos, retained, at = json.loads(line)
                    time = dt.datetime.fromisoformat(at)
                    found.append((topic, base64.b64decode(payload), qos, retained, time))
                number += 1
        return iter(found)

    def connect(self):
        """Subscribe, once; the client connects again by itself."""
        import threading

        if self.client is not None:
            return
        try:
            from paho.mqtt import client as mqtt
        except ImportError as error:
            raise ImportError("install paho-mqtt: `%pip install paho-mqtt==2.2.0`") from error
        self.lock = threading.Lock()
        known = self.files()
        self.next = int(known[-1].stem) + self.count(known[-1]) if known else 0
        self.file = self.opened()
        given = self.options
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=given["clientId"],
            clean_session=False,
            manual_ack=True,
        )
        if "username" in given:
            self.client.username_pw_set(given["username"], given["password"])
        if given["tls"] == "true":
            self.client.tls_set()
        self.client.on_connect, self.client.on_message = self.connected, self.kept
        self.client.connect(given["host"], int(given["port"]))
        self.client.loop_start()

    def connected(self, client, data, flags, reason, properties):
        """Subscribe anew with every connection, and remember a refusal."""
        if reason.is_failure:
            self.failure = str(reason)
            return
        self.failure = None
        for topic in self.options["topics"].split("\n"):
            client.subscribe(topic, int(self.options["qos"]))

    def kept(self, client, data, message):
        """Write a message down, then acknowledge it."""
        import base64
        import datetime as dt
        import json

        at = dt.datetime.now(dt.UTC).isoformat()
        payload = base64.b64encode(message.payload).decode()
        parts = [message.topic, payload, message.qos, bool(message.retain), at]
        with self.lock:
            self.file.write(json.dumps(parts).encode() + b"\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            self.next += 1
            if self.next % 10_000 == 0:
                self.file.close()
                self.file = self.opened()
        client.ack(message.mid, message.qos)
