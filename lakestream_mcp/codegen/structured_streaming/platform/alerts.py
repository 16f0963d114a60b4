"""How messages are sent: one connection per partition, a log of deliveries, nothing collected."""
# mypy: ignore-errors
# ruff: noqa: N812, F821

import base64
import datetime as dt
import email.message
import hashlib
import http.client
import random
import smtplib
import ssl
import time
import urllib.parse

from pyspark.sql import functions as F

# --- carried ---
DELIVERIES = (
    "sink string, id string, status string, tries int, error string, row string, batch bigint, "
    "at timestamp"
)


class HttpEndpoint:
    """A server that takes JSON by HTTP.

    login: a token, or user and password. extra: what is put into every message, such as a key.
    """

    def __init__(self, url, method="POST", headers=None, login=None, extra=None, timeout_s=10.0):
        self.url = urllib.parse.urlsplit(url)
        if self.url.scheme not in ("http", "https") or not self.url.hostname:
            raise ValueError("the address of an alert starts with https:// and names a host")
        self.method = method
        self.headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        login = login or {}
        if "token" in login:
            self.headers["Authorization"] = "Bearer " + login["token"]
        elif login:
            pair = f"{login['user']}:{login['password']}".encode()
            self.headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        self.extra = extra or {}
        self.timeout_s = timeout_s

    def open(self):
        """Forget the connection; the next message makes one."""
        self.connection = None

    def close(self):
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def connected(self):
        """The open connection, or a new one."""
        if self.connection is None:
            host, port = self.url.hostname, self.url.port
            if self.url.scheme == "https":
                context = ssl.create_default_context()
                self.connection = http.client.HTTPSConnection(
                    host, port, timeout=self.timeout_s, context=context
                )
            else:
                self.connection = http.client.HTTPConnection(host, port, timeout=self.timeout_s)
        return self.connection

    def send(self, message_id, message):
        """One try. Servers that keep the key take a message that is sent again once."""
        body = {**message, **self.extra} if isinstance(message, dict) else message
        target = urllib.parse.urlunsplit(("", "", self.url.path or "/", self.url.query, ""))
        headers = {"Idempotency-Key": message_id, **self.headers}
        try:
            connection = self.connected()
            connection.request(self.method, target, json_text(body).encode(), headers)
            answer = connection.getresponse()
            text = answer.read(2000).decode("utf-8", "replace")
            if not answer.isclosed():  # the rest of a long answer is not waited for
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return ServerReply(None, f"{type(error).__name__}: {error}", None, True)
        retry_after = answer.getheader("Retry-After")
        return ServerReply(answer.status, text, retry_after, answer.status in HTTP_RETRIED)


class SmtpEndpoint:
    """A mail server. security: `starttls`, `tls` from the start, or `none`."""

    def __init__(self, host, port, security, user=None, password=None, timeout_s=10.0):
        self.host, self.port, self.security = host, port, security
        self.user, self.password, self.timeout_s = user, password, timeout_s

    def open(self):
        """Forget the connection; the next message makes one."""
        self.server = None

    def close(self):
        """End the connection."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def connected(self):
        """A connection that is logged in."""
        if self.server is None:
            context = ssl.create_default_context()
            if self.security == "tls":
                server = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout_s, context=context
                )
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
            self.server = server
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user is not None:
                server.login(self.user, self.password)
        return self.server

    def send(self, message_id, message):
        """One try. A mail that is sent again has the same Message-ID."""
        mail = email.message.EmailMessage()
        mail["From"], mail["To"] = message["from"], ", ".join(message["to"])
        mail["Subject"] = message["subject"]
        mail["Message-ID"] = f"<{message_id.encode().hex()[:128]}@lakestream>"
        mail["Date"] = dt.datetime.now(dt.timezone.utc)  # noqa: UP017
        mail.set_content(message["body"])
        try:
            refused = self.connected().send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            return ServerReply(max(codes), str(error.recipients), None, max(codes) < 500)
        except smtplib.SMTPResponseException as error:
            self.close()
            code, said = error.smtp_code, error.smtp_error
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            return ServerReply(code, text, None, 400 <= code < 500 or code == -1)
        except smtplib.SMTPNotSupportedError as error:
            self.close()
            return ServerReply(None, str(error), None, False)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return ServerReply(None, f"{type(error).__name__}: {error}", None, True)
        note = f"refused: {refused}" if refused else None
        return ServerReply(250, "", None, False, note)


def send_alerts(
    frame,
    query,
    message,
    endpoint,
    log_table,
    summary=None,
    id_column=None,
    remember_s=604800,
    max_per_minute=60,
    over_limit="wait",
    connections=1,
    **sending,
):
    """Send a message for each row, at least once; what became of it is in the log of deliveries.

    Ids that the log calls sent within `remember_s` are not sent again. Of a batch that is run again
    because it ended before its log was written, messages may be sent twice. summary: makes the
    message that says how many were held back.
    """
    empty = spark.createDataFrame([], DELIVERIES)
    # Delta keeps writers of different partitions apart, though each reads what it has sent before.
    create_table(empty, log_table, None, ("sink",), ())
    sink = f"{query}-{hashlib.sha256(checkpoint(query).encode()).hexdigest()[:12]}"
    message_id = F.sha2(F.to_json(F.struct(*map(quoted, frame.columns))), 256)
    if id_column is not None:
        message_id = F.coalesce(F.col(quoted(id_column)).cast("string"), message_id)
    pace_s = 60.0 * connections / max_per_minute if over_limit == "wait" else None

    def deliver(rows, batch_id):
        known, recent = sent_before(rows.sparkSession, log_table, sink, remember_s)
        allowed = -(-max(max_per_minute - recent, 0) // connections)
        labels = {"sink": sink, "batch": batch_id}
        pace = {**sending, "allowed": allowed, "pace_s": pace_s}
        rows = rows.withColumn("lakestream_id", message_id).dropDuplicates(["lakestream_id"])
        rows = rows.join(known, "lakestream_id", "left_anti").repartition(connections)

        def partition(batches):
            yield from sent_partition(batches, message, endpoint, labels, summary, pace)

        append_rows(rows.mapInArrow(partition, DELIVERIES), log_table)

    return started(frame.writeStream.outputMode("append").foreachBatch(deliver), query)


def append_rows(rows, name):
    """Append the rows of a batch to a Delta table."""
    writer = rows.write.format("delta").mode("append")
    if RUNTIME == "databricks":
        writer.saveAsTable(quoted_name(name))
    else:
        writer.save(local_folder(name))


def sent_before(session, log_table, sink, remember_s):
    """Ids that a sink has sent within some time, and how many in the last minute."""
    if RUNTIME == "databricks":
        log = session.read.table(quoted_name(log_table))
    else:
        log = session.read.format("delta").load(local_folder(log_table))
    past = F.unix_timestamp(F.current_timestamp()) - F.unix_timestamp("at")
    sent = log.where((F.col("sink") == sink) & (F.col("status") == "sent"))
    known = sent.where(past <= remember_s).select(F.col("id").alias("lakestream_id"))
    return known, sent.where(past < 60).count()


def sent_partition(batches, message, endpoint, labels, summary, sending):
    """Send the rows of one partition by one connection; yields the log of each batch of rows."""
    endpoint.open()
    try:
        sender = AlertSender(endpoint.send, time.sleep, random.random, time.time, **sending)
        for batch in batches:
            rows = batch.to_pylist()
            yield log_batch([sent_row(row, message, sender) for row in rows], labels)
        if summary is not None and sender.held:
            yield log_batch([sent_summary(summary, sender, labels)], labels)
    finally:
        endpoint.close()


def sent_row(row, message, sender):
    """Send a row's message; its part of the log, with the row unless it was sent."""
    message_id = row.pop("lakestream_id")
    try:
        status, tries, error = sender.deliver(message_id, message(message_id, row))
    except Exception as failure:  # noqa: BLE001  one message must not end the stream
        status, tries, error = "failed", 0, f"{type(failure).__name__}: {failure}"
    kept = None if status == "sent" else json_text(plain_json(row))
    return {"id": message_id, "status": status, "tries": tries, "error": error, "row": kept}


def sent_summary(summary, sender, labels):
    """Say how many messages were held back, in one that no limit holds."""
    message_id = f"held back in batch {labels['batch']} of {labels['sink']}"
    said = summary(message_id, {"count": sender.held})
    status, tries, error = sender.tried(message_id, said)
    return {"id": None, "status": f"summary {status}", "tries": tries, "error": error, "row": None}


def log_batch(entries, labels):
    """Entries of the log as an Arrow batch."""
    import pyarrow as pa

    text, moment = pa.string(), pa.timestamp("us", tz="UTC")
    kinds = [text, text, text, pa.int32(), text, text, pa.int64(), moment]
    names = [column.split(" ")[0] for column in DELIVERIES.split(", ")]
    now = dt.datetime.now(dt.timezone.utc)  # noqa: UP017
    rows = [{**entry, **labels, "at": now} for entry in entries]
    schema = pa.schema(list(zip(names, kinds)))
    return pa.RecordBatch.from_pylist(rows, schema=schema)
