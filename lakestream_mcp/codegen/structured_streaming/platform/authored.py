"""How an author's function becomes a column, and a data source a frame."""
# mypy: ignore-errors
# ruff: noqa: N812, F821

import datetime

from pyspark.sql import functions as F


# --- carried ---
def row_column(function, names, inputs, output, returns, on_error):
    """A column that a function of values computes, row by row."""
    # Not by Arrow: whole numbers and nested values come as they are.
    made = F.udf(row_function(function, inputs, output, on_error), returns, useArrow=False)
    return made(*(F.col(quoted(name)) for name in names))


def series_column(function, names, inputs, output, returns, on_error):
    """A column that a function of Series computes, batch by batch.

    Values go with a column that says where they are NULL, and times as microseconds: by itself
    Spark would turn whole numbers with a NULL among them into floats, and times into local ones.
    """
    call = series_function(function, inputs, output, on_error)
    timed = returns in ("timestamp", "timestamp_ntz")

    def batch(*columns: pd.Series) -> pd.Series:
        answers = call(*columns)
        if timed:
            answers = [a if a is None else microseconds(a) for a in answers]
        return pd.Series(answers, dtype=object)

    made = F.pandas_udf(batch, "bigint" if timed else returns)
    column = made(*(part for pair in zip(names, inputs) for part in series_parts(*pair)))
    return F.timestamp_micros(column).cast(returns) if timed else column


def series_parts(name, kind):
    """A column's values without NULL where dtypes cannot hold it, and where it is NULL."""
    column = F.col(quoted(name))
    missing = column.isNull()
    if kind in ("timestamp", "timestamp_ntz"):
        column = F.unix_micros(column.cast("timestamp"))
    if kind in ("boolean", "tinyint", "smallint", "int", "bigint", "timestamp", "timestamp_ntz"):
        whole = "bigint" if kind.startswith("timestamp") else kind
        column = F.coalesce(column, F.lit(0).cast(whole))
    return column, missing


def microseconds(moment):
    """A time as microseconds since 1970 in UTC."""
    zone = datetime.UTC
    start = datetime.datetime(1970, 1, 1, tzinfo=zone)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return (aware - start) // datetime.timedelta(microseconds=1)


def read_python_source(source, name, schema, options):
    """Rows of an author's DataSource, registered under a name that no other has."""
    source.name = classmethod(lambda _: name)
    spark.dataSource.register(source)
    return spark.readStream.format(name).options(**options).schema(schema).load()
