"""How services are called."""
# mypy: ignore-errors
# ruff: noqa: N812, F821, PLR0911

import datetime
import decimal
import http.client
import json
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import functions as F


# --- carried ---
class EndpointError(RuntimeError):
    """A serving endpoint gave no answer, or one that cannot be used."""


def endpoint_access(token=None):
    """The workspace's address, and the header that lets in: by the token given, or the runtime's.

    On a local Spark the parameter `databricks_host` or the environment has the address, as
    DATABRICKS_HOST, and the environment has the token, as DATABRICKS_TOKEN.
    """
    if RUNTIME == "databricks":
        from databricks.sdk import WorkspaceClient

        config = WorkspaceClient().config
        host, headers = config.host, config.authenticate() if token is None else {}
    else:
        token = token or os.environ.get("DATABRICKS_TOKEN", "")
        host, headers = parameter("databricks_host", os.environ.get("DATABRICKS_HOST", "")), {}
    return host.rstrip("/"), {"Authorization": f"Bearer {token}", **headers}


class Endpoint:
    """A serving endpoint, asked for the predictions of some rows at a time.

    on_error: `fail`, or `fallback`: then the rows of a request without a usable answer have that
    value, and so has a row whose prediction is of another type.
    """

    def __init__(self, access, name, output, returns, timeout_s, retries, on_error, fallback=None):
        self.url = f"{access[0]}/serving-endpoints/{name}/invocations"
        self.headers = access[1]
        self.output, self.returns = output, returns
        self.timeout_s, self.retries = timeout_s, retries
        self.fails = on_error == "fail"
        self.instead = json.dumps({"v": fallback})

    def predictions(self, rows):
        """An answer for each row, as JSON."""
        body = f'{{"dataframe_records": [{",".join(rows)}]}}'.encode()
        try:
            answer = called(self.url, self.headers, body, self.timeout_s, self.retries)
            found = predictions_of(answer, len(rows))
        except EndpointError:
            if self.fails:
                raise
            return [self.instead] * len(rows)
        return [self.prediction(value) for value in found]

    def prediction(self, value):
        """One prediction, exactly of its type."""
        try:
            fitting = settled(from_json(value, self.output), self.output, "it")
            return json.dumps({"v": fitting}, default=body_text)
        except (ValueError, TypeError, ArithmeticError) as error:
            if self.fails:
                raise EndpointError(f"a prediction is not {self.returns}: {error}") from None
            return self.instead


def endpoint_column(endpoint, inputs, batch_rows, concurrency):
    """A column of an endpoint's predictions for columns with their types.

    Rows go in requests of `batch_rows`, `concurrency` of them at a time.
    """

    def answers(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        with ThreadPoolExecutor(concurrency) as pool:
            for batch in batches:
                rows = batch.tolist()
                parts = [rows[n : n + batch_rows] for n in range(0, len(rows), batch_rows)]
                found = pool.map(endpoint.predictions, parts)
                yield pd.Series([answer for part in found for answer in part], dtype=object)

    # Each row is asked for once: Spark computes what it takes for deterministic as often as it is
    # used, and below filters that would have dropped the row.
    made = F.pandas_udf(answers, "string").asNondeterministic()
    row = F.struct(*(endpoint_input(*each).alias(each[0]) for each in inputs))
    answer = made(F.to_json(row, {"ignoreNullFields": "false"}))
    return F.from_json(answer, f"v {endpoint.returns}")["v"]


def endpoint_input(name, kind):
    """A column as JSON has it: NaN is null."""
    column = F.col(quoted(name))
    return F.nanvl(column, F.lit(None).cast(kind)) if kind in ("float", "double") else column


def called(url, headers, body, timeout_s, retries):
    """What a service answers. Whoever is busy, fails or is silent is asked again, ever later."""
    reason = ""
    for attempt in range(retries + 1):
        wait_s = min(30.0, 0.5 * 2**attempt) * random.uniform(0.5, 1)
        request = urllib.request.Request(
            url, body, {**headers, "Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code}: {error.read(300)!r}"
            if error.code != 429 and error.code < 500:
                raise EndpointError(reason) from None
            asked = seconds_asked(error.headers.get("Retry-After"), time.time())
            wait_s = wait_s if asked is None else max(wait_s, min(60.0, asked))
        except (OSError, http.client.HTTPException) as error:
            reason = f"{type(error).__name__}: {error}"
        if attempt < retries:
            time.sleep(wait_s)
    raise EndpointError(f"no answer after {retries + 1} attempts: {reason}")


def predictions_of(answer, count):
    """The predictions of an answer, one per row."""
    try:
        found = json.loads(answer)["predictions"]
    except (ValueError, TypeError, KeyError) as error:
        raise EndpointError(f"the answer holds no predictions: {error!r:.100}") from None
    if not isinstance(found, list) or len(found) != count:
        size = len(found) if isinstance(found, list) else type(found).__name__
        raise EndpointError(f"{size} predictions for {count} rows")
    return found


def body_text(value):
    """A time or a decimal as text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def from_json(value, kind):
    """A value of JSON as Python has it for a type; what does not fit stays as it is."""
    if value is None:
        return None
    if isinstance(kind, str):
        return scalar_from_json(value, kind)
    if kind[0] == "decimal":
        return decimal.Decimal(str(value))
    if kind[0] == "array" and isinstance(value, list):
        return [from_json(item, kind[1]) for item in value]
    if kind[0] == "map" and isinstance(value, dict):
        return {key: from_json(item, kind[2]) for key, item in value.items()}
    if kind[0] == "struct" and isinstance(value, dict):
        types = dict(kind[1])
        return {name: from_json(item, types.get(name, "string")) for name, item in value.items()}
    return value


def scalar_from_json(value, kind):
    """A number, a truth value or a text of JSON."""
    if isinstance(value, float) and kind in INTEGER_RANGES and value.is_integer():
        return int(value)
    if isinstance(value, float) and abs(value) == float("inf"):
        raise ValueError("a number that is not finite")
    if isinstance(value, str) and kind == "date":
        return datetime.date.fromisoformat(value)
    if isinstance(value, str) and kind in ("timestamp", "timestamp_ntz"):
        return datetime.datetime.fromisoformat(value)
    return value
